"""Reads topics whole, without a consumer group: references and state are read by it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from aiokafka import TopicPartition

from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.engine.open_consumer import OpenConsumer
from fairwatch.engine.private_names import client_of, fetcher_of, set_fetch_wait
from fairwatch.engine.record_batches import Unreadable
from fairwatch.wire.asking import partitions_of

FETCH_BYTES = 8 << 20
POLL_MS = 500
TO_END_MS, FOLLOWING_MS = 20, 500  # that a fetch may wait for records: somebody waits for the end to be reached
END_POLL_MS = 5  # marks of transactions come as no record: without a look in between nobody sees the end of them
TRIES = 10  # for the records at an offset, half a second each
NOTICED_MS = 30_000  # until partitions that were added are known


class Bounds(NamedTuple):
    """What a partition holds.

    Attributes:
        begin: First offset.
        end: Next offset after what is committed and seen to be.
        open_end: The same with transactions that are not committed yet or not seen to be.
    """

    begin: int
    end: int
    open_end: int


class TopicReader:
    """Reads partitions from their beginning; an async context manager.

    RetryableError: some of them are not there. ConfigurationError: the topic is not, or our user may not know of it.

    Args:
        topic: Full name.
        partitions: Which; None for all.
        lenient: Hand over `Unreadable` in the place of what cannot be opened. Otherwise reading ends there with a
            RetryableError that names it: what only we write is not to be read with holes.
    """

    def __init__(
        self,
        bootstrap: str,
        client_options: Mapping[str, Any],
        topic: str,
        partitions: Iterable[int] | None = None,
        *,
        lenient: bool = False,
    ) -> None:
        self._topic = topic
        self._lenient = lenient
        self._wanted = partitions
        self._begun = False
        self._options = {
            "bootstrap_servers": bootstrap,
            "enable_auto_commit": False,
            "isolation_level": "read_committed",
            "auto_offset_reset": "earliest",
            "max_partition_fetch_bytes": FETCH_BYTES,
            "fetch_max_wait_ms": TO_END_MS,
            "retry_backoff_ms": 500,
            "metadata_max_age_ms": NOTICED_MS,
            **client_options,
        }

    async def __aenter__(self) -> Self:
        self._consumer = OpenConsumer(**self._options)
        try:
            await self._consumer.start()
            self._partitions = await self._find()
        except BaseException:
            await asyncio.sleep(0)  # a task of aiokafka's that has not begun would cancel us along with itself
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def _find(self) -> list[TopicPartition]:
        known = await partitions_of(client_of(self._consumer), self._topic)
        if missing := sorted({*(self._wanted or ())} - known):
            raise RetryableError(
                f"{self._topic} lacks partitions {missing}: `fairwatch topics apply --move-keys` adds them"
            )
        if not known:
            raise ConfigurationError(f"topic {self._topic} is not on the broker: run `fairwatch topics apply`")
        return [
            TopicPartition(self._topic, number) for number in sorted(known if self._wanted is None else self._wanted)
        ]

    async def bounds(self) -> dict[int, Bounds]:
        """Return what each partition holds now."""
        # One after the other: a question that goes on when another has failed would connect when all is closed.
        begins = await self._consumer.beginning_offsets(self._partitions)
        ends = await self._consumer.end_offsets(self._partitions)
        open_ends = await self._consumer.end_offsets_with_open(self._partitions)
        return {tp.partition: Bounds(begins[tp], ends[tp], open_ends[tp]) for tp in self._partitions}

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Read on from these offsets, one for each partition; called before anything is read, nothing else is."""
        if not self._begun:
            self._begun = True
            self._consumer.assign(self._partitions)
        for partition, offset in offsets.items():
            self._consumer.seek(TopicPartition(self._topic, partition), offset)

    async def seek_to_end(self) -> None:
        """Read on from where each partition ends now."""
        await self._begin()
        await self._consumer.seek_to_end(*self._partitions)

    async def seek_to_time(self, at_ms: int) -> None:
        """Read on from the first record of each partition that the broker took at or after a time in milliseconds."""
        await self._begin()
        found = await self._consumer.offsets_for_times(dict.fromkeys(self._partitions, at_ms))
        ends = await self._consumer.end_offsets(self._partitions)
        for tp in self._partitions:
            self._consumer.seek(tp, found[tp].offset if found.get(tp) else ends[tp])

    async def positions(self) -> dict[int, int]:
        """Return the next offset to be read of each partition."""
        await self._begin()
        return {tp.partition: await self._consumer.position(tp) for tp in self._partitions}

    async def _begin(self) -> None:
        """Read from the beginning, unless something else was said."""
        if not self._begun:
            self._begun = True
            self._consumer.assign(self._partitions)
            await self._consumer.seek_to_beginning(*self._partitions)

    async def to_end(self) -> AsyncIterator[Any]:
        """Yield every record up to the end as it is now."""
        async for run in self.runs_to_end():
            for record in run:
                yield record

    async def runs_to_end(self, at_least: Mapping[int, int] | None = None) -> AsyncIterator[list[Any]]:
        """Yield the same as runs of records of one partition.

        Args:
            at_least: Read up to these offsets by partition, also where that means to wait for a transaction's end.
        """
        await self._begin()
        ends = await self._consumer.end_offsets(self._partitions)
        for tp in self._partitions:
            ends[tp] = max(ends[tp], (at_least or {}).get(tp.partition, 0))
        waiting = {tp for tp in self._partitions if await self._consumer.position(tp) < ends[tp]}
        while waiting:
            for run in (await self._consumer.getmany(*waiting, timeout_ms=END_POLL_MS)).values():
                yield self._checked(run)
            waiting = {tp for tp in waiting if await self._consumer.position(tp) < ends[tp]}

    async def runs_at(self, partition: int, offsets: Sequence[int]) -> AsyncIterator[list[Any]]:
        """Yield the records at these offsets of one partition, in order, each as a run of its own.

        At an offset there may be none: it is gone, or there is the mark of a transaction.
        """
        tp, left = TopicPartition(self._topic, partition), deque(offsets)
        while left:
            self._consumer.seek(tp, left[0])
            run = await self._run_from(tp)
            if not run:
                return
            for record in run:
                if left and record.offset == left[0]:
                    yield [record]
                while left and left[0] <= record.offset:
                    left.popleft()

    async def _run_from(self, tp: TopicPartition) -> list[Any]:
        """Return the next records of a partition; none where it ends before there is any."""
        for _ in range(TRIES):
            found: list[Any] = (await self._consumer.getmany(tp, timeout_ms=POLL_MS)).get(tp, [])
            if found:
                return found
        return []

    def _whole(self) -> bool:
        now = self._consumer.partitions_for_topic(self._topic)
        return self._wanted is not None or not now or now == {tp.partition for tp in self._partitions}

    def _checked(self, run: list[Any]) -> list[Any]:
        if not self._lenient and (lost := next((record for record in run if isinstance(record, Unreadable)), None)):
            raise RetryableError(str(lost))
        return run

    async def follow(self) -> AsyncIterator[Any]:
        """Yield every further record, until the topic has other partitions than those that are read."""
        async for run in self.follow_runs():
            for record in run:
                yield record

    async def follow_runs(self) -> AsyncIterator[list[Any]]:
        """Yield the same as runs of records of one partition."""
        await self._begin()
        set_fetch_wait(fetcher_of(self._consumer), FOLLOWING_MS)
        while self._whole():
            for run in (await self._consumer.getmany(timeout_ms=POLL_MS)).values():
                yield self._checked(run)
