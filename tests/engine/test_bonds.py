"""A record that only the hub writes proves who wrote it, from what a processor emits to what the next one sees."""

from dataclasses import replace
from typing import Any

import pytest

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.engine.chain import Handed
from fairwatch.engine.encoding import Encoding
from fairwatch.engine.record import Record
from fairwatch.engine.submission import Output
from fairwatch.parts import spec_of
from fairwatch.telemetry import metrics
from fairwatch.wire.avro import Codec
from fairwatch.wire.bonds import BOND, Bonds
from fairwatch.wire.refused_records import is_foreign
from fairwatch.wire.topics import topics
from tests.support.records import candidate, sighting

KEY = b"what the processors of a hub share"
RECORDS = {name: topic.record for name, topic in topics().items()}
CODEC = Codec()
SEEN = Event("sightings", "Sighting", sighting("plate.read"), "cam-1", {}, 3, 41)
FOUND = candidate("FACE")


def encoding(name: str, key: bytes = KEY, *, accepts: bool = False) -> Encoding:
    return Encoding(spec_of(name), CODEC, RECORDS, "hub.", Bonds(key, accepts=accepts))


def written(name: str = "match", key: bytes = KEY, record: dict[str, Any] = FOUND) -> Output:
    by = encoding(name, key)
    by.begin(1)
    return by.output(Emit("candidates", record["candidate_id"], record), SEEN, 0, 0)


def read(output: Output, key: bytes = KEY, *, accepts: bool = False, **changed: Any) -> Event:
    record = Record("hub.candidates", 1, 9, 0, output.key, output.value, tuple(output.headers))
    [event], _, _ = encoding("verify", key, accepts=accepts).events([replace(record, **changed)])
    return event


def test_what_match_finds_verify_takes() -> None:
    assert read(written()).writer == "match"
    assert not is_foreign(read(written()))


def test_a_tick_speaks_under_the_same_bond() -> None:
    by = encoding("match")
    by.begin(1)
    assert read(by.timed_output(Emit("candidates", FOUND["candidate_id"], FOUND))).writer == "match"


@pytest.mark.parametrize(
    "changed",
    [{"key": b"of another"}, {"value": written(record=FOUND | {"kind": "PLATE"}).value}, {"headers": ()}],
    ids=["under another key", "a face that is called a plate", "without its headers"],
)
def test_what_is_changed_on_the_way_is_nobodys(changed: dict[str, Any]) -> None:
    event = read(written(), **changed)
    assert event.writer == ""
    assert is_foreign(event)


def test_a_bond_under_another_id_or_key_of_the_hub_is_none() -> None:
    output = written()
    headers = tuple((name, b"sightings/0/0/0" if name == "ce_id" else value) for name, value in output.headers)
    assert read(output, headers=headers).writer == ""
    assert read(written(key=b"of somebody else")).writer == ""


def test_who_may_not_write_candidates_writes_none_though_of_the_hub() -> None:
    event = read(written("retain"))
    assert (event.writer, is_foreign(event)) == ("retain", False)
    event.writer = "notify"
    assert is_foreign(event)
    event.writer = "match-shard-1-of-2"
    assert not is_foreign(event)


def test_without_a_key_or_during_an_upgrade_nobody_is_asked() -> None:
    assert BOND not in dict(written(key=b"").headers)
    assert read(written(key=b""), key=b"").writer is None
    taken = metrics.RECORDS_UNBOUND.labels("verify", "candidates")
    before = taken._value.get()
    assert read(written(key=b""), accepts=True).writer is None
    assert taken._value.get() == before + 1
    assert read(written(), accepts=True).writer == "match"


def test_what_takes_a_record_away_says_nothing_of_anybody() -> None:
    assert not is_foreign(read(Output("hub.candidates", b"c", None, [("ce_id", b"1")])))


def test_a_record_follows_from_where_its_cause_lies_or_what_came_into_the_chain() -> None:
    assert SEEN.places == [{"topic": "sightings", "partition": 3, "offset": 41}]
    came = Handed("hub.candidates", 1, b"c", CODEC.encode("MatchCandidate", FOUND), [], ("hub.raw-events", 4, 17))
    [event], _, _ = encoding("verify").events([came])
    assert event.places == [{"topic": "raw-events", "partition": 4, "offset": 17}]
    assert Event("sightings", "Sighting", None).places == []
