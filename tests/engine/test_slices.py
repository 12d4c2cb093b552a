"""A long batch is handled in slices where that changes nothing but what it costs."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from fairwatch.domain.event import Event
from fairwatch.domain.processor import Spec
from fairwatch.engine.chain import SLICE, Chain, Work
from fairwatch.engine.guard import DeadLetterGuard, TooManyDeadError
from fairwatch.engine.record import Record
from fairwatch.engine.runs import by_partition
from fairwatch.engine.tally import SAMPLE
from fairwatch.engine.transport import Batch
from fairwatch.wire.marks import Marks
from tests.support.chain_lab import FIRST, LEFT, links
from tests.support.engine_lab import CODEC, observation

MANY = 2 * SLICE + 5
VALUE = CODEC.encode("Observation", observation("d"))


def batch(count: int = MANY, broken: Sequence[int] = ()) -> Batch:
    """Return records of two partitions; those at the given places are no records of ours."""
    values = [b"?" if place in broken else VALUE for place in range(count)]
    return Batch(Record("in", place // (count - 1), place, 0, b"d", value, ()) for place, value in enumerate(values))


async def handled(spec: Spec, records: Sequence[Any], key: bytes = b"") -> tuple[Work, list[list[int]]]:
    """Return what a processor did with a batch, and the offsets that it was given in each call."""
    [link], steps = links(spec)
    link.topics = frozenset({"in"})
    calls: list[list[int]] = []
    handle = steps[spec.name].handle

    async def noted(events: Sequence[Event]) -> Any:
        calls.append([event.offset for event in events])
        return await handle(events)

    steps[spec.name].handle = noted  # type: ignore[method-assign]
    with ExitStack() as spans:
        [work], _ = await Chain([link], Marks(key)).handle(records, spans)
    return work, calls


@pytest.mark.parametrize("key", [b"", b"a key"])
async def test_a_processor_without_state_is_given_a_long_run_in_slices_and_every_partition_by_itself(
    key: bytes,
) -> None:
    work, calls = await handled(FIRST, batch(), key)
    assert [len(call) for call in calls] == [SLICE, SLICE, 4, 1]
    assert [offset for call in calls for offset in call] == list(range(MANY))
    assert [output.cause for output in work.answer.outputs] == list(range(MANY))
    assert work.taken == MANY


async def test_what_cannot_be_read_is_dead_at_its_place_in_whatever_slice_it_lies() -> None:
    broken = (3, SLICE, MANY - 2)
    work, calls = await handled(FIRST, batch(broken=broken))
    assert sorted(work.answer.dead) == list(broken)
    assert [output.cause for output in work.answer.outputs] == [n for n in range(MANY) if n not in broken]
    assert not {offset for call in calls for offset in call} & set(broken)


async def test_few_events_are_kept_of_a_long_batch_and_all_of_a_short_one() -> None:
    work, _ = await handled(FIRST, batch())
    assert SAMPLE <= len(work.events) < MANY / 4
    work, _ = await handled(FIRST, batch(5))
    assert len(work.events) == 5


@pytest.mark.parametrize(
    "spec",
    [Spec("left", ("in",), ("out",), state=True), Spec("left", ("in",), ("out",), acts_outside=True),
     Spec("left", ("in",), ("out",), replay=True)],
)  # fmt: skip
def test_who_saves_state_or_acts_outside_is_asked_once_about_a_run(spec: Spec) -> None:
    [link], _ = links(spec)
    assert not link.sliced
    assert links(FIRST)[0][0].sliced
    assert not links(LEFT)[0][0].sliced


def test_a_batch_knows_where_its_partitions_begin() -> None:
    taken = batch()
    assert list(by_partition(taken)) == list(by_partition(list(taken)))
    assert [(first, len(run)) for first, run in taken.runs or ()] == [(0, MANY - 1), (MANY - 1, 1)]


def test_a_batch_without_deaths_ends_a_run_of_them_and_one_of_nothing_does_not() -> None:
    guard = DeadLetterGuard(share=1.0, window=1000, run=3)
    guard.check([True] * 3)
    guard.passed(0)
    with pytest.raises(TooManyDeadError, match="4 events in a row"):
        guard.check([True])
    guard.passed(1)
    guard.check([True] * 3)


def test_good_batches_push_better_ones_out_of_the_window() -> None:
    guard = DeadLetterGuard(share=0.5, window=10, run=100)
    guard.passed(9)
    guard.check([True] * 8)
    guard.passed(1)
    with pytest.raises(TooManyDeadError, match="8 of the last 10"):
        guard.passed(1)
