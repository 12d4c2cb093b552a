"""decode(encode(x)) = x for what a format can carry, and what it cannot is named."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode, encode, formats
from fairwatch.formats.payload import Payload
from fairwatch.policy.second_line import asked_about
from tests.support.recordings import recordings

# GA/T 1400 and ONVIF have round trips of their own.
TWO_WAY = sorted(
    name
    for name, one in formats().items()
    if not name.startswith(("gat1400", "onvif"))
    and any(message.writes is not None for message in one.declaration.messages)
)
RECORDINGS = recordings(*TWO_WAY)
HUB = ("observation_id", "raw_sha256", "removed_fields", "received_at", "media")
# What a document of the format must say even if the record did not: when, who, that it is on, in which version.
DEMANDED = (
    "device_time",
    "occurred_at",
    "active",
    "source.device_id",
    "source.version",
    "event_code",
    "event_code.text",
)
TIMES = st.integers(1_500_000_000, 2_000_000_000)
LETTERS = st.characters(codec="utf-8", categories=["L", "N"])
# Hypothesis also tries words of our own source, among them those that policy takes out.
WORDS = st.text(LETTERS, min_size=1, max_size=12).filter(lambda word: not asked_about(word))
UNITS = st.integers(0, 100).map(lambda number: number / 100)


def difference(one: Any, other: Any, path: str = "") -> set[str]:
    """Return where the first says something that the second does not say."""
    if isinstance(one, dict) and isinstance(other, dict):
        below = (difference(value, other.get(key), f"{path}.{key}") for key, value in one.items())
        return {name for found in below for name in found}
    if isinstance(one, float) and isinstance(other, float):
        return set() if abs(one - other) < 1e-6 else {path[1:]}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return {name for left, right in zip(one, other, strict=True) for name in difference(left, right, path)}
    return set() if one == other else {path[1:]}


def said(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in HUB}


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_recording_survives_being_written(path: Path) -> None:
    name = path.parent.name
    try:
        decoded = decode(Payload(path.read_bytes(), device_id="d", received_at=9), name)
    except RejectedError:
        return
    for kind, record in decoded.records:
        try:
            written = encode(name, kind, record)
        except RejectedError:
            continue
        again = decode(Payload(written.body, written.content_type, written.path, device_id="d", received_at=9), name)
        changed = {one for one in difference(said(record), said(again.records[0][1])) if not one.startswith(DEMANDED)}
        assert not {
            one for one in changed if not any(lost.startswith(one) or one.startswith(lost) for lost in written.lost)
        }


# What a format does not give back of its own recordings; everything else comes back as it was.
LOSSES = {
    "cap": (),
    "cloudevents": (),
    "dlstreamer": (
        "class_code",
        "object_class",
        "shape.source",
        "shape.space",
    ),  # labels of no table, pixels beside the box
    "gb28181": ("event_code",),  # a behaviour by its name
    "nvschema": (),
    "openalpr": ("event_code", "plates.box"),  # an alert becomes a group; corners of a picture whose size no plate has
    "scenescape": (),
}


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_two_way_format_gives_back_what_it_reads(name: str) -> None:
    lost: dict[str, str] = {}
    for path in recordings(name):
        try:
            records = decode(Payload(path.read_bytes(), device_id="d", received_at=9), name).records
        except RejectedError:
            continue
        for kind, record in records:
            try:
                written = encode(name, kind, record)
            except RejectedError:  # a kind of event that the format has no message for
                continue
            lost |= {field: path.name for field in written.lost if not field.startswith(LOSSES[name])}
    assert lost == {}


@st.composite
def plates(draw: st.DrawFn) -> dict[str, Any]:
    text = draw(st.text("ABCDEFGH0123456789ÄÖÜ", min_size=1, max_size=9))
    confidence = draw(st.integers(0, 100))
    return {
        "event_type": "plate.read",
        "object_class": "MOTOR_VEHICLE",
        "lifecycle": "MOMENTARY",
        "device_time": {"utc": draw(TIMES) * 1_000_000, "raw": ""},
        "source": {"format": "elsewhere", "device_id": draw(WORDS), "channel": draw(WORDS)},
        "plates": [
            {
                "text": text,
                "raw": text,
                "state": "READ",
                "confidence": {"value": confidence / 100, "raw": str(confidence), "scale": "PERCENT"},
            }
        ],
    }


@settings(max_examples=40, deadline=None)
@given(record=plates())
def test_plate_of_another_maker_survives_hikvision(record: dict[str, Any]) -> None:
    written = encode("hikvision-isapi", "Observation", {**record, "device_id": "d", "occurred_at": 1, "received_at": 1})
    assert written.lost == []
    (again,) = (
        found for _, found in decode(Payload(written.body, device_id="d", received_at=1), "hikvision-isapi").records
    )
    assert again["plates"] == record["plates"]
    assert again["device_time"]["utc"] == record["device_time"]["utc"]
    assert again["event_type"] == "plate.read"


@settings(max_examples=40, deadline=None)
@given(
    at=TIMES,
    label=st.sampled_from(["person", "car", "dog", "drone"]),
    score=UNITS,
    zones=st.lists(st.integers(0, 99).map(str), max_size=3),
)
def test_object_survives_frigate(at: int, label: str, score: float, zones: list[str]) -> None:
    record = {
        "event_type": {"person": "person.seen", "car": "vehicle.seen"}.get(label, "object.detected"),
        "class_code": {"system": "frigate:label", "code": label},
        "object_id": "1-a",
        "lifecycle": "UPDATE",
        "device_time": {"utc": at * 1_000_000, "raw": str(at), "zone": "+00:00", "precision": "SECOND"},
        "confidence": {"value": score, "raw": str(score), "scale": "LIKELIHOOD01"},
        "source": {"format": "frigate", "device_id": "cam"},
        "zones": zones,
    }
    written = encode("frigate", "Observation", {**record, "device_id": "d", "occurred_at": 1, "received_at": 1})
    assert written.lost == []
    (again,) = (found for _, found in decode(Payload(written.body, device_id="d"), "frigate").records)
    for name in ("event_type", "class_code", "object_id", "lifecycle", "device_time"):
        assert again[name] == record[name]
    assert again.get("zones", []) == zones
    assert again["confidence"]["value"] == pytest.approx(score)
