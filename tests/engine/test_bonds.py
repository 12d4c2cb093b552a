"""A record that only the hub writes proves who wrote it, from what a processor emits to what the next one sees."""

from dataclasses import replace
from typing import Any

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.domain.records import DeadLetter
from fairwatch.engine.chain import Handed
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.dead_letters import DeadLetters
from fairwatch.engine.encoding import Encoding
from fairwatch.engine.record import Record
from fairwatch.engine.reference import TopicReference
from fairwatch.engine.submission import Output
from fairwatch.parts import spec_of
from fairwatch.telemetry import metrics
from fairwatch.wire.avro import Codec
from fairwatch.wire.bonds import BOND, Bonds
from fairwatch.wire.dead_letter import redriven
from fairwatch.wire.refused_records import foreign_told, is_foreign
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


def taken_away(name: str, key: bytes = KEY) -> Output:
    by = encoding(name, key)
    by.begin(1)
    return by.timed_output(Emit("candidates", "c", None))


def test_what_takes_a_record_away_proves_who_does_it() -> None:
    assert (read(taken_away("retain")).writer, is_foreign(read(taken_away("retain")))) == ("retain", False)
    stranger = read(Output("hub.candidates", b"c", None, [("ce_id", b"1")]))
    assert (stranger.record, is_foreign(stranger)) == (None, True)
    assert is_foreign(read(taken_away("retain"), key=b"of another"))
    assert not is_foreign(read(Output("hub.candidates", b"c", None, [("ce_id", b"1")]), accepts=True))


def test_the_command_line_with_the_secret_takes_away_and_writes_nothing() -> None:
    gone = Bonds(KEY).header("cli", "candidates", b"c", b"1", b"")
    assert not is_foreign(read(Output("hub.candidates", b"c", None, [("ce_id", b"1"), (BOND, gone)])))
    value = CODEC.encode("MatchCandidate", FOUND)
    made = Bonds(KEY).header("cli", "candidates", b"c", b"1", value)
    assert is_foreign(read(Output("hub.candidates", b"c", value, [("ce_id", b"1"), (BOND, made)])))


def buried(output: Output) -> DeadLetter:
    """Return the dead letter of a candidate of which policy keeps a part."""
    kept = CODEC.encode("MatchCandidate", FOUND | {"rank": 7})
    config = EngineConfig(bootstrap="", chain_key=KEY, topic_prefix="hub.", redact=lambda *_: kept)
    letters = DeadLetters("verify", config, CODEC, ManualClock(1))
    record = Record("hub.candidates", 1, 9, 0, output.key, output.value, tuple(output.headers))
    written = letters.output(record, 0, RejectedError("internal", "for a test"))
    letter: DeadLetter = CODEC.decode(written.value or b"", "DeadLetter")[1]  # type: ignore[assignment]
    assert letter["redacted"]
    return letter


def test_what_is_kept_of_a_candidate_of_ours_is_redriven_as_ours_and_nothing_else_is() -> None:
    key, value, headers = redriven(buried(written()))
    event = read(Output("hub.candidates", key or b"", value, list(headers.items())))
    assert (event.writer, event.record["rank"]) == ("match", 7)
    key, value, headers = redriven(buried(written(key=b"of somebody else")))
    assert is_foreign(read(Output("hub.candidates", key or b"", value, list(headers.items()))))
    key, _, headers = redriven(buried(written()))
    changed = CODEC.encode("MatchCandidate", FOUND | {"rank": 8})
    assert is_foreign(read(Output("hub.candidates", key or b"", changed, list(headers.items()))))


def test_a_record_follows_from_where_its_cause_lies_or_what_came_into_the_chain() -> None:
    assert SEEN.places == [{"topic": "sightings", "partition": 3, "offset": 41}]
    came = Handed("hub.candidates", 1, b"c", CODEC.encode("MatchCandidate", FOUND), [], ("hub.raw-events", 4, 17))
    [event], _, _ = encoding("verify").events([came])
    assert event.places == [{"topic": "raw-events", "partition": 4, "offset": 17}]
    assert Event("sightings", "Sighting", None).places == []


def inhibition(name: str, record: dict[str, Any] | None = None, key: bytes = KEY) -> Record:
    by = encoding(name, key)
    by.begin(1)
    output = by.timed_output(Emit("inhibitions", "a/r/x", record))
    return Record("hub.inhibitions", 0, 3, 0, output.key, output.value, tuple(output.headers))


INHIBITS = {"silence_id": "a/r/x", "author": "processor:group", "role": "r", "reason": "", "matchers": ["site_id=s"],
            "starts_at": 1, "expires_at": 2, "updated_at": 1}  # fmt: skip


def test_what_group_inhibits_is_in_force_and_what_a_stranger_writes_or_lifts_is_not() -> None:
    held = TopicReference("notify", "inhibitions", "Silence", CODEC, Bonds(KEY))
    for foreign in (inhibition("group", INHIBITS, b"of another"), replace(inhibition("group", INHIBITS), headers=())):
        held.take(foreign)
    assert held.get("a/r/x") is None
    held.take(inhibition("group", INHIBITS))
    held.take(replace(inhibition("group"), headers=()))
    assert held.get("a/r/x") is not None
    told = [emit.record for emit in foreign_told("group", held, 7)]
    assert [(one["action"], one["details"]["reason"]) for one in told] == [("record.refused", "unbound")] * 3
    assert foreign_told("group", held, 7) == []
    held.take(inhibition("group"))
    assert held.get("a/r/x") is None


def test_during_an_upgrade_what_is_inhibited_without_a_bond_is_in_force() -> None:
    held = TopicReference("notify", "inhibitions", "Silence", CODEC, Bonds(KEY, accepts=True))
    taken = metrics.RECORDS_UNBOUND.labels("notify", "inhibitions")
    before = taken._value.get()
    held.take(replace(inhibition("group", INHIBITS), headers=()))
    assert (held.get("a/r/x") is not None, taken._value.get()) == (True, before + 1)
    held.take(inhibition("group", INHIBITS))
    assert taken._value.get() == before + 1


def test_an_output_says_when_its_batch_began() -> None:
    assert dict(written().headers)["ce_time"] == b"1970-01-01T00:00:00.000001Z"


def test_a_key_that_is_no_text_is_a_dead_letter_at_its_place() -> None:
    output = written()
    records = [
        Record("hub.candidates", 0, offset, 0, key, output.value, tuple(output.headers))
        for offset, key in enumerate((output.key, b"\xff"))
    ]
    events, places, broken = encoding("verify").events(records, 7)
    assert ([event.offset for event in events], places) == ([0], [7])
    assert {place: error.reason for place, error in broken.items()} == {8: "malformed"}
