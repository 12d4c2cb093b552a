# ruff: noqa: SIM905 - word lists read better as text
"""Every field and wrapper name of GA/T 1400.3, so that dialects in other cases and wrappers read as one."""

from functools import lru_cache
from typing import Final

# As the standard spells them, its misspellings included.
FIELDS: Final = frozenset(
    """
ApeID ApsID Name Model IPAddr IPV6Addr Port Longitude Latitude PlaceCode Place OrgCode CapDirection MonitorDirection
MonitorAreaDesc IsOnline OwnerApsID UserId Password FunctionType PositionType CurrentTime TollgateID Status TollgateCat
TollgateUsage LaneNum ActiveTime LaneId LaneNo Direction Desc MaxSpeed CityPass ImageID EventSort DeviceID StoragePath
Type FileFormat ShotTime Width Height Data FeatureInfoObject Vendor AlgorithmVersion FeatureData FileSize InfoKind
ImageSource SourceVideoID OriginImageID FileHash Title TitleNote SpecialIName SpecialName Keyword ContentDescription
SubjectCharacter ShotPlaceCode ShotPlaceFullAdress ShotPlaceLongitude ShotPlaceLatitude HorizontalShotDirection
VerticalShotDirection SecurityLevel CameraManufacturer CameraVersion ApertureValue ISOSensitivity FocalLength
QualityGrade CollectorName CollectorOrg CollectorIDType CollectorID EntryClerk EntryClerkOrg EntryClerkIDType
EntryClerkID EntryTime ImageProcFlag VideoID BeginTime EndTime TimeErr IDType IDNumber UsedName Alias GenderCode
AgeUpLimit AgeLowerLimit EthicCode NationalityCode NativeCityCode ResidenceAdminDivision ChineseAccentCode JobCategory
PersonOrg IsDriver IsForeigner PassportType ImmigrantTypeCode IsSuspectedTerrorist SuspectedTerroristNumber
IsCriminalInvolved CriminalInvolvedSpecilisationCode BodySpeciallMark CrimeMethod CrimeCharacterCode
EscapedCriminalNumber IsDetainees DetentionHouseCode DetaineesIdentity DetaineesSpecialIdentity MemberTypeCode IsVictim
VictimType InjuredDegree CorpseConditionCode IsSuspiciousPerson AccompanyNumber FaceID SourceID LeftTopX LeftTopY
RightBtmX RightBtmY LocationMarkTime FaceAppearTime FaceDisAppearTime SkinColor HairStyle HairColor FaceStyle
FacialFeature PhysicalFeature RespiratorColor CapStyle CapColor GlassStyle GlassColor Attitude Similaritydegree
EyebrowStyle NoseStyle MustacheStyle LipStyle WrinklePouch AcneStain FreckleBirthmark ScarDimple OtherFeature
SubImageList SubImageInfoObject FeatureList RelatedType RelatedList RelatedObject RelatedID PersonID PersonAppearTime
PersonDisAppearTime HeightUpLimit HeightLowerLimit BodyType Gesture BodyFeature HabitualMovement Behavior
BehaviorDescription Appendant AppendantDescription UmbrellaColor ScarfColor BagStyle BagColor CoatStyle CoatLength
CoatColor TrousersStyle TrousersColor TrousersLen ShoesStyle ShoesColor MotorVehicleID StorageUrl1 StorageUrl2
StorageUrl3 StorageUrl4 StorageUrl5 MarkTime AppearTime DisappearTime PassTime HasPlate PlateClass PlateColor PlateNo
PlateNoAttach PlateDescribe IsDecked IsAltered IsCovered Speed DrivingStatusCode UsingPropertiesCode VehicleClass
VehicleBrand VehicleModel VehicleStyles VehicleLength VehicleWidth VehicleHeight VehicleColor VehicleColorDepth
VehicleHood VehicleTrunk VehicleWheel WheelPrintedPattern VehicleWindow VehicleRoof VehicleDoor SideOfVehicle
CarOfVehicle RearviewMirror VehicleChassis VehicleShielding FilmColor IsModified HitMarkInfo VehicleBodyDesc
VehicleFrontItem DescOfFrontItem VehicleRearItem DescOfRearItem NumOfPassenger NameOfPassedRoad IsSuspicious Sunvisor
SafetyBelt Calling PlateReliability PlateCharReliability BrandReliability NonMotorVehicleID VehicleType ThingID Shape
Color Size Material Characteristic Propertiy SceneID PlaceType WeatherType SceneDescribe SceneType VideoLabelID
EventRuleID VideoImageID VideoImageUrl CameraID IVADeviceID CreateTimeAbs CreateTimeRlt TargetNum PersonNum FaceNum
VehicleNum ThingNum ImagePath FlowDirection DispositionID DispositionCategory TargetFeature TargetImageURI PriorityLevel
ApplicantName ApplicantInfo ApplicantOrg CreatTime OperateType DispositionStatus DispositionRange TollgateList
DispositionArea ReceiveAddr ReceiveMobile Reason DispositionRemoveOrg DispositionRemovePerson DispositionRemoveTime
DispositionRemoveReason NotificationID TriggerTime CntObjectID SubscribeID SubscribeDetail ResourceClass ResourceURI
InfoIDs ExecuteOperation TabID MatchObject
""".split()
)

# Other spellings that peers send.
_ALIASES: Final = {
    "similarity": "Similaritydegree",
    "createtime": "CreatTime",
    "personname": "PersonName",
    "gender": "GenderCode",
    "age": "Age",
    "plateno": "PlateNo",
    "platenumber": "PlateNo",
}
_CANONICAL: Final = {**{name.lower(): name for name in FIELDS}, **_ALIASES}

# What a wrapper or an object's key is about, in lower case and without its ending.
KINDS: Final = {
    "face": "Face",
    "person": "Person",
    "motorvehicle": "MotorVehicle",
    "nonmotorvehicle": "NonMotorVehicle",
    "thing": "Thing",
    "scene": "Scene",
    "videolabel": "VideoLabel",
    "ape": "APE",
    "apestatus": "APEStatus",
    "devicestatus": "APEStatus",
    "device": "APE",
    "disposition": "Disposition",
    "dispositionnotification": "DispositionNotification",
    "subscribenotification": "SubscribeNotification",
    "subscribe": "Protocol",
    "register": "Protocol",
    "unregister": "Protocol",
    "keepalive": "Protocol",
    "systemtime": "Protocol",
    "responsestatus": "Protocol",
    "image": "Image",
    "tollgate": "Directory",
    "lane": "Directory",
    "aps": "Directory",
    "apsstatus": "Directory",
    "viidserver": "Directory",
    "doorinfo": "Directory",
    "videoslice": "Media",
    "file": "Media",
    "case": "Case",
    "analysisrule": "Directory",
}
_BARE: Final = frozenset(
    {"register", "unregister", "keepalive", "responsestatus", "image", "videoslice", "file", "case"}
)
_ENDINGS: Final = ("listobject", "objectlist", "infoobject", "object", "list", "info")


@lru_cache(maxsize=16_384)
def canonical(name: str) -> str:
    """Return the field's name as the standard spells it; an unknown name stays as it is."""
    return _CANONICAL.get(name.lower(), name)


@lru_cache(maxsize=4_096)
def kind_of(name: str) -> str:
    """Return which kind of object a key wraps, or an empty text when it is no wrapper."""
    text = name.lower()
    if text in _BARE:
        return KINDS[text]
    if text in {"imageinfo", "imageinfoobject"}:
        return "ImageInfo"
    for ending in _ENDINGS:
        stem = text.removesuffix(ending)
        if stem != text and stem in KINDS:
            return "" if ending == "info" and stem != "case" else KINDS[stem]
    return ""
