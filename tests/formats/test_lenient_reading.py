"""In the field one flaw costs at most its own value."""

import orjson
import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.documents import parse
from fairwatch.formats.catalogue import decode, encode
from fairwatch.formats.payload import Payload

NOON = 1_772_625_600_000_000  # 2026-03-04T12:00:00Z
ALERT = (
    "<EventNotificationAlert><eventType>VMD</eventType><dateTime>{}</dateTime><channelName>{}</channelName>"
    "</EventNotificationAlert>"
)
FRIGATE = {"id": "1.5-a", "camera": "yard", "label": "person", "frame_time": 1_772_625_600.0, "start_time": 1.5}


def only(body: bytes, name: str | None = None) -> dict:
    ((_, record),) = decode(Payload(body, device_id="d", received_at=NOON), name).records
    return record


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2026-03-04T06:00:00-6:00", 0),
        ("2026-03-04T17:00:00+5", 0),
        ("2026-03-04T17:30:00+0530", 0),
        ("2026-03-04T11:60:00Z", 0),
        ("2026-03-04T11:59:75Z", 15),
        ("2026-03-03T24:00:00-12:00", 0),
        ("2026-3-4 12:0:0Z", 0),
    ],
)
def test_a_time_in_an_odd_spelling_is_that_time(written: str, seconds: int) -> None:
    record = only(ALERT.format(written, "a").encode())
    assert record["device_time"]["utc"] == NOON + seconds * 1_000_000
    assert record["device_time"]["raw"] == written


@pytest.mark.parametrize("written", ["yesterday", "2026-13-45T99:99:99Z", "0000-00-00T00:00:00", "9" * 400])
def test_a_time_that_nobody_understands_costs_the_time_and_not_the_event(written: str) -> None:
    record = only(ALERT.format(written, "a").encode())
    assert record["event_type"] == "motion.region"
    assert "device_time" not in record
    assert record["occurred_at"] == NOON


@pytest.mark.parametrize(
    "body",
    [
        ALERT.format("2026-03-04T12:00:00Z", "@").encode().replace(b"@", b"H\xf6f"),
        b'<?xml version="1.0" encoding="gb2312"?>'
        + ALERT.format("2026-03-04T12:00:00Z", "@").encode().replace(b"@", b"\xff\xff"),
        ALERT.format("2026-03-04T12:00:00Z", "A & B &nbsp; C").encode(),
        ALERT.format("2026-03-04T12:00:00Z", "a\x01b&#0;").encode(),
        ALERT.format("2026-03-04T12:00:00Z", "<x:y z:a='1'>n</x:y>").encode(),
        ALERT.format("2026-03-04T12:00:00Z", "a").encode() + b"\0\0\0",
        b'<?xml version="1.0" encoding="no-such"?>' + ALERT.format("2026-03-04T12:00:00Z", "a").encode(),
        b"\0" + ALERT.format("2026-03-04T12:00:00Z", "a").encode(),
        b'{"eventType":"VMD","channelID":1,"dateTime":"2026-03-04T12:00:00Z","channelName":"H\xf6f"}',
        b'{"eventType":"VMD","channelID":1,"dateTime":"2026-03-04T12:00:00Z","channelName":"a\x01\nb"}\0\0',
        b'{"eventType":"VMD","channelID":1,"dateTime":"2026-03-04T12:00:00Z","channelName":"\\ud83d"}',
    ],
)
def test_a_flaw_in_a_name_costs_no_more_than_the_name(body: bytes) -> None:
    record = only(body)
    assert (record["event_type"], record["device_time"]["utc"]) == ("motion.region", NOON)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (ALERT.format("2026-03-04T12:00:00Z", "a & b").encode()[:-30], "malformed"),
        (b'{"eventType":"VMD","channelName":"H\xf6f"', "malformed"),
        (b'{"eventType":"VMD","channelID":1,}', "malformed"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><EventNotificationAlert>& &x;</EventNotificationAlert>', "forbidden_xml"),
        (b"<p:a>" * 80 + b"&" + b"</p:a>" * 80, "too_deep"),
    ],
)
def test_nothing_that_is_missing_or_forbidden_is_mended(body: bytes, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        decode(Payload(body), "hikvision-isapi")
    assert caught.value.reason == reason


def test_attributes_and_elements_without_namespaces_read_the_same() -> None:
    good = b"<a:r xmlns:a='u' k='1'><a:b>x</a:b><b>y</b></a:r>"
    assert parse(good.replace(b" xmlns:a='u'", b"")) == parse(good) == ("xml", {"r": {"k": "1", "b": ["x", "y"]}})


@pytest.mark.parametrize("kind", ["new", "update", "end"])
def test_a_false_positive_is_no_sighting_whenever_it_is_told(kind: str) -> None:
    body = {"type": kind, "before": FRIGATE, "after": {**FRIGATE, "false_positive": True}}
    decoded = decode(Payload(orjson.dumps(body)), "frigate")
    assert (decoded.records, decoded.skipped[0][0]) == ([], "false_positive")
    assert decode(Payload(orjson.dumps({**FRIGATE, "false_positive": True})), "frigate").records == []


def test_what_a_format_keeps_is_written_with_the_type_that_it_had() -> None:
    after = {**FRIGATE, "false_positive": False, "stationary": True, "motionless_count": 7, "ratio": 0.5, "score": 0.7}
    record = only(orjson.dumps({"type": "update", "before": after, "after": after}), "frigate")
    written = orjson.loads(encode("frigate", "Observation", record).body)["after"]
    for name, value in after.items() - {("camera", "yard")}:  # a name travels as the device is registered
        assert (name, type(written[name]), written[name]) == (name, type(value), value)


@pytest.mark.parametrize(
    "box", ["left='480' top='270' right='960' bottom='810'", "left='1900' top='9' right='1' bottom='3'"]
)
def test_pixels_without_a_transformation_are_no_box_and_come_back_as_they_were(box: str) -> None:
    body = (
        "<tt:MetadataStream xmlns:tt='http://www.onvif.org/ver10/schema'><tt:VideoAnalytics><tt:Frame "
        f"UtcTime='2026-03-04T12:00:00Z'><tt:Object ObjectId='1'><tt:Appearance><tt:Shape><tt:BoundingBox {box}/>"
        "</tt:Shape></tt:Appearance></tt:Object></tt:Frame></tt:VideoAnalytics></tt:MetadataStream>"
    )
    record = only(body.encode())
    assert "box" not in record["shape"]
    assert record["shape"]["space"] == {"kind": "PIXEL_TOPLEFT"}
    again = only(encode("onvif-metadata", "Observation", record).body)
    assert again["shape"]["source"] == record["shape"]["source"]


def test_normalised_numbers_far_outside_are_pixels_and_a_box_beside_the_picture_is_none() -> None:
    event = {"id": "1-a", "label": "person", "start_time": 1.5, "camera": "c", "data": {"box": [480, 270, 100, 200]}}
    shape = only(orjson.dumps(event), "frigate")["shape"]
    assert (shape["space"]["kind"], "box" in shape) == ("PIXEL_TOPLEFT", False)
    event["data"] = {"box": [1.5, 0.2, 0.3, 0.3]}
    assert "box" not in only(orjson.dumps(event), "frigate")["shape"]
