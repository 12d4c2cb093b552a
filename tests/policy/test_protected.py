# ruff: noqa: E501 - payloads are easier to read on one line, in their own alphabet
"""No protected attribute passes, and nothing innocent is lost."""

import json
from pathlib import Path

import orjson
import pytest

from fairwatch.policy.protected import is_protected, is_soft_biometric, redact_bytes, redact_text, redact_tree

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
    tree, removed = redact_tree(
        {"plate": {"nation": "DE", "text": "B1"}, "human": {"nation": "x"}, "ANPR": {"country": 3}}
    )
    assert tree == {"plate": {"nation": "DE", "text": "B1"}, "human": {}, "ANPR": {"country": 3}}
    assert removed == 1


def test_protected_fields_go_at_any_depth_and_are_counted():
    tree, removed = redact_tree({"a": [{"b": {"Emotions": [{"Type": "HAPPY"}], "Race": 1, "x": 1, "SkinColor": None}}]})
    assert tree == {"a": [{"b": {"x": 1}}]}
    assert removed == 2


def test_named_items_and_proxies_by_value_go():
    items = [
        {"Name": "Emotion", "Value": "happy"},
        {"name": "hat", "value": "yes"},
        {"type": "hijab", "confidence": 0.9},
    ]
    tree, removed = redact_tree(
        {
            "items": items,
            "CoatStyle": "2",
            "PositionType": "4/7",
            "label": "woman_with_hijab",
            "labels": ["turban", "person"],
        }
    )
    assert tree == {
        "items": [{"name": "hat", "value": "yes"}],
        "CoatStyle": None,
        "PositionType": "4",
        "labels": ["person"],
    }
    assert removed == 6


def test_a_camera_in_race_street_keeps_its_name():
    tree, removed = redact_tree({"name": "Race Street Cam", "id": 1, "url": "http://host/race=1"})
    assert tree["name"] == "Race Street Cam"
    assert tree["id"] == 1
    assert removed <= 1


def test_a_persons_name_goes_and_a_zones_name_stays():
    tree, removed = redact_tree(
        {
            "zone": {"name": "Gate"},
            "FaceObject": [{"FaceID": "1", "Name": "Zhang"}],
            "AccessControllerEvent": {"employeeNoString": "7", "name": "Li"},
        }
    )
    assert tree == {
        "zone": {"name": "Gate"},
        "FaceObject": [{"FaceID": "1"}],
        "AccessControllerEvent": {"employeeNoString": "7"},
    }
    assert removed == 2


def test_soft_biometrics_pass_only_when_switched_on():
    assert redact_tree({"age": 30}) == ({}, 1)
    assert redact_tree({"age": 30}, soft_biometrics=True) == ({"age": 30}, 0)


def test_labelled_words_leave_free_text():
    assert redact_text("Smoking: no, Emotion: happy, Hat: yes") == ("Smoking: no, Hat: yes", 1)
    assert redact_text("Motion at 10:30") == ("Motion at 10:30", 0)


def test_a_json_payload_is_written_again_without_protected_fields_and_secrets():
    body, redacted = redact_bytes(b'{"APEObject":{"ApeID":"1","Password":"x"},"FaceObject":{"EthicCode":"01"}}')
    assert redacted
    assert orjson.loads(body) == {"APEObject": {"ApeID": "1"}, "FaceObject": {}}


def test_an_xml_payload_is_written_again_without_protected_fields():
    source = b"<a xmlns:fc='u'><fc:HumanFace race='1'><fc:Complexion>Asian</fc:Complexion><fc:Hair/></fc:HumanFace><SimpleItem Name='Emotion' Value='Smile'/></a>"
    body, redacted = redact_bytes(source, "application/xml")
    assert redacted
    assert body == b'<a xmlns:fc="u"><fc:HumanFace><fc:Hair/></fc:HumanFace></a>'


@pytest.mark.parametrize(
    "body", [b"", b"\x00\x01", b"{broken", b"<a>", b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', b"plain text"]
)
def test_what_does_not_parse_comes_back_unchanged(body):
    assert redact_bytes(body) == (body, False)


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
