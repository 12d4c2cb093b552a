"""Hostile and broken input has a clear reason."""

import orjson
import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode
from fairwatch.formats.payload import Payload

END = "</EventNotificationAlert>"
ALERT = "<EventNotificationAlert><eventType>VMD</eventType><dateTime>2026-01-01T00:00:00Z</dateTime>{}" + END
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + ALERT.format("<x>&b;</x>")
EXTERNAL = '<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd">' + ALERT.format("")
FRIGATE = b'{"type":"new","before":{},"after":{"id":"1-a","camera":"c","label":"car","frame_time":1.5}}'


def decoded(body: bytes, name: str | None = "hikvision-isapi", **more: str) -> list[dict]:
    return [record for _, record in decode(Payload(body, device_id="d", received_at=7, **more), name).records]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (ALERT.format("").encode()[:60], "malformed"),
        (FRIGATE[:50], "malformed"),
        (BOMB.encode(), "forbidden_xml"),
        (EXTERNAL.encode(), "forbidden_xml"),
        (b"{" + b" " * 10_000_000 + b"}", "too_large"),
        (b"<a>" * 100_000, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "too_deep"),
        (b'{"eventType":"VMD","box":NaN}', "malformed"),
        (b"4", "malformed"),
        (b'{"hello":"world"}', "unknown_format"),
        (b"<hello/>", "unknown_format"),
        (b"--x\r\nContent-Type: application/xml\r\n\r\n<a>\r\n--x--\r\n", "malformed"),
    ],
)
def test_broken_input_is_rejected_with_its_reason(body: bytes, reason: str) -> None:
    for name in (None, "hikvision-isapi"):
        with pytest.raises(RejectedError) as caught:
            decoded(body, name)
        assert caught.value.reason == reason


def test_unknown_format_is_rejected() -> None:
    with pytest.raises(RejectedError) as caught:
        decoded(b"{}", "no-such-format")
    assert caught.value.reason == "unknown_format"


def test_missing_time_is_the_time_of_receipt() -> None:
    (record,) = decoded(b"<EventNotificationAlert><eventType>VMD</eventType></EventNotificationAlert>")
    assert record["occurred_at"] == 7
    assert record.get("device_time") is None


@pytest.mark.parametrize("year", [1970, 2052])
def test_wrong_clock_is_accepted(year: int) -> None:
    (record,) = decoded(ALERT.replace("2026", str(year)).format("").encode())
    assert record["device_time"]["raw"].startswith(str(year))


def test_local_time_is_in_the_zone_of_the_device() -> None:
    body = ALERT.replace("Z<", "<").format("").encode()
    (utc,) = decoded(body)
    (berlin,) = decoded(body, time_zone="Europe/Berlin")
    assert utc["device_time"]["zone"] == "ASSUMED_UTC"
    assert berlin["device_time"]["zone"] == "ASSUMED_SITE"
    assert utc["occurred_at"] - berlin["occurred_at"] == 3_600_000_000


def test_unknown_event_is_other_and_unknown_fields_do_not_travel() -> None:
    (record,) = decoded(ALERT.replace("VMD", "neverSeen").format("<strange><a>1</a></strange>").encode())
    assert record["event_type"] == "other"
    assert record["event_code"]["code"] == "unlisted"
    assert "strange" not in str(record)


def test_largest_id_survives() -> None:
    tree = orjson.loads(FRIGATE)
    tree["after"]["id"] = 2**64 - 1
    (record,) = decoded(orjson.dumps(tree), "frigate")
    assert record["object_id"] == "18446744073709551615"


def test_box_outside_the_frame_is_clamped_and_its_numbers_kept() -> None:
    rect = "<TargetRect><X>-0.5</X><Y>0.5</Y><width>2</width><height>0.1</height></TargetRect>"
    entry = f"<DetectionRegionList><DetectionRegionEntry>{rect}</DetectionRegionEntry></DetectionRegionList>"
    (record,) = decoded(ALERT.replace("VMD", "fielddetection").format(entry).encode())
    assert record["shape"]["source"] == [-0.5, 0.5, 2.0, 0.1]
    assert record["shape"]["box"] == {"x0": 0.0, "y0": 0.5, "x1": 1.0, "y1": 0.6}


def test_duplicate_has_the_same_id_and_another_event_has_not() -> None:
    first, again = (decoded(ALERT.format("").encode())[0] for _ in range(2))
    (later,) = decoded(ALERT.replace("00:00Z", "00:01Z").format("").encode())
    assert first["observation_id"] == again["observation_id"] != later["observation_id"]


def test_events_without_time_or_id_differ_by_receipt() -> None:
    body = b"<EventNotificationAlert><eventType>VMD</eventType></EventNotificationAlert>"
    ids = {decode(Payload(body, received_at=at), None).records[0][1]["observation_id"] for at in (1, 2)}
    assert len(ids) == 2


def test_unknown_fields_make_a_record_no_larger_however_many_they_are() -> None:
    body = orjson.dumps({"eventType": "VMD", "channelID": 1, **{f"f{at}": at for at in range(5000)}})
    (record,) = decoded(body)
    assert len(orjson.dumps(record)) < 1000


def test_plain_text_topics_are_skipped_by_name() -> None:
    for path, body in (("frigate/available", b"online"), ("frigate/hof/person", b"2"), ("", b"ON")):
        found = decode(Payload(body, path=path), "frigate")
        assert not found.records
        assert found.skipped


def test_a_picture_in_an_unknown_field_does_not_travel_inline():
    body = b'{"eventType":"VMD","dateTime":"2026-01-01T00:00:00Z","channelID":1,"t":"/9j/4AAQ","more":["iVBORw0KGgo="]}'
    [(_, record)] = decode(Payload(body=body, content_type="application/json"), "hikvision-isapi").records
    assert not {"/9j/", "iVBOR"} & set(orjson.dumps(record).decode().split('"'))
    assert "extensions" not in record
