"""A word that a device puts anywhere is in nothing that Fairwatch carries on; what is innocent is not changed.

`make leaks` tries the whole corpus; the default tests a sample.
"""

import copy
import json
import os
from typing import Any

import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.formats import catalogue
from fairwatch.formats.catalogue import decode
from fairwatch.formats.payload import Payload
from fairwatch.wire.avro import Codec
from fairwatch.wire.kinds.checking import misfit
from tests.support.hostile import RECEIVED, encodings, folded, hostile
from tests.support.recordings import recordings

WHOLE = bool(os.environ.get("FAIRWATCH_LEAKS"))
HOSTILE = 6_000 if WHOLE else 300
INNOCENT = 1_200 if WHOLE else 60
# Letters that spell a word where a plate belongs are a vanity plate: they are not judged, sentences there are.
PLATE = ("text", "raw", "characters")


def carried(item: Any) -> dict[str, Any]:
    """Return what becomes of a payload, as text may hold it; plates apart."""
    try:
        decoded = decode(item.payload, item.format)
    except RejectedError as error:
        return {"reason": error.reason, "field": error.field}
    records = copy.deepcopy(decoded.records)
    for _, record in records:
        for plate in record.get("plates", ()):
            assert all(len(plate.get(name, "")) <= 32 for name in PLATE[:2])
            for name in PLATE:
                plate.pop(name, None)
    return {
        "records": records,
        "skipped": [reason for reason, _ in decoded.skipped],
        "media": [mime for _, mime in decoded.media.values()],
    }


def test_no_word_of_a_hostile_payload_is_carried_on_in_any_encoding() -> None:
    leaks = []
    for item in hostile(HOSTILE):
        said = folded(json.dumps(carried(item), ensure_ascii=False, default=str))
        leaks += [(item.name, item.term) for written in encodings(item.term) if len(written) > 2 and written in said]
    assert not leaks


def kept_whole(record: dict[str, Any]) -> dict[str, Any]:
    """Return plates, class, counts, times, places and what is said of a vehicle."""
    names = ("plates", "count", "occurred_at", "geo", "shape", "speed_mps", "lifecycle", "event_type", "vehicle")
    kept = {name: copy.deepcopy(record[name]) for name in names if name in record}
    for plate in kept.get("plates", ()):  # a reader counts the reading itself among its hypotheses; nobody else does
        others = [each for each in plate.pop("alternatives", ()) if each["text"] != plate["text"]]
        plate.update({"alternatives": others} if others else {})
    return kept


def lost(before: Any, after: Any) -> bool:
    """Tell whether anything that was said before is not said after."""
    if isinstance(before, dict):
        return any(name not in after or lost(value, after[name]) for name, value in before.items())
    if isinstance(before, list):
        return len(before) != len(after) or any(map(lost, before, after))
    return bool(before != after)


def without_codes(node: Any) -> Any:
    """Return a tree without coded values, whose tables are judged elsewhere, and names of what is unknown."""
    if isinstance(node, dict):
        return {
            name: without_codes(value)
            for name, value in node.items()
            if not (isinstance(value, dict) and "system" in value)
            and not (name in {"kind", "name"} and value in {"OTHER", "UNKNOWN"})
        }
    return [without_codes(item) for item in node] if isinstance(node, list) else node


PLATES = (
    "HIJAB1",
    "TURBAN",
    "RACE 1",
    "B AB 123",
    "沪A12345",
    "京A·F0236",
    "MÜ X 832",
    "กข 1234",
    "RABBI 7",
    "KIPPA1",
    "AGE 50",
    "12-34-ЖШ",
)


@pytest.mark.parametrize("plate", PLATES)
def test_a_plate_is_carried_as_it_was_read_whatever_it_spells(plate: str) -> None:
    event = {
        "type": "lpr",
        "id": "1.1-a",
        "name": "x",
        "plate": plate,
        "score": 0.9,
        "camera": "c",
        "timestamp": 1_700_000_000.1,
    }
    [(_, record)] = decode(Payload(json.dumps(event).encode(), device_id="d", received_at=RECEIVED), "frigate").records
    assert record["plates"][0]["raw"] == plate


def test_what_is_innocent_is_not_changed() -> None:
    changed, judged = [], 0
    paths = recordings()
    for number in range(INNOCENT):
        path = paths[(number * 7) % len(paths)]
        payload = Payload(path.read_bytes(), device_id=f"cam-{number}", received_at=RECEIVED + number)
        try:
            before = [kept_whole(record) for _, record in catalogue._read(payload, path.parent.name).records]
            after = [kept_whole(record) for _, record in decode(payload, path.parent.name).records]
        except RejectedError:
            continue
        judged += 1
        changed += [path.name for one, two in zip(before, after, strict=True) if lost(without_codes(one), two)]
    assert judged > INNOCENT / 2
    assert not changed


@pytest.mark.parametrize("soft", [False, True])
def test_enrich_takes_whatever_a_format_reads(soft: bool) -> None:
    codec, refused = Codec(), []
    for path in recordings():
        payload = Payload(path.read_bytes(), device_id="dev-1", received_at=RECEIVED, soft_biometrics=soft)
        try:
            records = decode(payload, path.parent.name).records
        except RejectedError:
            continue
        whole = [codec.decode(codec.encode(kind, record))[1] for kind, record in records if kind == "Observation"]
        refused += [(path.name, field) for record in whole if (field := misfit("Observation", record))]
    assert not refused
