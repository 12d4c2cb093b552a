"""The parts of the engine that need no broker."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.tasks import ended
from fairwatch.engine.application import consumer_options
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.dead_letters import DeadLetters
from fairwatch.engine.guard import DeadLetterGuard, TooManyDeadError
from fairwatch.engine.quiet import OncePer
from fairwatch.engine.reference import TopicReference
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.engine.submission import partition_of
from fairwatch.engine.tally import Tally
from fairwatch.engine.transport import split
from fairwatch.engine.turns import ReleasedError, Turns
from fairwatch.wire.dead_letter import UndecodedError, is_reference
from fairwatch.wire.topics import open_topics
from tests.support.engine_lab import CODEC, observation


def test_a_run_of_dead_letters_stops_the_worker():
    guard = DeadLetterGuard(share=1.0, window=1000, run=3)
    guard.check([True, True, False])
    guard.check([True, True, True])
    with pytest.raises(TooManyDeadError, match="4 events in a row"):
        guard.check([True])


def test_a_share_of_dead_letters_stops_the_worker_once_the_window_is_full():
    guard = DeadLetterGuard(share=0.5, window=10, run=100)
    guard.check([True] * 9)
    guard.check([False] * 9)
    guard.check([False, True] * 5)
    with pytest.raises(TooManyDeadError, match="of the last"):
        guard.check([True] * 9)


def test_old_batches_leave_the_window():
    guard = DeadLetterGuard(share=0.5, window=10, run=100)
    for _ in range(100):
        guard.check([True, False, False, False, False])
    guard.check([True] * 4)


def test_a_half_done_event_leaves_no_state():
    state = PartitionedState()
    state.restore({0: Held({"kept": b'{"n":1}'}, mark=0)})
    state.put(0, "kept", {"n": 2})
    state.savepoint()
    state.put(0, "kept", {"n": 3})
    state.put(0, "new", {"n": 1})
    state.delete(0, "kept")
    state.rollback()
    assert dict(state.items(0)) == {"kept": {"n": 2}}
    assert state.changes() == [(0, "kept", b'{"n":2}'), (0, "new", None)]


def test_what_a_processor_got_does_not_change_state():
    state = PartitionedState()
    state.restore({0: Held({"a": b'{"n":1}'}, mark=0)})
    state.get(0, "a")["n"] = 9
    assert state.get(0, "a") == {"n": 1}
    state.delete(0, "a")
    state.delete(0, "never there")
    assert state.changes() == [(0, "a", None)]


def test_state_of_a_foreign_partition_names_the_cause():
    with pytest.raises(ConfigurationError, match="partition 3"):
        PartitionedState().get(3, "a")


def test_libraries_repeat_themselves_once_a_minute():
    now = 0.0
    once = OncePer(60, lambda: now)
    record = logging.LogRecord("aiokafka.conn", logging.ERROR, "", 1, "no %s", ("broker",), None)
    ours = logging.LogRecord("fairwatch", logging.ERROR, "", 1, "no %s", ("broker",), None)
    passed = []
    for moment in (0.0, 1.0, 59.0, 61.0, 62.0):
        now = moment
        passed.append(once.filter(record))
        assert once.filter(ours)
    assert passed == [True, False, False, True, False]


def reference_record(key, value, partition=0, at=0):
    value = CODEC.encode("Observation", observation(value)) if isinstance(value, str) else value
    return SimpleNamespace(key=key, value=value, partition=partition, timestamp=at)


def test_reference_takes_changes_and_survives_junk():
    reference = TopicReference("probe", "ref", "Observation", CODEC)
    for key, value in ((b"a", "1"), (b"b", "2"), (b"a", b"junk"), (b"\xff", b"junk")):
        reference.take(reference_record(key, value))
    assert (reference.get("a")["observation_id"], reference.version) == ("1", 2)
    reference.take(reference_record(b"a", None))
    assert [key for key, _ in reference.items()] == ["b"]
    assert reference.version == 3


def test_a_key_that_moved_to_a_new_partition_keeps_its_newest_value():
    reference = TopicReference("probe", "ref", "Observation", CODEC)
    rows = (("new", 3, 20), ("old", 0, 10), ("newer", 3, 19))  # within a partition the order counts, not the clock
    for value, partition, at in rows:
        reference.take(reference_record(b"a", value, partition, at))
    assert reference.get("a")["observation_id"] == "newer"
    reference.take(reference_record(b"a", None, 3, 30))
    reference.take(reference_record(b"a", "old", 0, 10))
    assert reference.get("a") is None


def test_one_huge_record_is_a_batch_of_its_own():
    records = [SimpleNamespace(value=b"x" * size) for size in (1, 100, 1, 1)]
    assert [len(run) for run in split(records, 10)] == [1, 1, 2]
    assert list(split([SimpleNamespace(value=None)], 10))


def test_a_partition_follows_from_a_key_as_the_java_client_computes_it():
    # Values of the Java client's own test of murmur2.
    assert partition_of(b"21", 1000) == (-973932308 & 0x7FFFFFFF) % 1000
    assert partition_of(b"foobar", 1000) == (-790332482 & 0x7FFFFFFF) % 1000


async def test_turns_do_one_thing_at_a_time_and_none_once_closed():
    turns, running, most = Turns(1.0), 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    assert not await turns.run(work())
    turns.open()
    assert all(await asyncio.gather(*(turns.run(work()) for _ in range(5))))
    assert most == 1
    assert await turns.close()
    assert not await turns.run(work())


async def test_closing_waits_for_what_runs_and_ends_what_waits():
    turns = Turns(5.0)
    turns.open()
    release = asyncio.Event()
    running = asyncio.create_task(turns.run(_wait(release)))
    await asyncio.sleep(0)
    closing = asyncio.create_task(turns.close())
    await asyncio.sleep(0)
    release.set()
    assert await closing
    assert await running
    turns.open()
    retrying = asyncio.create_task(turns.run(turns.pause(60)))
    await asyncio.sleep(0)
    assert await turns.close()
    assert not await retrying


async def test_what_was_done_is_acknowledged_before_closing_ends():
    """At every moment in which closing may begin, the last of which is between the work's end and its caller's."""
    for moment in range(10):
        turns, acknowledged = Turns(5.0), False
        turns.open()

        async def batch(turns: Turns = turns) -> None:
            nonlocal acknowledged
            acknowledged = await turns.run(asyncio.sleep(0))

        running = asyncio.create_task(batch())
        for _ in range(moment):
            await asyncio.sleep(0)
        began = turns.busy
        assert await turns.close()
        assert acknowledged or not began, moment
        await running


async def test_what_does_not_end_in_time_is_cancelled_and_not_done():
    turns = Turns(0.01)
    turns.open()
    running = asyncio.create_task(turns.run(_wait(asyncio.Event())))
    await asyncio.sleep(0)
    assert not await turns.close()
    assert not await running


async def test_nothing_begins_after_work_that_gave_its_partitions_up_until_turns_are_opened_anew():
    """What came after it would be acknowledged, and it with that."""
    turns, later = Turns(1.0), []

    async def gives_up() -> None:
        raise ReleasedError

    async def next_one() -> None:
        later.append("done")

    turns.open()
    assert await asyncio.gather(turns.run(gives_up()), turns.run(next_one())) == [False, False]
    assert later == []
    turns.open()
    assert await turns.run(next_one())


async def test_pausing_when_closed_gives_up_at_once():
    with pytest.raises(ReleasedError):
        await Turns(1.0).pause(60)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


def test_dead_letters_are_redacted_where_they_parse():
    def redact(topic: str, data: bytes) -> bytes:
        if b"ethnic" not in data:
            raise RejectedError("malformed", "does not parse")
        return data.replace(b"ethnic", b"")

    config = SimpleNamespace(version="1", topic_prefix="p-", chain_key=b"", redact=redact)
    clock = SimpleNamespace(now=lambda: 1)
    letters = DeadLetters("probe", config, CODEC, clock)

    def letter(value: bytes, limit: int | None = None) -> dict:
        record = SimpleNamespace(topic="p-in", partition=0, offset=7, key=b"k", value=value, headers=(("h", b"1"),))
        output = letters.output(record, 0, RejectedError("malformed", "broken", "x.y"), limit)
        assert (output.topic, output.key) == ("p-in-dlq", b"k")
        return CODEC.decode(output.value, "DeadLetter")[1]

    assert (letter(b"an ethnic word")["value"], letter(b"an ethnic word")["redacted"]) == (b"an  word", True)
    assert (letter(b"junk")["value"], letter(b"junk")["redacted"]) == (b"junk", False)
    asked = []
    letters = DeadLetters(
        "probe", SimpleNamespace(version="1", topic_prefix="p-", chain_key=b"", redact=asked.append), CODEC, clock
    )
    record = SimpleNamespace(topic="p-in", partition=0, offset=7, key=b"k", value=b"junk", headers=())
    letters.output(record, 0, UndecodedError("malformed", "no record"))
    assert not asked, "what was no record is not read a second time"
    letters = DeadLetters("probe", config, CODEC, clock)
    short = letter(b"j" * 100, 10)
    assert (short["value"], short["detail"]) == (b"j" * 10, "broken (first 10 of 100 bytes kept)")


def test_quantiles_of_ages_come_from_samples():
    tally = Tally("quantiles")
    assert tally.quantile_ms(0.5) is None
    headers = [{}, {"ce_recordedtime": b"junk"}]
    headers += [{"ce_recordedtime": str(1_000_000 - 1000 * n).encode()} for n in range(14)]
    record = {"occurred_at": 500_000}
    tally.ages([Event("in", "Observation", record, headers=given) for given in headers], 1_000_000)
    assert tally.quantile_ms(0.0) == 0.0
    assert tally.quantile_ms(0.99) == 13.0


def test_garbage_of_strangers_stops_nobody_but_our_own_faults_do():
    garbage, fault = RejectedError("malformed", "half a document"), RejectedError("internal", "KeyError in normalize")
    guard = DeadLetterGuard(1.0, 1000, 3, open_topics={"p-observations"})
    assert guard.counts(garbage, "p-sightings")
    assert not guard.counts(garbage, "p-observations")
    assert guard.counts(fault, "p-observations")
    assert not guard.counts(None, "p-observations")


def test_topics_are_open_where_their_declaration_names_a_gateway_or_any_producer():
    assert open_topics() == {
        "raw-events", "device-status", "observations", "devices", "sites", "authorisations", "watchlist-entries",
        "audit",  # gateways tell it what configuration they read
    }  # fmt: skip
    assert EngineConfig("broker:9092").open_topics == open_topics()


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 1:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await ended([task])
    assert (task.cancelled(), swallowed) == (True, 2)


def test_a_group_knows_a_worker_by_name_only_when_told_and_named():
    def known(**options):
        return consumer_options(EngineConfig("broker:9092", **options), 30.0)["group_instance_id"]

    assert known(instance="enrich-0", static=True) == "enrich-0"
    assert known(instance="enrich-0") is None
    assert known(static=True) is None


async def test_work_whose_turn_never_came_is_ended_with_its_wait():
    turns = Turns(drain_s=1.0)
    turns.open()
    first, began = asyncio.Event(), []

    async def waits() -> None:
        await first.wait()

    async def begins() -> None:
        began.append(True)

    running = asyncio.create_task(turns.run(waits()))
    await asyncio.sleep(0)
    second = asyncio.create_task(turns.run(begins()))  # an unawaited coroutine would fail this test as a warning
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    first.set()
    assert await running
    assert began == []


def test_a_dead_letter_of_a_raw_event_says_where_it_is_and_holds_nothing_of_it():
    config = SimpleNamespace(version="1", topic_prefix="p-", chain_key=b"", redact=lambda _, data: data)
    letters = DeadLetters("normalize", config, CODEC, SimpleNamespace(now=lambda: 1))
    for error in (RejectedError("malformed", "broken", "x.y"), UndecodedError("malformed", "no record")):
        record = SimpleNamespace(topic="p-raw-events", partition=3, offset=7, key=b"k", value=b"a face", headers=())
        letter = CODEC.decode(letters.output(record, 0, error).value, "DeadLetter")[1]
        assert (letter["value"], letter["redacted"], is_reference(letter)) == (b"", True, True)
        assert (letter["topic"], letter["partition"], letter["offset"]) == ("raw-events", 3, 7)
        assert (letter["reason"], letter["field"]) == (error.reason, error.field)
