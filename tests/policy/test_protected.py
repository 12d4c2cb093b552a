# ruff: noqa: E501 - payloads are easier to read on one line, in their own alphabet
"""No protected attribute passes, and nothing innocent is lost."""

import json
from pathlib import Path

import pytest

from fairwatch.policy.protected import is_protected, is_proxy_value, is_soft_biometric

ROOT = Path(__file__).resolve().parents[2]


def _words(text):
    return text.split()


PROTECTED = _words("""
ethnicity Ethnic ethnicGroup ethnic_group EthicCode ethiccode race Race FaceRace race_confidence racial
SkinColor skinColor skin_color skincolor skinTone Complexion religion religious_belief hijab Hijab isHijab
hasHijab Kerchief headscarf head_scarf turban Turban ChineseAccentCode accent nation nationality NationalityCode
nationality_code nativeCityCode NativeCityCode nativePlace ResidenceAdminDivision politicalStatus
PoliticalAffiliation healthStatus health_code emotion Emotions Emotion faceExpression FaceExpression expression
facialExpression smile Smile isSmiling joyLikelihood MaritalStatus Maritalstatus maritalstatus
IsCriminalInvolved iscriminalinvolved CriminalInvolvedSpecilisationCode CrimeMethod CrimeCharacterCode
EscapedCriminalNumber IsVictim victimType IsSuspiciousPerson issuspiciousperson IsSuspicious IsDetainees
DetentionHouseCode DetaineesIdentity DetaineesSpecialIdentity MemberTypeCode IsSuspectedTerrorist
SuspectedTerroristNumber InjuredDegree CorpseConditionCode BodySpeciallMark IDNumber iDNumber id_number IDType
UsedName JobCategory PersonOrg FamilyAddress passportType PassportType IsForeigner ImmigrantTypeCode FaceStyle
FacialFeature PhysicalFeature EyebrowStyle NoseStyle LipStyle personName CertificateNumber FeatureInfoObject
embedding 民族 种族 肤色 宗教信仰 国籍 籍贯 政治面貌 表情 情绪 婚姻状况 身份证号 姓名 faces[0].attributes.emotion FaceObject/Name
Data.SimpleItem[Name=Emotion].Value fc:Complexion HumanFace/Nose
""")

INNOCENT = _words("""
combination nationwide destination explanation trace stack_trace brace raceway terrace disturbance surveillance
topicExpression TopicExpression name Name alias country region plateNation plateCountry PlateRegion plate/nation
ANPR/country ANPR.nation vehicle.nationality zonemotion cameramotion motion promotion glass GlassStyle mask hat
CapStyle HairStyle health_check deviceHealth attention ScarfColor plateCharBelieve suspended discriminator
message expressway image age_ms status Status temperature cap.emergency native NumOfPassenger technique
CoatStyle PositionType gridcards skippable терраса deviceHealthStatus
""")


@pytest.mark.parametrize("name", PROTECTED)
def test_every_spelling_of_a_protected_attribute_is_known(name):
    assert is_protected(name)


@pytest.mark.parametrize("name", INNOCENT)
def test_an_innocent_name_is_kept(name):
    assert not is_protected(name)


def test_age_and_gender_are_soft_biometrics_and_nothing_else_is():
    assert all(
        map(is_soft_biometric, ["age", "AgeUpLimit", "age_group", "gender", "GenderCode", "sex", "face.age", "性别"])
    )
    assert not any(
        map(is_soft_biometric, ["message", "image", "average", "page", "cache_age_ms", "coverage", "storage"])
    )


def test_a_nation_of_a_plate_is_no_nationality_of_a_person():
    assert is_protected("nation", "human")
    assert not is_protected("nation", "plate")


@pytest.mark.parametrize("value", ["woman_with_hijab", "turban", "Kippa", "a 头巾", "yarmulke-1"])
def test_a_word_for_a_religious_head_covering_is_known_as_a_proxy(value):
    assert is_proxy_value(value)


@pytest.mark.parametrize("value", ["", "hat", "unveiled", "chadorable", "x" * 60 + "hijab"])
def test_other_words_and_long_texts_are_no_proxies(value):
    assert not is_proxy_value(value)


def _names(node):
    if isinstance(node, dict):
        yield from (node[key] for key in ("name",) if isinstance(node.get(key), str))
        yield from node.get("symbols", ())
        for value in node.values():
            yield from _names(value)
    elif isinstance(node, list):
        for item in node:
            yield from _names(item)


@pytest.mark.parametrize("path", sorted((ROOT / "schemas" / "avro").glob("*.avsc")), ids=lambda path: path.stem)
def test_no_schema_can_express_a_protected_attribute(path):
    assert not [name for name in _names(json.loads(path.read_text(encoding="utf-8"))) if is_protected(name)]
