"""Writes a batch's outputs and returns when the broker has acknowledged every one of them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from aiokafka.partitioner import murmur2

from fairwatch.domain.errors import RetryableError

REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError)
BATCH_BYTES = 512 << 10  # brokers refuse record batches above 1 MiB by default
STOP_S = 5.0

log = structlog.get_logger()
Headers = list[tuple[str, bytes]]


@dataclass(slots=True)
class Output:
    """One record to write.

    Attributes:
        cause: Place of its event in the batch, -1 for none.
        partition: None for that of the key.
        offset: Where it was written, where it has a partition of its own; -1 while that is not known.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    cause: int = -1
    partition: int | None = None
    offset: int = -1


class NotWrittenError(RetryableError):
    """The broker has not acknowledged everything.

    Attributes:
        refused: What it refuses for ever.
        left: What is to be written again; everything else is safe.
    """

    def __init__(self, detail: str, refused: list[Output], left: list[Output]) -> None:
        super().__init__(detail)
        self.refused = refused
        self.left = left


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


class Outbox:
    """An idempotent producer that survives its own failures.

    aiokafka's producer is finished after a refused record (the broker misses its sequence number and refuses what comes
    after it), a lost producer id or a fence; a new one takes its place then.

    Args:
        record_max: Largest value in bytes that is tried.
        idempotent: Off for the embedded broker, which gives out no producer ids; a retry may repeat a record there.
    """

    def __init__(
        self,
        bootstrap: str,
        client_options: Mapping[str, Any],
        *,
        idempotent: bool = True,
        record_max: int = 4 << 20,
    ) -> None:
        self._record_max = record_max
        self._options = {
            "bootstrap_servers": bootstrap,
            "acks": "all",
            "enable_idempotence": idempotent,
            "max_batch_size": BATCH_BYTES,
            "retry_backoff_ms": 300,
            **client_options,
        }
        self._starting = asyncio.Lock()
        self._current: tuple[AIOKafkaProducer, asyncio.Future[None]] | None = None

    async def write(self, outputs: Iterable[Output]) -> list[Output]:
        """Write everything; return what the broker refuses for ever (too large).

        Raises:
            NotWrittenError: Some outputs may not have been written; it names those to be written again.
        """
        refused: list[Output] = []
        left: list[Output] = []
        for output in outputs:
            (refused if len(output.value or b"") > self._record_max else left).append(output)
        alone = False
        while left:
            try:
                verdict = await self._write(left, alone=alone)
            except RetryableError as error:
                raise NotWrittenError(str(error), refused, left) from error
            refused += verdict.refused
            left = verdict.left
            if left and not verdict.refused and not verdict.too_long:
                raise NotWrittenError(f"outputs not acknowledged: {verdict.failure}", refused, left)
            alone = alone or verdict.too_long
        return refused

    async def _write(self, outputs: list[Output], *, alone: bool) -> Verdict:
        producer, left = await self._started()
        try:
            sent = await self._submit(producer, outputs, alone=alone)
        except KafkaError as error:
            await self.close()
            raise RetryableError(f"outputs not written: {error!r}") from error
        acknowledged: asyncio.Future[Any] = asyncio.ensure_future(asyncio.wait([batch.future for batch in sent]))
        await asyncio.wait({acknowledged, left}, return_when=asyncio.FIRST_COMPLETED)
        acknowledged.cancel()
        verdict = judge(sent)
        if verdict.refused or verdict.left:
            await self.close()
        return verdict

    async def _submit(self, producer: AIOKafkaProducer, outputs: list[Output], *, alone: bool) -> list[Sent]:
        """Fill record batches and hand them over; a record that is too large gets a batch of its own."""
        sent: list[Sent] = []

        async def send(builder: Any, place: tuple[str, int], rows: list[Output]) -> None:
            builder.close()
            sent.append(Sent(place, await producer.send_batch(builder, place[0], partition=place[1]), rows))

        for place, rows in (await self._by_partition(producer, outputs)).items():
            builder = producer.create_batch()
            carried: list[Output] = []
            for row in rows:
                record = {"timestamp": None, "key": row.key, "value": row.value, "headers": row.headers}
                if (carried and alone) or builder.append(**record) is None:
                    await send(builder, place, carried)
                    builder, carried = producer.create_batch(), []
                    builder.append(**record)
                carried.append(row)
            await send(builder, place, carried)
        return sent

    async def _by_partition(
        self, producer: AIOKafkaProducer, outputs: list[Output]
    ) -> dict[tuple[str, int], list[Output]]:
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
            partition = row.partition if row.partition is not None else partition_of(row.key, count)
            grouped[row.topic, partition].append(row)
        return grouped

    async def start(self) -> None:
        """Connect; RetryableError when the broker does not answer."""
        await self._started()

    async def _started(self) -> tuple[AIOKafkaProducer, asyncio.Future[None]]:
        """Return the producer and what tells that it was left."""
        async with self._starting:
            if self._current is None:
                producer = AIOKafkaProducer(**self._options)
                try:
                    await producer.start()
                except KafkaError as error:
                    await producer.stop()
                    raise RetryableError(f"no producer: {error!r}") from error
                self._current = producer, asyncio.get_running_loop().create_future()
            return self._current

    async def close(self) -> None:
        """Give up the producer; what was not acknowledged is not waited for long."""
        current, self._current = self._current, None
        if current is None:
            return
        producer, left = current
        try:
            await asyncio.wait_for(producer.stop(), STOP_S)
        except (TimeoutError, KafkaError) as error:
            log.warning("producer.left", error=repr(error))
            await producer.client.close()
        finally:
            left.set_result(None)


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
