"""Each leaf of each payload is told exactly once, with what became of it."""

import copy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.opening import open_body
from fairwatch.formats.catalogue import decode, formats
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.trace import OUTCOMES, Entry, Trace
from fairwatch.formats.payload import Payload
from tests.formats.test_recordings import payload_of
from tests.support.recordings import folder_of, recordings

RECORDINGS = recordings()
JSON = [path for path in RECORDINGS if path.read_bytes()[:1] == b"{"]
NAMES = st.text("abcdefgXYZ@#_-", min_size=1, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-300, 300) | st.floats(allow_nan=False, width=16) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def count_leaves(node: Any) -> int:
    """Return how many values a document says, told without the help of the code under test."""
    if isinstance(node, dict | list):
        return sum(map(count_leaves, node.values() if isinstance(node, dict) else node))
    return int(node is not None and node != "")


def traced(payload: Payload, name: str) -> Trace | None:
    """Return the trace, or None where the payload is not read to its end."""
    trace = Trace()
    try:
        decode(payload, name, trace)
    except RejectedError:
        return None
    return trace


def outcomes(name: str, recording: str) -> dict[str, tuple[str, str]]:
    trace = traced(payload_of(folder_of(name) / recording), name)
    assert trace
    return {entry.path: (entry.outcome, entry.field) for entry in trace.entries}


def check(payload: Payload, name: str) -> None:
    trace = traced(payload, name)
    if trace is None:
        return
    try:
        documents = open_body(payload, Environment(payload))
    except RejectedError:
        return  # skipped by its path, before it was parsed
    program = formats()[name].program
    if trace.entries or not formats()[name].skips(payload, chosen=True):
        assert len(trace.entries) == sum(count_leaves(program.unwrap(document.tree)) for document in documents)
    assert max(Counter((entry.document, entry.path) for entry in trace.entries).values(), default=1) == 1
    assert {entry.outcome for entry in trace.entries} <= set(OUTCOMES)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_leaf_of_a_recording_is_told_exactly_once(path: Path) -> None:
    check(payload_of(path), path.parent.name)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_tracing_changes_no_record(path: Path) -> None:
    try:
        plain = decode(payload_of(path), path.parent.name)
    except RejectedError:
        return
    assert decode(payload_of(path), path.parent.name, Trace()) == plain


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(JSON), extra=st.dictionaries(NAMES, VALUES, max_size=3), data=st.data())
def test_every_leaf_is_told_once_whatever_a_device_adds(path: Path, extra: dict[str, Any], data: st.DataObject) -> None:
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return
    document = copy.deepcopy(document)
    places = [document, *(value for value in document.values() if isinstance(value, dict))]
    data.draw(st.sampled_from(places)).update(extra)
    check(Payload(orjson.dumps(document), device_id="d", received_at=1), path.parent.name)


def test_trace_follows_values_that_code_moves_and_computes() -> None:
    told = outcomes("onvif-metadata", "vehicle_plate_geo.xml")
    base = "MetadataStream.VideoAnalytics.Frame.Object.Appearance"
    assert told[f"{base}.LicensePlateInfo.PlateNumber"] == ("exact", "plates.raw")
    assert told[f"{base}.Shape.BoundingBox.left"][0] == "exact"
    unread = {path for path, (outcome, _) in told.items() if outcome == "not_read" and "Appearance" in path}
    assert unread == {f"{base}.Class.Type.0", f"{base}.Class.Type.0.Likelihood"}, "a class that is less likely"


def test_trace_says_what_policy_refuses_and_what_is_never_read() -> None:
    frigate = outcomes("frigate", "event_new.json")
    assert frigate["before.label"] == ("not_read", "superseded")
    told = outcomes("gat1400", "faces.json")
    assert {path.rpartition(".")[2] for path, (outcome, _) in told.items() if outcome == "refused"} >= {
        "IsForeigner",
        "GenderCode",
    }


class Looked(list[tuple[str, dict[str, Any]]]):
    """Records that count how often they are looked through."""

    times = 0

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        self.times += 1
        return super().__iter__()


def test_the_records_of_a_body_are_looked_through_once_for_each_field_and_not_for_each_leaf() -> None:
    before = Looked([("Observation", {"speed": 1, "direction": "N", "lane": "2"})] * 100)
    after = [("Observation", {"speed": 1, "lane": "x"})] * 100
    trace = Trace()
    trace.entries = [
        Entry(0, f"{number}.{field}", "exact", field, "TEXT")
        for number in range(100)
        for field in ("speed", "direction", "lane")
    ]
    trace.closed(before, after)
    assert before.times == 3
    assert [(entry.outcome, entry.field) for entry in trace.entries[-3:]] == [
        ("exact", "speed"),
        ("refused", "policy"),
        ("approximated", "lane"),
    ]
