"""The two loops that somebody would write by hand with aiokafka, with the engine's own settings.

What makes the engine fast is not withheld from them: its batch size, fetch sizes, size of record batches, commit
interval and garbage collector. The first promises what the engine promises on a broker without transactions (at least
once), the second what it promises on Apache Kafka: outputs and offsets in one transaction.
"""

import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from fairwatch.apps.processors import BATCH_GROWN
from fairwatch.engine.application import consumer_options
from fairwatch.engine.collector import tune_collector
from fairwatch.engine.config import EngineConfig
from tests.benchmarks.engine_work import OUTPUT_BYTES, READ, Watch, work

SESSION_S = 6.0
POLL_MS = 200
TRANSACTION_MS = 60_000


async def at_least_once(bootstrap: str, watch: Watch) -> None:
    """Acknowledge every batch's outputs, then commit as often as the engine does."""
    tune_collector()
    consumer, producer = _consumer(bootstrap, watch), _producer(bootstrap)
    async with consumer, producer:
        committed_at = time.monotonic()
        while not watch.over:
            for records in (await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH_GROWN)).values():
                watch.begin()
                for sent in [await _send(producer, watch, record) for record in records]:
                    await sent
                watch.add(len(records))
            if time.monotonic() - committed_at >= EngineConfig.commit_interval_s:
                await consumer.commit()
                committed_at = time.monotonic()
        await consumer.commit()


async def transactions(bootstrap: str, watch: Watch) -> None:
    """Write every batch's outputs and its offsets in one transaction."""
    tune_collector()
    consumer = _consumer(bootstrap, watch, isolation_level="read_committed")
    producer = _producer(bootstrap, transactional_id=watch.group, transaction_timeout_ms=TRANSACTION_MS)
    async with consumer, producer:
        while not watch.over:
            fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH_GROWN)
            if not fetched:
                continue
            watch.begin()
            async with producer.transaction():
                for records in fetched.values():
                    for record in records:
                        await _send(producer, watch, record)
                offsets = {place: records[-1].offset + 1 for place, records in fetched.items()}
                await producer.send_offsets_to_transaction(offsets, watch.group)
            watch.add(sum(map(len, fetched.values())))


async def _send(producer: AIOKafkaProducer, watch: Watch, record: Any) -> Any:
    return await producer.send(watch.output, work(record.value), key=record.key, headers=list(record.headers))


def _consumer(bootstrap: str, watch: Watch, **more: Any) -> AIOKafkaConsumer:
    config = EngineConfig(bootstrap, embedded=watch.embedded)
    options = {**consumer_options(config, SESSION_S), **more}
    return AIOKafkaConsumer(
        READ, group_id=watch.group, enable_auto_commit=False, auto_offset_reset="earliest", **options
    )


def _producer(bootstrap: str, **more: Any) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=OUTPUT_BYTES, **more)
