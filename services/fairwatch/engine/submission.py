"""Fills record batches, hands them to a producer, and tells what became of them."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.partitioner import murmur2

from fairwatch.domain.errors import RetryableError

REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError)
BATCH_BYTES = 512 << 10  # brokers refuse record batches above 1 MiB by default

Headers = list[tuple[str, bytes]]


@dataclass(slots=True)
class Output:
    """One record to write.

    Attributes:
        cause: Place of its event in the batch, -1 for none.
        partition: None for that of the key.
        offset: Where it was written, where it has a partition of its own; -1 while that is not known.
        said: What the value was made of, where a later processor of the chain may read it.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    cause: int = -1
    partition: int | None = None
    offset: int = -1
    said: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Sent:
    """A record batch on its way; `place` is its topic and partition."""

    place: tuple[str, int]
    future: asyncio.Future[Any]
    rows: list[Output]


@dataclass(slots=True)
class Verdict:
    """What became of some record batches.

    Attributes:
        refused: For ever.
        left: To be written again.
        failure: Why, in words.
        too_long: A batch of several records was refused; one by one they may pass.
    """

    refused: list[Output] = field(default_factory=list)
    left: list[Output] = field(default_factory=list)
    failure: str | None = None
    too_long: bool = False


async def submit(producer: AIOKafkaProducer, outputs: list[Output], *, alone: bool) -> list[Sent]:
    """Fill record batches and hand them over; a record that is too large gets a batch of its own."""
    sent: list[Sent] = []
    append, now_ms = _appended, int(time.time() * 1000)

    async def send(builder: Any, place: tuple[str, int], rows: list[Output]) -> None:
        builder.close()
        future = await producer.send_batch(builder, place[0], partition=place[1])
        future.add_done_callback(_heard)
        sent.append(Sent(place, future, rows))

    for place, rows in (await _by_partition(producer, outputs)).items():
        builder, first = producer.create_batch(), 0
        for number, row in enumerate(rows):
            if (alone and number > first) or not append(builder, row, now_ms):
                await send(builder, place, rows[first:number])
                builder, first = producer.create_batch(), number
                append(builder, row, now_ms)
        await send(builder, place, rows[first:])
    return sent


def _heard(future: asyncio.Future[Any]) -> None:
    """Take note of a failure: where a later batch cannot even be handed over, nobody asks this one."""
    if not future.cancelled():
        future.exception()


def _appended(builder: Any, row: Output, now_ms: int) -> bool:
    """Put a record into a batch; return False when that is full."""
    return builder.append(timestamp=now_ms, key=row.key, value=row.value, headers=row.headers) is not None


async def _by_partition(producer: AIOKafkaProducer, outputs: list[Output]) -> dict[tuple[str, int], list[Output]]:
    counts: dict[str, int] = {}
    grouped: defaultdict[tuple[str, int], list[Output]] = defaultdict(list)
    for row in outputs:
        count = counts.get(row.topic)
        if count is None:
            count = counts[row.topic] = len(await producer.partitions_for(row.topic))
        if row.partition is not None and row.partition >= count:  # it was added since
            await producer.client.force_metadata_update()
            count = counts[row.topic] = len(await producer.partitions_for(row.topic))
            if row.partition >= count:
                raise RetryableError(f"{row.topic} has no partition {row.partition}")
        partition = partition_of(row.key, count) if row.partition is None else row.partition
        grouped[row.topic, partition].append(row)
    return grouped


def judge(sent: Iterable[Sent]) -> Verdict:
    """Tell what became of record batches.

    After a failure everything that follows in its partition is to be written again, so that order holds.
    """
    verdict = Verdict()
    broken: set[tuple[str, int]] = set()
    for batch in sent:
        done = batch.future.done() and not batch.future.cancelled()
        fault = batch.future.exception() if done else TimeoutError()
        if isinstance(fault, REFUSED) and len(batch.rows) == 1:
            verdict.refused += batch.rows
        elif fault is not None or batch.place in broken:
            broken.add(batch.place)
            verdict.left += batch.rows
            if isinstance(fault, REFUSED):
                verdict.too_long = True
            elif fault is not None:
                verdict.failure = repr(fault)
        elif batch.rows[0].partition is not None:
            _locate(batch)
    return verdict


def _locate(batch: Sent) -> None:
    """Note where records lie; a batch that the broker had already has no known place."""
    first = batch.future.result().offset
    for place, row in enumerate(batch.rows if first >= 0 else ()):
        row.offset = first + place


@lru_cache(maxsize=65536)
def partition_of(key: bytes | None, count: int) -> int:
    """Return the partition that every Kafka client picks for the key (murmur2); 0 without one."""
    if key is None:
        return 0
    picked: int = (murmur2(key) & 0x7FFFFFFF) % count
    return picked
