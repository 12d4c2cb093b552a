"""Events that travel in somebody else's envelope are read as what they are; an envelope of nothing known is skipped."""

import orjson
import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode, recognise
from fairwatch.formats.payload import Payload
from fairwatch.formats.translate import translate

PLATE = {
    "data_type": "alpr_group",
    "best_plate_number": "FW4774",
    "best_confidence": 90.0,
    "epoch_start": 1772590272250,
}


def enveloped(data: object) -> bytes:
    return orjson.dumps({"specversion": "1.0", "type": "org.example", "source": "/gate", "id": "5", "data": data})


def test_a_plate_in_a_cloud_event_is_read_as_its_own_format() -> None:
    payload = Payload(enveloped(PLATE), device_id="d")
    decoded = decode(payload)
    assert recognise(payload).name == decoded.format == "openalpr"
    assert [record["plates"][0]["text"] for _, record in decoded.records] == ["FW4774"]


def test_a_device_of_a_known_format_may_send_cloud_events() -> None:
    assert decode(Payload(enveloped(PLATE), device_id="d"), "openalpr").format == "openalpr"


@pytest.mark.parametrize("data", [{"error": "text"}, {"a": 1}, "text", 1.5, None, [PLATE]])
def test_a_cloud_event_of_something_else_is_skipped_by_name(data: object) -> None:
    decoded = decode(Payload(enveloped(data), device_id="d"))
    assert (decoded.format, decoded.skipped[0][0]) == ("cloudevents", "foreign_event")


def test_a_cloud_event_in_headers_is_skipped_when_no_format_knows_its_body() -> None:
    headers = {"CE-SpecVersion": "1.0", "ce-type": "org.example"}
    assert decode(Payload(b'{"a": 1}', headers=headers)).skipped == [("foreign_event", "ce-specversion")]
    assert decode(Payload(orjson.dumps(PLATE), headers=headers)).format == "openalpr"
    with pytest.raises(RejectedError):
        decode(Payload(b'{"a": 1}'))


def test_a_recording_of_many_lines_is_as_many_messages() -> None:
    lines = b"\n".join(orjson.dumps({**PLATE, "epoch_start": 1772590272250 + number}) for number in range(1_200))
    with pytest.raises(RejectedError, match="too_large"):
        decode(Payload(lines, device_id="d"))
    assert len(translate("recording.jsonl", Payload(lines, device_id="d")).lines) == 1_200
