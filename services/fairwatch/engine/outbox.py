"""Writes a batch's outputs and returns when the broker has acknowledged every one of them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    """One record to write; `cause` is the place of its event in the batch, -1 for none."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    cause: int = -1
    partition: int | None = None


class Outbox:
    """An idempotent producer that survives its own failures.

    aiokafka's producer is finished after a refused record (the broker misses its sequence number), a lost producer
    id or a fence; a new one takes its place then.

    Args:
        idempotent: Off for the embedded broker, which gives out no producer ids; a retry may repeat a record there.
    """

    def __init__(self, bootstrap: str, client_options: Mapping[str, Any], *, idempotent: bool = True) -> None:
        self._options = {
            "bootstrap_servers": bootstrap,
            "acks": "all",
            "enable_idempotence": idempotent,
            "max_batch_size": BATCH_BYTES,
            "retry_backoff_ms": 300,
            **client_options,
        }
        self._producer: AIOKafkaProducer | None = None

    async def write(self, outputs: Iterable[Output]) -> list[Output]:
        """Write everything; return what the broker refuses for ever (too large).

        Raises:
            RetryableError: Some outputs may not have been written; write all of them again.
        """
        outputs = list(outputs)
        if not outputs:
            return []
        producer = await self._started()
        try:
            futures = await self._submit(producer, outputs)
            await asyncio.wait(list(futures))
        except KafkaError as error:
            await self.close()
            raise RetryableError(f"outputs not written: {error!r}") from error
        refused: list[Output] = []
        failure: BaseException | None = None
        for future, carried in futures.items():
            fault = future.exception()
            if isinstance(fault, REFUSED) and len(carried) == 1:
                refused += carried
            elif fault is not None:
                failure = fault
        if refused or failure:
            await self.close()
        if failure:
            raise RetryableError(f"outputs not acknowledged: {failure!r}")
        return refused

    async def _submit(
        self, producer: AIOKafkaProducer, outputs: list[Output]
    ) -> dict[asyncio.Future[Any], list[Output]]:
        """Fill record batches and hand them over; a record that is too large gets a batch of its own."""
        futures: dict[asyncio.Future[Any], list[Output]] = {}
        for (topic, partition), rows in (await self._by_partition(producer, outputs)).items():
            builder = producer.create_batch()
            carried: list[Output] = []
            for row in rows:
                if builder.append(timestamp=None, key=row.key, value=row.value, headers=row.headers) is None:
                    futures[await producer.send_batch(builder, topic, partition=partition)] = carried
                    builder, carried = producer.create_batch(), []
                    builder.append(timestamp=None, key=row.key, value=row.value, headers=row.headers)
                carried.append(row)
            builder.close()
            futures[await producer.send_batch(builder, topic, partition=partition)] = carried
        return futures

    async def _by_partition(
        self, producer: AIOKafkaProducer, outputs: list[Output]
    ) -> dict[tuple[str, int], list[Output]]:
        counts: dict[str, int] = {}
        grouped: defaultdict[tuple[str, int], list[Output]] = defaultdict(list)
        for row in outputs:
            count = counts.get(row.topic)
            if count is None:
                count = counts[row.topic] = len(await producer.partitions_for(row.topic))
            partition = row.partition if row.partition is not None else partition_of(row.key, count)
            grouped[row.topic, partition].append(row)
        return grouped

    async def start(self) -> None:
        """Connect; RetryableError when the broker does not answer."""
        await self._started()

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(**self._options)
            try:
                await producer.start()
            except KafkaError as error:
                await producer.stop()
                raise RetryableError(f"no producer: {error!r}") from error
            self._producer = producer
        return self._producer

    async def close(self) -> None:
        """Give up the producer; what was not acknowledged is not waited for long."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            await asyncio.wait_for(producer.stop(), STOP_S)
        except (TimeoutError, KafkaError) as error:
            log.warning("producer.left", error=repr(error))
            await producer.client.close()


@lru_cache(maxsize=65536)
def partition_of(key: bytes | None, count: int) -> int:
    """Return the partition that every Kafka client picks for the key (murmur2); 0 without one."""
    if key is None:
        return 0
    picked: int = (murmur2(key) & 0x7FFFFFFF) % count
    return picked
