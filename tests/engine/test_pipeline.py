"""What follows from a batch or a tick is written with its state, whatever the broker refuses on the way."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import RetryableError
from fairwatch.domain.outcome import Emit
from fairwatch.engine.chain import Chain
from fairwatch.engine.pipeline import Pipeline
from fairwatch.engine.submission import Output
from fairwatch.engine.turns import ReleasedError, Turns
from fairwatch.engine.writer import NotWrittenError, RefusedError
from fairwatch.telemetry import metrics
from fairwatch.wire.marks import Marks
from tests.support.chain_lab import KEY, LEFT, links
from tests.support.engine_lab import CODEC, observation


class Book:
    """A writer that keeps what it is given, except what its answers say."""

    fenced = True

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[tuple[list[Output], list[Output], Mapping[Any, int]]] = []
        self.settled = 0

    async def keep(self, outputs: list[Output], rows: list[Output], ends: Mapping[Any, int]) -> None:
        self.asked.append((outputs, rows, ends))
        if self.answers and (answer := self.answers.pop(0)):
            raise answer(outputs, rows)

    async def settle(self) -> None:
        self.settled += 1


class World:
    """One processor with state, what it is told to say when time passes, and a book for what is written."""

    def __init__(self) -> None:
        made, steps = links(LEFT)
        self.link, self.step, self.book = made[0], steps["left"], Book()
        self.link.changelog = "left-changelog"
        self.chain = Chain(made, Marks(KEY))
        self.chain.counts, self.chain.owned = {"mid": 2}, {0, 1}
        self.turns = Turns(1.0)
        self.turns.open()
        self.writer: Any = self.book
        self.pipeline = Pipeline(
            self.chain, writer=self.writer, turns=self.turns, clock=SystemClock(), retry_s=(0.0, 0.0)
        )
        self.says: list[Any] = []
        self.step.tick = self._tick  # type: ignore[attr-defined]

    def waiting(self, retry_s: float) -> Pipeline:
        """Return what does the work, and waits so long before it tries again."""
        return Pipeline(
            self.chain, writer=self.writer, turns=self.turns, clock=SystemClock(), retry_s=(retry_s, retry_s)
        )

    async def _tick(self, partitions: list[int]) -> list[Emit]:
        self.step._state.put(partitions[0], "ticked", {"count": 1})
        found, self.says = self.says, []
        for said in found:
            if isinstance(said, Exception):
                raise said
        return found

    @property
    def changed(self) -> list[str]:
        return [key for _, key, _ in self.link.state.changes()]


@pytest.fixture
def world() -> World:
    return World()


def record(key: str, offset: int) -> Any:
    class Record:
        topic, partition, timestamp, headers = "mid", 0, 0, ()

    found: Any = Record()
    found.key, found.offset = key.encode(), offset
    found.value = CODEC.encode("Observation", observation(key))
    return found


def refused(outputs: list[Output], _: list[Output]) -> RefusedError:
    """Take everything but what is or follows from the key a."""
    return RefusedError([row for row in outputs if row.key == b"a"], [row for row in outputs if row.key != b"a"])


def away(outputs: list[Output], _: list[Output]) -> NotWrittenError:
    return NotWrittenError("away", [], outputs)


def half(outputs: list[Output], _: list[Output]) -> NotWrittenError:
    return NotWrittenError("away", outputs[:1], outputs[1:])


async def test_outputs_and_state_of_a_batch_are_written_together(world: World) -> None:
    await world.pipeline.batch([record("a", 0), record("b", 1)])
    [(outputs, rows, _)] = world.book.asked
    assert [output.key for output in outputs] == [b"a", b"b"]
    assert {row.key for row in rows} >= {b"a", b"b"}
    assert {(row.topic, row.partition) for row in rows} == {("left-changelog", 0)}
    assert world.changed == [], "it is safe"


async def test_what_was_not_written_is_tried_again_until_it_is(world: World) -> None:
    world.book.answers = [away, away]
    with capture_logs() as logs:
        await world.pipeline.batch([record("a", 0)])
    assert [len(outputs) for outputs, _, _ in world.book.asked] == [1, 1, 1]
    assert [line["event"] for line in logs] == ["outputs.waiting", "outputs.resumed"]


async def test_what_is_refused_for_good_becomes_a_dead_letter_with_less_and_less_of_it(world: World) -> None:
    world.book.answers = [refused] * 4
    with capture_logs() as logs:
        await world.pipeline.batch([record("a", 0), record("b", 1)])
    written = [[(output.topic, output.key) for output in outputs] for outputs, _, _ in world.book.asked]
    beside, letter = ("out", b"b"), ("mid-dlq", b"a")
    assert written == [[("out", b"a"), beside], [beside, letter], [beside, letter], [beside, letter], [beside]]
    letters = [CODEC.decode(outputs[1].value, "DeadLetter")[1] for outputs, _, _ in world.book.asked[1:4]]
    assert letters[0]["value"] == letters[1]["value"] == record("a", 0).value
    assert letters[2]["value"] == b""
    assert [line["event"] for line in logs] == ["dead_letter.refused"]
    assert (world.link.tally.dead, {letter["reason"] for letter in letters}) == (1, {"too_large"})


async def test_what_is_refused_while_the_rest_is_tried_again_is_not_forgotten(world: World) -> None:
    world.book.answers = [half]
    with capture_logs():
        await world.pipeline.batch([record("a", 0), record("b", 1)])
    written = [[(output.topic, output.key) for output in outputs] for outputs, _, _ in world.book.asked]
    assert written == [[("out", b"a"), ("out", b"b")], [("out", b"b")], [("mid-dlq", b"a")]]


async def test_what_is_refused_before_and_after_an_outage_is_told_together(world: World) -> None:
    world.book.answers = [half, lambda outputs, _: RefusedError(outputs, [])]
    with capture_logs():
        await world.pipeline.batch([record("a", 0), record("b", 1)])
    assert sorted((output.topic, output.key) for output in world.book.asked[2][0]) == [
        ("mid-dlq", b"a"),
        ("mid-dlq", b"b"),
    ]


async def test_state_that_its_topic_refuses_ends_the_worker_and_says_what_to_raise(world: World) -> None:
    world.book.answers = [lambda outputs, rows: RefusedError(rows[:1], outputs)]
    with pytest.raises(ValueError, match=r"state of .* is too large for left-changelog: raise its max.message.bytes"):
        await world.pipeline.batch([record("a", 0)])


async def test_a_tick_writes_what_it_says_with_its_state(world: World) -> None:
    world.says = [Emit("out", "k", observation("late"))]
    await world.pipeline.tick(world.link, [0])
    [(outputs, rows, ends)] = world.book.asked
    assert ([output.key for output in outputs], [row.key for row in rows][-1], ends) == ([b"k"], b"ticked", {})
    assert world.changed == []


async def test_a_tick_that_fails_changes_nothing_and_is_logged(world: World) -> None:
    world.says = [ZeroDivisionError()]
    with capture_logs() as logs:
        await world.pipeline.tick(world.link, [0])
    assert (world.book.asked, world.link.state.get(0, "ticked")) == ([], None)
    assert [line["event"] for line in logs] == ["tick.failed"]


async def test_what_a_tick_says_and_the_broker_refuses_is_dropped_and_counted(world: World) -> None:
    dropped = metrics.DROPPED.labels("left", "too_large")
    before = dropped._value.get()
    world.book.answers = [refused]
    world.says = [Emit("out", "a", observation("1")), Emit("out", "small", observation("2"))]
    with capture_logs() as logs:
        await world.pipeline.tick(world.link, [0])
    assert [[output.key for output in outputs] for outputs, _, _ in world.book.asked] == [
        [b"a", b"small"],
        [b"small"],
    ]
    assert dropped._value.get() == before + 1
    assert [(line["event"], line["topic"], line["key"]) for line in logs] == [("tick.refused", "out", b"a")]


async def test_offsets_of_what_needed_nothing_written_are_left_to_the_writer(world: World) -> None:
    await world.pipeline.settle()
    assert world.book.settled == 1


async def test_what_may_succeed_later_is_waited_for_with_pauses_that_grow_up_to_the_longest(monkeypatch) -> None:
    turns, pauses, failures, troubles = Turns(1.0), [], [], [RetryableError("away")] * 4

    async def work() -> str:
        if troubles:
            raise troubles.pop()
        return "done"

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(turns, "pause", pause)
    with capture_logs() as logs:
        assert await turns.insist(work, "registry", (1.0, 5.0), lambda: failures.append(1)) == "done"
    assert pauses == [1.0, 2.0, 4.0, 5.0]
    assert len(failures) == 4
    assert [line["event"] for line in logs] == ["registry.waiting", "registry.resumed"]


async def test_nothing_is_waited_for_once_partitions_are_given_up(world: World) -> None:
    await world.turns.close()
    world.book.answers = [away] * 99
    with capture_logs(), pytest.raises(ReleasedError):
        await world.waiting(60.0).batch([record("a", 0)])
    assert len(world.book.asked) == 1


async def test_a_batch_is_told_to_who_listens_before_it_is_written(world: World) -> None:
    heard: list[int] = []
    world.pipeline.handled = lambda records: heard.append(len(records) - 10 * len(world.book.asked))
    await asyncio.wait_for(world.pipeline.batch([record("a", 0)]), 5)
    assert heard == [1]
