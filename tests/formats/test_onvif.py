# ruff: noqa: E501 - payloads are easier to read on one line
"""ONVIF events and metadata: every spelling is one event, geometry is exact, and what is written reads the same."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.formats.catalogue import decode, encode
from fairwatch.formats.loading import FOLDER
from fairwatch.formats.onvif.shapes import compose, frame_of, shape_of, transform_of, written
from fairwatch.formats.onvif.topics import meaning
from fairwatch.formats.payload import Decoded, Payload
from fairwatch.wire.kinds.names import Names

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures"
RECORDINGS = FOLDER / "onvif" / "recordings"
OWN_STREAMS = RECORDINGS / "onvif-metadata"
NAMES = 'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics" xmlns:tev="http://www.onvif.org/ver10/events/wsdl"'
MOTION = "tns1:RuleEngine/CellMotionDetector/Motion"
GATE = Names().token("cam-1", "rule", "Gate")
PIXELS = '<tt:Transformation><tt:Translate x="-1" y="-1"/><tt:Scale x="0.003125" y="0.00416667"/></tt:Transformation>'


def read(body: str | bytes, **more: Any) -> Decoded:
    return decode(
        Payload(
            body.encode() if isinstance(body, str) else body,
            device_id="cam-1",
            received_at=1_772_600_000_000_000,
            **more,
        )
    )


def only(body: str | bytes, **more: Any) -> dict[str, Any]:
    [(_, record)] = read(body, **more).records
    return record


def notification(
    topic: str = MOTION,
    operation: str = "Changed",
    items: str = '<tt:SimpleItem Name="IsMotion" Value="true"/>',
    names: str = NAMES,
) -> str:
    said = f' PropertyOperation="{operation}"' if operation else ""
    return (
        f"<wsnt:NotificationMessage {names}><wsnt:Topic>{topic}</wsnt:Topic><wsnt:Message>"
        f'<tt:Message UtcTime="2026-03-04T02:11:12Z"{said}><tt:Source><tt:SimpleItem Name="Rule" Value="R"/></tt:Source>'
        f"<tt:Data>{items}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )


ENVELOPES = [
    notification(),
    f"<wsnt:Notify {NAMES}>{notification()}</wsnt:Notify>",
    f"<tev:PullMessagesResponse {NAMES}>{notification()}</tev:PullMessagesResponse>",
    f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" {NAMES}><s:Body><wsnt:Notify>{notification()}</wsnt:Notify></s:Body></s:Envelope>',
    f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" {NAMES}><SOAP-ENV:Header/><SOAP-ENV:Body><tev:PullMessagesResponse>{notification()}</tev:PullMessagesResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>',
    f"<tt:MetadataStream {NAMES}><tt:Event>{notification()}</tt:Event></tt:MetadataStream>",
    notification(f"\n   {MOTION}\n  "),
    notification().replace("tt:", "q:").replace("xmlns:tt", "xmlns:q").replace("wsnt", "n"),
    orjson.dumps(
        {
            "Topic": {"_value_1": MOTION},
            "Message": {
                "_value_1": {
                    "UtcTime": "2026-03-04T02:11:12Z",
                    "PropertyOperation": "Changed",
                    "Source": {"SimpleItem": [{"Name": "Rule", "Value": "R"}]},
                    "Key": None,
                    "Data": {"SimpleItem": [{"Name": "IsMotion", "Value": "true"}], "ElementItem": []},
                }
            },
        }
    ).decode(),
]


@pytest.mark.parametrize("body", ENVELOPES, ids=range(len(ENVELOPES)))
def test_every_envelope_and_prefix_is_the_same_event(body):
    record = only(body)
    assert (record["event_type"], record["active"], record["lifecycle"]) == ("motion.region", True, "UPDATE")
    assert record["source"]["rule"] == "R"
    assert record["event_code"] == {"system": "onvif:topic", "code": MOTION}
    assert record["occurred_at"] == 1_772_590_272_000_000


@pytest.mark.parametrize(
    ("topic", "event"),
    [
        ("tns1:RuleEngine/LineDetector/Crossed", "line.crossed"),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", "zone.inside"),
        ("tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering", "loitering"),
        ("tns1:RuleEngine/CountAggregation/Counter", "count.flow"),
        ("tns1:RuleEngine/CountAggregation/OccupancyCounter", "count.occupancy"),
        ("tns1:RuleEngine/ObjectDetection/Object", "object.detected"),
        ("tns1:RuleEngine/ObjectAbandoned", "object.abandoned"),
        ("tns1:RuleEngine/ObjectRemoved", "object.removed"),
        ("tns1:RuleEngine/Recognition/Face", "face.seen"),
        ("tns1:RuleEngine/Recognition/LicensePlate", "plate.read"),
        ("tns1:RuleEngine/CellMotionDetector/Motion", "motion.region"),
        ("tns1:RuleEngine/MotionRegionDetector/Motion", "motion.region"),
        ("tns1:VideoSource/MotionAlarm", "motion.region"),
        ("tns1:VideoSource/GlobalSceneChange/ImagingService", "tamper.scene_change"),
        ("tns1:VideoSource/ImageTooDark/AnalyticsService", "tamper.too_dark"),
        ("tns1:VideoSource/ImageTooBright/RecordingService", "tamper.too_bright"),
        ("tns1:VideoSource/ImageTooBlurry/ImagingService", "tamper.defocused"),
        ("tns1:VideoSource/SignalLoss", "tamper.signal_loss"),
        ("tns1:Device/Trigger/DigitalInput", "io.input"),
        ("tns1:Device/Trigger/Relay", "io.output"),
        ("tns1:Device/HardwareFailure/FanFailure", "device.fault"),
        ("tns1:Device/Sensor/Temperature/High", "sensor.alarm"),
        ("tns1:AudioAnalytics/Audio/DetectedSound", "audio.class"),
        ("tns1:RuleEngine/AudioDetector/Class", "audio.class"),
        ("tns1:AccessControl/AccessGranted/Credential", "access.granted"),
        ("tns1:AccessControl/Denied/Credential", "access.denied"),
        ("tns1:Door/State/DoorPhysicalState", "access.other"),
        ("tns1:Monitoring/ProcessorUsage", "device.status"),
        ("tns1:RecordingHistory/Recording/State", "device.status"),
        ("tns1:Media/ProfileChanged", "device.status"),
        ("tns1:Something/New", "other"),
        ("", "other"),
    ],
)
def test_topics_have_their_canonical_meaning(topic, event):
    assert meaning(topic) == event
    assert event in EVENT_TYPES


def test_a_persons_name_does_not_come_with_an_access_event():
    item = (
        '<tt:SimpleItem Name="CredentialHolderName" Value="Jane Roe"/><tt:SimpleItem Name="CredentialToken" Value="7"/>'
    )
    record = only(notification("tns1:AccessControl/AccessGranted/Credential", "", item))
    assert "Jane" not in str(record)


HISTORY = [("SYNC", False), ("UPDATE", True), ("END", None)]


def test_a_property_has_the_same_history_over_soap_and_mqtt_but_for_its_first_message():
    soap = [
        (record["lifecycle"], record.get("active"))
        for _, record in read((RECORDINGS / "onvif-event" / "pull_property_history.xml").read_bytes()).records
    ]
    assert soap == HISTORY
    path = "site/onvif-ej/RuleEngine/FieldDetector/ObjectsInside/&vs1/ac1/Gate"
    messages = [
        b'{"UtcTime":"2026-03-04T02:11:12.250Z","Source":{"VideoSource":"vs1","AnalyticsConfiguration":"ac1","Rule":"Gate"},"Data":{"IsInside":false}}',
        b'{"UtcTime":"2026-03-04T02:11:14Z","Source":{"VideoSource":"vs1","AnalyticsConfiguration":"ac1","Rule":"Gate"},"Data":{"IsInside":"true","ObjectId":12}}',
        b"",
    ]
    records = [only(body, path=path) for body in messages]
    assert [(record["lifecycle"], record.get("active")) for record in records] == [("UPDATE", False), *HISTORY[1:]]
    assert {record["event_type"] for record in records} == {"zone.inside"}
    assert {tuple(record["source"]["tokens"].items()) for record in records} == {
        (("VideoSource", "vs1"), ("AnalyticsConfiguration", "ac1"), ("Rule", GATE))
    }


def test_an_empty_message_elsewhere_is_still_refused():
    for path in ("", "site/onvif-mj/VideoAnalytics/p/m", "frigate/events"):
        with pytest.raises(RejectedError):
            read(b"", path=path)


def test_the_standards_test_vector_becomes_gat1400_pixels():
    body = f'<tt:MetadataStream {NAMES}><tt:VideoAnalytics><tt:Frame UtcTime="2026-03-04T02:11:12Z">{PIXELS}<tt:Object ObjectId="1"><tt:Appearance><tt:Shape><tt:BoundingBox left="20" right="100" top="180" bottom="30"/><tt:CenterOfGravity x="60" y="80"/></tt:Shape><tt:Class><tt:Type>HumanFace</tt:Type></tt:Class></tt:Appearance></tt:Object></tt:Frame></tt:VideoAnalytics></tt:MetadataStream>'
    record = only(body)
    space = record["shape"]["space"]
    assert (space["kind"], space["width"], space["height"]) == ("PIXEL_BOTTOMLEFT", 640, 480)
    face = orjson.loads(encode("gat1400", "Observation", record).body)["FaceListObject"]["FaceObject"][0]
    assert [face[name] for name in ("LeftTopX", "LeftTopY", "RightBtmX", "RightBtmY")] == [20, 300, 100, 450]


NUMBER = st.floats(-1, 1, allow_nan=False)


@given(x=st.tuples(NUMBER, NUMBER), y=st.tuples(NUMBER, NUMBER))
def test_a_box_survives_onvif_and_gat1400_within_a_pixel(x, y):
    width, height = 1920, 1080
    node = {"BoundingBox": {"left": min(x), "right": max(x), "top": max(y), "bottom": min(y)}}
    shape = shape_of(node, (1.0, 1.0, 0.0, 0.0))
    assert shape is not None
    shape["space"] |= {"width": width, "height": height}
    record = {
        "observation_id": "o",
        "event_type": "face.seen",
        "object_class": "FACE",
        "device_id": "d",
        "source": {"format": "x"},
        "occurred_at": 0,
        "received_at": 0,
        "shape": shape,
    }
    face = orjson.loads(encode("gat1400", "Observation", record).body)["FaceListObject"]["FaceObject"][0]
    if "LeftTopX" not in face:
        return
    face |= {
        "SourceID": "i",
        "SubImageList": {"SubImageInfoObject": [{"ImageID": "i", "Type": "14", "Width": width, "Height": height}]},
    }
    again = only(orjson.dumps({"FaceObject": face})).get("shape", {}).get("box")
    if again is None:
        assert not any(face[name] for name in ("LeftTopX", "LeftTopY", "RightBtmX", "RightBtmY"))
        return
    back = written({"box": again})["BoundingBox"]
    for side, scale in (("left", width), ("right", width), ("top", height), ("bottom", height)):
        assert abs(back[f"@{side}"] - node["BoundingBox"][side]) / 2 * scale <= 1


SCALE = st.floats(0.001, 4, allow_nan=False)


@given(sx=SCALE, sy=SCALE, tx=NUMBER, ty=NUMBER, ix=SCALE, iy=SCALE)
def test_nested_transformations_apply_from_the_inside_out(sx, sy, tx, ty, ix, iy):
    outer = transform_of({"Scale": {"x": sx, "y": sy}, "Translate": {"x": tx, "y": ty}})
    inner = transform_of({"Scale": {"x": ix, "y": iy}, "Translate": {"x": 0.5, "y": -0.5}})
    x, y = 0.3, -0.7
    both = compose(inner, outer)
    assert x * both[0] + both[2] == pytest.approx((x * ix + 0.5) * sx + tx)
    assert y * both[1] + both[3] == pytest.approx((y * iy - 0.5) * sy + ty)


def test_source_numbers_are_written_back_as_they_came():
    record = next(record for _, record in read((OWN_STREAMS / "person_with_parts.xml").read_bytes()).records)
    body = encode("onvif-metadata", "Observation", record).body.decode()
    assert 'left="20.0" top="180.0" right="100.0" bottom="30.0"' in body
    assert frame_of(record["shape"]) is not None
    assert "<fc:Opticals><fc:Wear>true</fc:Wear></fc:Opticals>" in body


def test_a_face_loses_what_stands_in_for_origin_belief_health_and_mood():
    decoded = read((OWN_STREAMS / "person_with_parts.xml").read_bytes())
    text = orjson.dumps([record for _, record in decoded.records]).decode()
    for word in ("Complexion", "Hijab", "Kerchief", "Expression", "Smile", "Nose", "Eye", "309.9", "Gender", "Male"):
        assert word not in text
    assert decoded.removed_fields == 2, "gender and age, which rows name"


def test_unknown_class_is_kept():
    [(_, record)] = read((OWN_STREAMS / "unknown_class.xml").read_bytes()).records
    assert record["object_class"] == "OTHER"
    assert record["class_code"] == {"system": "onvif:Class", "code": "Drone"}
    assert b">Drone<" in encode("onvif-metadata", "Observation", record).body


def ours(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in record.items() if name not in {"observation_id", "raw_sha256", "removed_fields"}
    }


SIDECARS = (".expected.json", ".payload.json")
OURS = sorted(
    path
    for name in ("onvif-event", "onvif-metadata")
    for path in (RECORDINGS / name).iterdir()
    if not path.name.endswith(SIDECARS)
)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_what_is_written_reads_the_same(path):
    sidecar = path.with_name(f"{path.stem}.payload.json")
    more = orjson.loads(sidecar.read_bytes()) if sidecar.exists() else {}
    try:
        decoded = read(path.read_bytes(), **more)
    except RejectedError:
        pytest.skip("malformed on purpose")
    for kind, record in decoded.records:
        if (
            any(one["uri"].startswith("fw-media:") for one in record.get("media", ()))
            or "MotionInCells.Rows" in record.get("extensions", {})
            or "device_time" not in record
        ):
            continue
        encoded = encode(decoded.format, kind, record)
        again = [ours(one) for _, one in read(encoded.body, path=encoded.path).records]
        wanted = ours(record)
        if again[0]["source"]["format"] != decoded.format:
            wanted = {**wanted, "source": {**wanted["source"], "format": again[0]["source"]["format"]}}
        assert again == [wanted], encoded.body.decode()


@pytest.mark.parametrize(
    ("event", "topic"),
    [
        ("line.crossed", "LineDetector/Crossed"),
        ("plate.read", "Recognition/LicensePlate"),
        ("tamper.covered", "ImpairedVisibility"),
        ("person.fight", "ObjectDetection/Object"),
    ],
)
def test_an_event_of_another_format_is_written_as_notify(event, topic):
    record = {
        "observation_id": "o",
        "event_type": event,
        "device_id": "d",
        "object_class": "PERSON",
        "active": True,
        "source": {"format": "x", "rule": "R"},
        "occurred_at": 1_772_590_272_000_000,
        "received_at": 0,
    }
    encoded = encode("onvif-event", "Observation", record)
    assert encoded.content_type.startswith("application/soap+xml")
    assert topic in encoded.body.decode()
    assert only(encoded.body)["source"]["rule"] == "R"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f'<s:Envelope xmlns:s="x" {NAMES}><s:Body><s:Fault><s:Reason/></s:Fault></s:Body></s:Envelope>', "fault"),
        (f'<s:Envelope xmlns:s="x" {NAMES}><s:Body><tev:PullMessagesResponse/></s:Body></s:Envelope>', "no_messages"),
        (
            f'<s:Envelope xmlns:s="x" {NAMES}><s:Body><wsnt:RenewResponse/></s:Body></s:Envelope>',
            "subscription_message",
        ),
        (
            f'<s:Envelope xmlns:s="x" {NAMES}><s:Body><tev:CreatePullPointSubscriptionResponse/></s:Body></s:Envelope>',
            "subscription_message",
        ),
        (
            f'<s:Envelope xmlns:s="x" {NAMES}><s:Body><tev:GetEventPropertiesResponse/></s:Body></s:Envelope>',
            "service_message",
        ),
        ('<s:Envelope xmlns:s="x"/>', "service_message"),
        (f"<tt:MetadataStream {NAMES}/>", "empty_stream"),
        (
            f'<tt:MetadataStream {NAMES}><tt:VideoAnalytics><tt:Frame UtcTime="2026-01-01T00:00:00Z"/></tt:VideoAnalytics></tt:MetadataStream>',
            "empty_frame",
        ),
    ],
)
def test_answers_without_events_have_a_named_reason(body, reason):
    decoded = read(body)
    assert not decoded.records
    assert [why for why, _ in decoded.skipped] == [reason]


@pytest.mark.parametrize("body", ["<html><body>404</body></html>", "<html><p>", "not found"])
def test_an_error_page_is_refused(body):
    with pytest.raises(RejectedError):
        read(body)


@pytest.mark.parametrize(
    "box", ['left="NaN" top="1" right="1" bottom="0"', 'left="1e400" top="1" right="1" bottom="0"', 'left="0"', ""]
)
def test_an_impossible_box_leaves_the_object(box):
    body = f'<tt:MetadataStream {NAMES}><tt:VideoAnalytics><tt:Frame UtcTime="2026-03-04T02:11:12Z"><tt:Object ObjectId="18446744073709551615"><tt:Appearance><tt:Shape><tt:BoundingBox {box}/></tt:Shape></tt:Appearance></tt:Object></tt:Frame></tt:VideoAnalytics></tt:MetadataStream>'
    record = only(body)
    assert record["object_id"] == "18446744073709551615"
    assert "box" not in (record.get("shape") or {})


# Their prefixes are declared nowhere, which costs nothing that is read.
READ_ALL_THE_SAME = {"spec_ptz_preset_reached.bad.xml", "spec_streaming_doc2.bad.xml"}


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recordings of real devices are not on this machine")
def test_every_recorded_message_is_answered():
    paths = [*(FIXTURES / "onvif").iterdir(), *(FIXTURES / "axis").glob("*.xml")]
    assert len(paths) > 90
    for path in sorted(paths):
        if path.name in READ_ALL_THE_SAME:
            assert read(path.read_bytes()).format == "onvif-event"
        elif ".bad." in path.name or path.suffix == ".html":
            with pytest.raises(RejectedError):
                read(path.read_bytes())
        else:
            decoded = read(path.read_bytes())
            assert decoded.format in {"onvif-event", "onvif-metadata"}, path.name
            assert decoded.records or decoded.skipped, path.name
            assert all(record["event_type"] in EVENT_TYPES for _, record in decoded.records)
