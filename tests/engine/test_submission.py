"""Record batches: how they are filled, and what is written again when some of them fail."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from fairwatch.domain.errors import RetryableError
from fairwatch.engine.submission import Output, Sent, judge, submit

PLACE = ("out", 0)


class Producer:
    """Takes batches of at most 300 bytes; learns of a partition that was added when its metadata is asked for."""

    def __init__(self, *counts: int) -> None:
        self._counts = list(counts)
        self.client = SimpleNamespace(force_metadata_update=self._again)
        self.sent: list[tuple[str, int, int]] = []

    async def _again(self) -> None:
        self._counts.pop(0)

    async def partitions_for(self, _: str) -> set[int]:
        return set(range(self._counts[0]))

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(300, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[Any]:
        self.sent.append((topic, partition, batch.record_count()))
        return asyncio.get_running_loop().create_future()


def row(number: int = 0, *, size: int = 10, partition: int | None = 0) -> Output:
    return Output("out", b"%d" % number, b"x" * size, [], partition=partition)


def sent(*results: Exception | int | None, rows: int = 1, place: tuple[str, int] = PLACE) -> list[Sent]:
    """Return batches with what became of them: an error, the offset of their first record, or nothing yet."""
    batches = []
    for result in results:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if isinstance(result, Exception):
            future.set_exception(result)
        elif result is not None:
            future.set_result(SimpleNamespace(offset=result))
        batches.append(Sent(place, future, [row(number) for number in range(rows)]))
    return batches


async def test_a_full_batch_is_followed_by_another_and_each_partition_has_its_own():
    producer: Any = Producer(2)
    batches = await submit(producer, [row(n, size=100) for n in range(5)] + [row(9, partition=1)], alone=False)
    assert producer.sent == [("out", 0, 2), ("out", 0, 2), ("out", 0, 1), ("out", 1, 1)]
    assert [int(one.key or b"") for batch in batches for one in batch.rows] == [0, 1, 2, 3, 4, 9]


async def test_alone_each_record_has_a_batch():
    producer: Any = Producer(1)
    await submit(producer, [row(n) for n in range(3)], alone=True)
    assert producer.sent == [("out", 0, 1)] * 3


async def test_a_partition_that_was_added_since_is_found_and_one_that_is_not_there_is_named():
    producer: Any = Producer(1, 3)
    await submit(producer, [row(partition=2)], alone=False)
    assert producer.sent == [("out", 2, 1)]
    lacking: Any = Producer(1, 2)
    with pytest.raises(RetryableError, match="out has no partition 2"):
        await submit(lacking, [row(partition=2)], alone=False)


async def test_after_a_failure_all_that_follows_in_its_partition_is_written_again():
    batches = [*sent(4, KafkaConnectionError("gone"), 9), *sent(2, place=("out", 1))]
    verdict = judge(batches)
    assert verdict.left == batches[1].rows + batches[2].rows
    assert "gone" in (verdict.failure or "")
    assert (verdict.refused, verdict.too_long) == ([], False)
    assert [batch.rows[0].offset for batch in batches] == [4, -1, -1, 2]


async def test_what_was_not_acknowledged_or_was_given_up_is_written_again():
    batches = [*sent(None), *sent(None, place=("out", 1))]
    batches[1].future.cancel()
    assert judge(batches).left == batches[0].rows + batches[1].rows


async def test_one_record_that_is_too_large_is_refused_and_several_are_to_be_tried_one_by_one():
    alone, together = sent(MessageSizeTooLargeError(), 7), sent(MessageSizeTooLargeError(), rows=2)
    verdict = judge(alone)
    assert (verdict.refused, verdict.left, verdict.too_long) == (alone[0].rows, [], False)
    verdict = judge(together)
    assert (verdict.refused, verdict.left, verdict.too_long, verdict.failure) == ([], together[0].rows, True, None)


async def test_where_records_of_a_batch_lie_follows_from_the_first_unless_that_is_not_known():
    known, repeated = sent(40, rows=3), sent(-1, rows=2)
    judge([*known, *repeated])
    assert [one.offset for one in known[0].rows] == [40, 41, 42]
    assert [one.offset for one in repeated[0].rows] == [-1, -1]
