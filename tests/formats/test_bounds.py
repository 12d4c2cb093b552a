"""What a body may become."""

import json

import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bounds import ALWAYS, GROWTH, MOST_RECORDS, BoundedRecords, weight
from fairwatch.formats.catalogue import decode
from fairwatch.formats.catalogue import refusal as judge
from fairwatch.formats.payload import Payload

FACE = {"FaceID": "", "InfoKind": 1, "SourceID": "1", "DeviceID": "31010000001320000001"}


def faces(count, **outside):
    items = [{**FACE, "FaceID": f"face-{number:05d}"} for number in range(count)]
    return json.dumps({"FaceListObject": {"FaceObject": items}, **outside}).encode()


def total(decoded):
    return sum(weight(record) for _, record in decoded.records)


def test_a_body_becomes_at_most_four_times_itself_or_64_kib():
    for body in (faces(1), faces(40), faces(700), faces(30, Note="x" * 200_000)):
        decoded = decode(Payload(body, device_id="cam-1"), "gat1400")
        assert total(decoded) <= max(GROWTH * len(body), ALWAYS)


def test_what_lies_outside_of_the_items_is_not_repeated():
    once, often = (
        total(decode(Payload(faces(count, Note="x" * 8_000), device_id="cam-1"), "gat1400")) for count in (1, 30)
    )
    assert often - once < 30 * 1_000


@pytest.mark.parametrize("body", [faces(MOST_RECORDS + 1), faces(400, **{f"Note{n}": "x" * 8_000 for n in range(40)})])
def test_gateway_and_normalize_judge_alike(body):
    payload = Payload(body, device_id="cam-1")
    try:
        told = decode(payload, "gat1400")
    except RejectedError as error:
        told = error
    assert isinstance(told, RejectedError) == (judge(payload, "gat1400") is not None)


def test_more_than_a_thousand_records_are_refused_with_what_to_do():
    with pytest.raises(RejectedError, match="send it in parts") as found:
        decode(Payload(faces(MOST_RECORDS + 1), device_id="cam-1"), "gat1400")
    assert found.value.reason == "too_large"


def test_records_that_repeat_a_large_value_are_refused():
    records, large = BoundedRecords(20_000), ("Observation", {"text": "x" * 9_000})
    for _ in range(8):
        records.append(large)
    with pytest.raises(RejectedError, match="bytes of records"):
        records.append(large)


def test_a_tracked_object_with_a_long_path_is_read():
    path = [[[0.5 + number / 1e4, 0.25], 1_790_000_000.0 + number] for number in range(490)]
    state = {
        "id": "1790000000.1-abc", "camera": "yard", "label": "person", "start_time": 1_790_000_000.0,
        "end_time": 1_790_000_500.0, "path_data": path, "box": [1, 2, 3, 4], "score": 0.7, "false_positive": False,
    }  # fmt: skip
    body = json.dumps({"type": "end", "before": state, "after": state}).encode()
    decoded = decode(Payload(body, path="frigate/events", device_id="cam-1"), "frigate")
    assert [kind for kind, _ in decoded.records] == ["Observation"]
