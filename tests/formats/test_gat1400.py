"""GA/T 1400: what peers really send is read, and what is written again is the same but for what policy removes."""

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode, encode
from fairwatch.formats.payload import Decoded, Payload
from fairwatch.policy.protected import is_protected, is_soft_biometric
from tests.support.recordings import folder_of

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "viid"
RECORDINGS = folder_of("gat1400")
DEVICE = "31010500001190000042"
TIME = "20260304101112"
FACE = {"FaceID": f"{DEVICE}02{TIME}000070600001", "DeviceID": DEVICE, "LocationMarkTime": TIME}


def read(tree: Any, **more: Any) -> Decoded:
    body = tree if isinstance(tree, bytes) else orjson.dumps(tree)
    return decode(Payload(body, device_id=more.pop("device_id", "cam-1"), received_at=1_772_600_000_000_000, **more))


def only(tree: Any, **more: Any) -> dict[str, Any]:
    [(kind, record)] = read(tree, **more).records
    assert kind == "Observation"
    return record


@pytest.mark.parametrize(
    "tree",
    [
        {"FaceListObject": {"FaceObject": [FACE]}},
        {"FaceListObject": {"FaceObject": FACE}},
        {"FaceObjectList": {"FaceObject": [FACE]}},
        {"FaceObjectList": [FACE]},
        {"FaceList": {"FaceObject": [FACE]}},
        {"FaceObject": FACE},
        {"FaceObject": [FACE]},
        {
            "faceListObject": {
                "faceObject": [{"faceID": FACE["FaceID"], "deviceID": DEVICE, "locationMarkTime": int(TIME)}]
            }
        },
        {
            "FACELISTOBJECT": {
                "FACEOBJECT": [{"FACEID": FACE["FaceID"], "DEVICEID": DEVICE, "LOCATIONMARKTIME": TIME, "X": None}]
            }
        },
    ],
)
def test_every_wrapper_and_case_is_the_same_face(tree):
    record = only(tree)
    assert record["event_type"] == "face.seen"
    assert record["object_id"] == FACE["FaceID"]
    assert record["source"]["device_id"] == DEVICE
    assert record["occurred_at"] == 1_772_590_272_000_000


@pytest.mark.parametrize(
    ("raw", "zone", "utc"),
    [
        ("20240102030405", None, 1_704_135_845_000_000),
        ("20240102030405678", None, 1_704_135_845_678_000),
        ("20240102030405", "Europe/Berlin", 1_704_161_045_000_000),
        (1_704_135_845_000, None, 1_704_135_845_000_000),
        ("2024-01-02T03:04:05+08:00", None, 1_704_135_845_000_000),
    ],
)
def test_times_are_beijings_unless_the_devices_zone_is_known(raw, zone, utc):
    assert only({"FaceObject": {**FACE, "LocationMarkTime": raw}}, time_zone=zone)["occurred_at"] == utc


def test_a_time_that_is_none_is_lost_and_the_next_one_counts():
    record = only({"FaceObject": {**FACE, "LocationMarkTime": "Inv", "FaceAppearTime": TIME}})
    assert record["device_time"]["raw"] == TIME
    assert "Inv" not in str(record)


def test_the_box_is_measured_in_the_picture_it_refers_to():
    pictures = [
        {"ImageID": "other", "Type": "14", "Width": 100, "Height": 100, "StoragePath": "/a"},
        {"ImageID": "own", "Type": "11", "Width": "1000", "Height": "500", "StoragePath": "/b"},
    ]
    box = {"LeftTopX": "100", "LeftTopY": 50, "RightBtmX": 200, "RightBtmY": 100}
    record = only({"FaceObject": {**FACE, **box, "SourceID": "own", "SubImageList": {"SubImageInfoObject": pictures}}})
    assert record["shape"]["box"] == {"x0": 0.1, "y0": 0.1, "x1": 0.2, "y1": 0.2}
    record = only({"FaceObject": {**FACE, **box, "SourceID": "gone", "SubImageList": {"SubImageInfoObject": pictures}}})
    assert record["shape"]["space"]["width"] == 100
    record = only({"FaceObject": {**FACE, **box}})
    assert "box" not in record["shape"]
    assert record["shape"]["source"] == [100, 50, 200, 100]


def protected_names(tree: Any) -> set[str]:
    if isinstance(tree, dict):
        own = {
            name
            for name, value in tree.items()
            if value not in (None, "") and (is_protected(name) or is_soft_biometric(name))
        }
        return own.union(*map(protected_names, tree.values()), {"Name"} & set(tree))
    return set().union(*map(protected_names, tree)) if isinstance(tree, list) else set()


def test_a_face_passed_on_keeps_ids_times_box_and_pictures_and_loses_exactly_what_is_protected():
    tree = orjson.loads((RECORDINGS / "faces.json").read_bytes())
    source = tree["FaceListObject"]["FaceObject"][0]
    # Pictures that came inline stay with the hub; here both are by address.
    source["SubImageList"]["SubImageInfoObject"][1].update(StoragePath="http://192.0.2.7/face/8.jpg")
    del source["SubImageList"]["SubImageInfoObject"][1]["Data"]
    decoded = read({"FaceListObject": {"FaceObject": [source]}})
    [(_, record)] = decoded.records
    again = orjson.loads(encode("gat1400", "Observation", record).body)["FaceListObject"]["FaceObject"][0]
    gone = protected_names(source)
    flags = {
        "IsForeigner",
        "IsSuspectedTerrorist",
        "IsCriminalInvolved",
        "IsDetainees",
        "IsVictim",
        "IsSuspiciousPerson",
    }
    assert {name: again[name] for name in flags} == dict.fromkeys(flags, 2)
    expected = {
        name: str(value)
        for name, value in source.items()
        if name not in gone | {"SubImageList", "Similaritydegree", "VendorField"}
    }
    assert "VendorField" not in again, "no row names it"
    assert {name: str(again[name]) for name in expected} == expected
    assert float(again["Similaritydegree"]) == source["Similaritydegree"]
    pictures = again["SubImageList"]["SubImageInfoObject"]
    sent = source["SubImageList"]["SubImageInfoObject"]
    assert [{**one, "EventSort": int(one["EventSort"])} for one in pictures] == [
        {name: value for name, value in one.items() if name != "DeviceID"} for one in sent
    ]


def test_no_protected_word_survives_anywhere():
    tree = orjson.loads((RECORDINGS / "faces.json").read_bytes())
    text = orjson.dumps(read(tree).records).decode()
    for word in ("EthicCode", "某人", "SkinColor", "Nationality", "IDNumber", "IsVictim", "GenderCode", "AgeUpLimit"):
        assert word not in text
    with_age = only(
        {"FaceObject": {**FACE, "AgeUpLimit": 40, "AgeLowerLimit": 30, "GenderCode": "1"}}, soft_biometrics=True
    )
    assert with_age["face"]["age_years"] == {"min": 30.0, "max": 40.0, "unit": "a"}


def test_ethnic_dress_is_not_carried_and_other_coats_are():
    person = {"PersonID": "1", "CoatStyle": "2", "CoatColor": "5"}
    record = only({"PersonObject": person})
    assert set(record["person"]["clothing"]) == {"CoatColor"}
    assert "CoatStyle" in only({"PersonObject": {**person, "CoatStyle": "3"}})["person"]["clothing"]


def test_a_number_that_no_edition_lists_is_kept_and_a_word_is_not():
    record = only(
        {
            "MotorVehicleObject": {
                "MotorVehicleID": "1",
                "PlateNo": "沪A12345",
                "PlateClass": "77",
                "VehicleClass": "ZZZ",
            }
        }
    )
    assert record["plates"][0]["type_code"] == {"system": "gat1400:PlateClass", "code": "77"}
    assert record["vehicle"]["kind_code"]["code"] == "unlisted"
    again = orjson.loads(encode("gat1400", "Observation", record).body)["MotorVehicleListObject"]["MotorVehicleObject"][
        0
    ]
    assert again["PlateClass"] == "77"
    assert again.get("VehicleClass") != "ZZZ"


def test_a_plates_nation_is_kept_and_a_persons_is_not():
    assert (
        only({"MotorVehicleObject": {"MotorVehicleID": "1", "PlateNo": "A1", "NationalityCode": "CHN"}})["plates"][0][
            "country_code"
        ]["code"]
        == "CHN"
    )
    assert "CHN" not in str(only({"PersonObject": {"PersonID": "1", "NationalityCode": "CHN"}}))


def test_a_vehicle_without_plate_has_none():
    record = only({"MotorVehicleObject": {"MotorVehicleID": "1", "PlateNo": "无车牌"}})
    assert record["event_type"] == "vehicle.seen"
    assert record["plates"][0]["state"] == "NONE"


def test_a_disposition_becomes_an_entry_that_cannot_match():
    decoded = read((RECORDINGS / "dispositions.json").read_bytes())
    plate, face = (record for _, record in decoded.records)
    assert (plate["kind"], plate["plate"], plate["state"]) == ("PLATE", "沪A12345", "ACTIVE")
    assert (face["kind"], face["state"], len(face["references"])) == ("FACE", "WITHDRAWN", 2)
    assert "authorisation_id" not in plate
    assert "authorisation_id" not in face
    again = orjson.loads(encode("gat1400", "WatchlistEntry", plate).body)["DispositionListObject"]["DispositionObject"][
        0
    ]
    assert again["BeginTime"] == "20260301000000"
    assert again["TollgateList"] == "31010500001210000003;31010500001210000004"


def test_a_notification_is_a_claim_of_the_peer_and_says_not_of_whom():
    decoded = read((RECORDINGS / "disposition_notification.json").read_bytes())
    [(_, record)] = decoded.records
    assert record["event_type"] == "face.match"
    assert "claim" not in record
    assert decoded.claims == 1


CANDIDATE = {
    "candidate_id": "c-1",
    "entry_id": "310105000011012026030410111200001",
    "entry_title": "missing child",
    "authorisation_id": "a-1",
    "kind": "FACE",
    "sighting_id": "s-1",
    "observation_id": "o-1",
    "device_id": DEVICE,
    "occurred_at": 1_772_590_272_000_000,
    "received_at": 1,
    "matched_at": 2,
    "score": 0.9,
    "threshold": 0.8,
    "threshold_policy": "p",
    "algorithm": "x",
    "gallery_version": "1",
    "gallery_size": 3,
    "expires_at": 9,
}


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("MatchCandidate", CANDIDATE),
        (
            "Verdict",
            {"verdict_id": "v", "candidate_id": "c-1", "outcome": "CONFIRMED", "decided_at": 5, "candidate": CANDIDATE},
        ),
        (
            "Alert",
            {
                "alert_id": "a",
                "entry_id": CANDIDATE["entry_id"],
                "title": "missing child",
                "started_at": CANDIDATE["occurred_at"],
                "state": "NEW",
            },
        ),
    ],
)
def test_a_match_goes_out_as_a_notification(kind, record):
    written = encode("gat1400", kind, record)
    notification = orjson.loads(written.body)["DispositionNotificationListObject"]["DispositionNotificationObject"][0]
    assert written.path == "/VIID/DispositionNotifications"
    assert notification["DispositionID"] == CANDIDATE["entry_id"]
    assert notification["TriggerTime"] == TIME
    assert len(notification["NotificationID"]) == 33
    assert encode("gat1400", kind, record).body == written.body


def test_a_record_of_another_format_gets_ids_of_the_standard():
    record = {
        "observation_id": "o",
        "device_id": "cam-1",
        "event_type": "face.seen",
        "object_class": "FACE",
        "source": {"format": "x"},
        "occurred_at": 0,
        "received_at": 0,
    }
    face = orjson.loads(encode("gat1400", "Observation", record).body)["FaceListObject"]["FaceObject"][0]
    assert len(face["FaceID"]) == 48
    assert face["IsCriminalInvolved"] == 2


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"RegisterObject": {"DeviceID": DEVICE}}, "protocol_message"),
        ({"KeepaliveObject": {"DeviceID": DEVICE}}, "protocol_message"),
        ({"UnRegisterObject": {"DeviceID": DEVICE}}, "protocol_message"),
        ({"SystemTimeObject": {"LocalTime": TIME}}, "protocol_message"),
        ({"ResponseStatusListObject": {"ResponseStatusObject": [{"StatusCode": 0}]}}, "protocol_message"),
        ({"SubscribeListObject": {"SubscribeObject": [{"SubscribeID": "1"}]}}, "protocol_message"),
        ({"TollgateListObject": {"TollgateObject": [{"TollgateID": "1"}]}}, "directory"),
        ({"CaseListObject": {"Case": [{"CaseInfo": {"CaseID": "1"}}]}}, "case_data"),
    ],
)
def test_protocol_messages_carry_no_record(tree, reason):
    decoded = read(tree)
    assert not decoded.records
    assert [why for why, _ in decoded.skipped] == [reason]


def test_credentials_of_a_device_are_never_read():
    decoded = read((RECORDINGS / "devices.json").read_bytes())
    assert b"hunter2" not in orjson.dumps(decoded.records)
    assert decoded.records[0][0] == "Device"


@pytest.mark.parametrize(
    ("corner", "value"),
    [("LeftTopX", "NaN"), ("LeftTopX", "inf"), ("RightBtmY", None), ("RightBtmX", {"a": 1}), ("LeftTopY", 1e400)],
)
def test_an_impossible_box_leaves_the_face(corner, value):
    box = {"LeftTopX": 1, "LeftTopY": 1, "RightBtmX": 2, "RightBtmY": 2, corner: value if value != 1e400 else "1e400"}
    assert "box" not in only({"FaceObject": {**FACE, **box}}).get("shape", {})


def test_wrappers_without_end_are_refused():
    tree: Any = {"FaceObject": FACE}
    for _ in range(20):
        tree = {"SubscribeNotificationObject": tree}
    with pytest.raises(RejectedError, match="too_deep"):
        read(tree)


def test_the_document_is_read_twice_alike():
    tree = orjson.loads((RECORDINGS / "faces.json").read_bytes())
    assert read(tree).records == read(copy.deepcopy(tree)).records


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recordings of real peers are not on this machine")
def test_every_recorded_message_is_answered():
    for path in sorted(FIXTURES.glob("*.*")):
        if ".bad." in path.name:
            with pytest.raises(RejectedError):
                read(path.read_bytes())
        else:
            decoded = read(path.read_bytes())
            assert decoded.format == "gat1400", path.name
            assert decoded.records or decoded.skipped, path.name
