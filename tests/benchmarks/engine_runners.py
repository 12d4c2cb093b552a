"""The four competitors of the engine benchmark: `python engine_runners.py NAME HOST:PORT EVENTS GROUP` runs one.

Every one does the same: read an Observation, decode it, set one field, encode it, write it, and commit after the
broker has acknowledged. It ends when all events are through or its time is over, and prints events and seconds.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from fairwatch.apps.processors import BATCH_GROWN
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.domain.processor import Spec
from fairwatch.engine.worker import EngineConfig, Worker, tune_collector
from fairwatch.wire.avro import Codec

READ, WRITE = "bench-in", "bench-out"
BATCH = 500
OUTPUT_BYTES = 512 << 10  # the record batches that the engine makes, for everybody
LIMIT_S = 12.0
CODEC = Codec()


class Watch:
    """Times from the first event to the last acknowledged one."""

    def __init__(self, events: int, group: str) -> None:
        self.events = events
        self.group = group
        self.done = 0
        self._first = 0.0
        self._last = 0.0

    def begin(self) -> None:
        """Say that events have come in."""
        self._first = self._first or time.perf_counter()

    def add(self, count: int) -> None:
        """Say that so many are acknowledged."""
        self.done += count
        self._last = time.perf_counter()

    @property
    def over(self) -> bool:
        """Whether to stop."""
        late = self._first and time.perf_counter() - self._first > LIMIT_S
        return self.done >= self.events or bool(late)

    async def end(self) -> None:
        """Wait until it is over."""
        while not self.over:  # noqa: ASYNC110  # time may be over without anything happening
            await asyncio.sleep(0.01)

    def report(self) -> None:
        """Print the result."""
        sys.stdout.write(json.dumps({"events": self.done, "seconds": self._last - self._first}) + "\n")


def work(value: bytes) -> bytes:
    """Do what all have to do."""
    record = CODEC.decode(value, "Observation")[1]
    record["retention_class"] = "bench"
    return CODEC.encode("Observation", record)


class Probe:
    """The same as a processor."""

    def __init__(self, watch: Watch) -> None:
        self.spec = Spec(watch.group, (READ,), (WRITE,))
        self._watch = watch

    async def handle(self, batch: list[Event]) -> list[list[Emit]]:
        """Set one field."""
        self._watch.begin()
        outcomes = []
        for event in batch:
            event.record["retention_class"] = "bench"
            outcomes.append([Emit(WRITE, event.key, event.record)])
        return outcomes


async def fairwatch(bootstrap: str, watch: Watch) -> None:
    """Run the engine."""
    tune_collector()
    config = EngineConfig(bootstrap, embedded=True, batch_max=BATCH, batch_grown=BATCH_GROWN)  # as all our processors
    probe = Probe(watch)
    records = dict.fromkeys((READ, WRITE), "Observation")
    worker = Worker(probe.spec, lambda _: probe, config, CODEC, records=records)
    running = asyncio.create_task(worker.run())
    while not running.done():
        await asyncio.sleep(0.01)
        if worker.tally.emitted > watch.done:
            watch.add(worker.tally.emitted - watch.done)
        if watch.over:
            worker.stop()
    await running


async def aiokafka_loop(bootstrap: str, watch: Watch) -> None:
    """Run the loop that somebody would write by hand."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # noqa: PLC0415  # a competitor loads only what it needs

    options = {"session_timeout_ms": 6000, "rebalance_timeout_ms": 6000, "heartbeat_interval_ms": 1000}
    consumer = AIOKafkaConsumer(
        READ, bootstrap_servers=bootstrap, group_id=watch.group, auto_offset_reset="earliest",
        enable_auto_commit=False, max_partition_fetch_bytes=4 << 20, **options,
    )  # fmt: skip
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=OUTPUT_BYTES)
    await consumer.start()
    await producer.start()
    while not watch.over:
        for records in (await consumer.getmany(timeout_ms=200, max_records=BATCH)).values():
            watch.begin()
            sent = [
                await producer.send(WRITE, work(record.value), key=record.key, headers=list(record.headers))
                for record in records
            ]
            await asyncio.gather(*sent)
            watch.add(len(records))
        await consumer.commit()
    await consumer.stop()
    await producer.stop()


async def faust_stock(bootstrap: str, watch: Watch) -> None:
    """Run a stock Faust agent."""
    import faust  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        app = faust.App(
            watch.group, broker=f"kafka://{bootstrap}", web_enabled=False, topic_disable_leader=True, datadir=folder,
            topic_allow_declare=False, broker_session_timeout=6, broker_rebalance_timeout=6,
            broker_heartbeat_interval=1, producer_acks=-1, producer_max_batch_size=OUTPUT_BYTES,
        )  # fmt: skip
        source = app.topic(READ, value_serializer="raw", key_serializer="raw")
        target = app.topic(WRITE, value_serializer="raw", key_serializer="raw")

        async def agent(stream: Any) -> None:
            async for event in stream.events():
                watch.begin()
                await target.send(key=event.key, value=work(event.value), headers=event.headers)
                watch.add(1)

        app.agent(source)(agent)
        await app.start()
        await watch.end()
        await asyncio.wait_for(app.stop(), 20)


def quix_streams(bootstrap: str, watch: Watch) -> None:
    """Run Quix Streams."""
    from quixstreams import Application  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=bootstrap, consumer_group=watch.group, auto_offset_reset="earliest", loglevel="ERROR",
            auto_create_topics=False, state_dir=folder,
            consumer_extra_config={"session.timeout.ms": 6000},
            producer_extra_config={"acks": "all", "enable.idempotence": False},
        )  # fmt: skip
        source = app.topic(READ, value_deserializer="bytes", key_deserializer="bytes")
        target = app.topic(WRITE, value_serializer="bytes", key_serializer="bytes")

        def step(value: bytes) -> bytes:
            watch.begin()
            result = work(value)
            watch.add(1)
            return result

        app.dataframe(source).apply(step).to_topic(target)
        app.run(count=watch.events, timeout=LIMIT_S)


RUNNERS: dict[str, Callable[[str, Watch], Any]] = {
    "fairwatch": fairwatch,
    "aiokafka_loop": aiokafka_loop,
    "faust_stock": faust_stock,
    "quix_streams": quix_streams,
}


def main(name: str, bootstrap: str, events: int, group: str) -> None:
    """Run one competitor and print what it did."""
    watch = Watch(events, group)
    running = RUNNERS[name](bootstrap, watch)
    if asyncio.iscoroutine(running):
        asyncio.run(running)
    watch.report()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
