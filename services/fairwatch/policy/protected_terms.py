# ruff: noqa: RUF001, E501 - the words are in the languages and alphabets of the formats
"""The one list of attributes that Fairwatch never carries, in the spellings of the formats that it speaks.

Three strengths, since a short word hides in innocent ones (`race` in `trace`, `nation` in `combination`):

* STEMS    protected wherever they occur in a name, however it is written;
* WORDS    protected as a word of their own in a camelCase, snake_case or spaced name;
* NAMES    protected as the whole name, compared in lower case without separators.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Long enough, or odd enough, to occur in no innocent name.
STEMS = _words("""
    ethnic religio nationalit skincolo skincolour skintone complexion hijab niqab burqa burka headscar headkerch
    kerchief yarmulke accentcode criminal victim terroris detain detention escapee corpse nativecity
    nativeplace homeprovince politicalstatus politicalaffil politicalpart politicalface sexualorient tradeunion
    maritalstat facialexpress faceexpress citizenid identitycard identityno identitynumber passport
    socialsecurity certificatenum vaccinat nucleicacid healthcode suspiciousperson suspectedperson
    emotionrecog faceemotion facialemotion personemotion dominantemotion featureinfoobject featuredata
    featurevector faceembedding facetemplate facefeature facetoken biometrictemplate disabilit ethnie hautfarbe
    staatsangeh nacionalidad nationalité nacionalidade etnia couleurdepeau национальност религи этнич эмоци
    民族 种族 族裔 人种 肤色 膚色 宗教 信仰 口音 国籍 國籍 籍贯 籍貫 政治面貌 党派 健康码 健康状况 残疾 表情 情绪 情緒 微笑 婚姻 头巾 頭巾 面纱 身份证 身份證 证件号 姓名 曾用名 护照 犯罪
    嫌疑 受害 涉恐 涉案 在逃 前科 被拘 可疑人员 是否可疑
""")

# As a word of its own anywhere in the name: FaceRace, race_confidence, primary-race.
WORDS = frozenset(
    _words("""
    ethic race races racial religion religious faith belief accent nation tribe caste minority turban veil
    chador kippa kippah раса emotion emotions emotional mood sentiment smile smiling crime crimes marital complexion hijab
    foreigner raza rasse
""")
)

# The whole name.
NAMES = frozenset(
    _words("""
    skin expression expressions expressiontype express emotionscore anger contempt disgust fear happiness
    sadness surprise joylikelihood sorrowlikelihood angerlikelihood surpriselikelihood issmile smilescore
    smilelevel ethiccode ethnicgroup nationalitycode nativecitycode residenceadmindivision chineseaccentcode
    skincolor isforeigner immigranttypecode passporttype facestyle facialfeature physicalfeature bodyfeature
    eyebrowstyle nosestyle lipstyle mustachestyle wrinklepouch acnestain frecklebirthmark scardimple
    otherfeature bodytype bodyshape hometown birthplace placeofbirth hukou issuspectedterrorist
    suspectedterroristnumber iscriminalinvolved criminalinvolvedspecilisationcode
    criminalinvolvedspecialisationcode bodyspeciallmark bodyspecialmark crimemethod crimecharactercode
    escapedcriminalnumber isdetainees detentionhousecode detaineesidentity detaineesspecialidentity
    membertypecode isvictim victimtype injureddegree corpseconditioncode issuspiciousperson issuspicious
    personstatus idtype idnumber idno certificateno certificatetype certificatecode certnum certno certtype
    documentnumber usedname realname personname personalias credentialholdername fullname firstname lastname surname givenname jobcategory
    personorg occupation familyaddress homeaddress maritalstatus collectorname collectorid collectoridtype
    collectororg entryclerk entryclerkid entryclerkidtype entryclerkorg birth birthday birthdate dateofbirth
    borntime bornday ssn righteyepatch lefteyepatch additionalfeatures bodytemperature facetemperature
    skintemperature foreheadtemperature currtemperature isabnomaltemperature isabnormaltemperature
    political disease pregnant healthstatus personhealth idcard idcardno idcardnum idcardnumber idcardtype featurelist featureinfo featureinfolist embedding embeddings resultfeaturedeclare
""")
)

# Only in a GA/T 1400 face or person: elsewhere a name is a zone's, a status a device's.
PERSON_RECORD_ONLY = frozenset({"name", "alias", "status"})

# Parts of a face that ONVIF describes one by one; together they stand in for origin.
FACE_PARTS = frozenset({"eye", "eyelid", "eyebrow", "nose", "lip", "chin", "ear", "facialshape", "temperature"})

# A nation belongs to a person unless the name, or what encloses it, speaks of a plate or a vehicle.
NATION_TERMS = ("nation", "国籍", "國籍")
VEHICLE_MARKS = ("plate", "vehicle", "anpr", "lpr", "license", "licence", "车牌", "号牌", "车辆")
PERSON_MARKS = ("person", "face", "human", "pedestrian", "people", "人脸", "人员", "行人")

SOFT_BIOMETRICS = frozenset(
    _words("""
    age ages ageyears agegroup agerange agelevel ageuplimit agelowerlimit agemin agemax minage maxagelimit estimatedage
    faceage personage gender gendercode sex genders gendertype sexcode facegender persongender 性别 性別 年龄 年齡 年龄段
""")
)

SECRETS = frozenset(
    _words("""
    password passwd pwd userpassword passphrase secret clientsecret apikey accesstoken privatekey authorization
""")
)

# Values that give away what the attribute's name does not: a head covering in a list of classes or accessories.
PROXY_VALUES = ("hijab", "niqab", "burqa", "burka", "headscar", "headkerch", "kerchief", "yarmulke")
PROXY_VALUE_WORDS = frozenset({"turban", "veil", "chador", "kippa", "kippah", "头巾", "面纱"})
