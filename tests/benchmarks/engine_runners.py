"""The competitors of the engine benchmark: `python -m tests.benchmarks.engine_runners NAME …` runs one.

Every one does the same: read an Observation, decode it, set one field, encode it, write it, and commit. It ends when
all events are through or its time is over, and prints events, seconds and seconds of CPU.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Callable, Iterable
from typing import Any

from fairwatch.apps.processors import BATCH_GROWN
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.domain.processor import Spec
from fairwatch.engine.collector import tune_collector
from fairwatch.engine.worker import EngineConfig, Worker
from tests.benchmarks.engine_loops import at_least_once, transactions
from tests.benchmarks.engine_work import CODEC, LIMIT_S, OUTPUT_BYTES, READ, Watch, work

COMMIT_S = EngineConfig.commit_interval_s


class Probe:
    """The same work as a processor."""

    def __init__(self, watch: Watch) -> None:
        self.spec = Spec(watch.group, (READ,), (watch.output,))
        self._watch = watch

    async def handle(self, batch: list[Event]) -> list[list[Emit]]:
        """Set one field."""
        self._watch.begin()
        outcomes = []
        for event in batch:
            event.record["retention_class"] = "bench"
            outcomes.append([Emit(self._watch.output, event.key, event.record)])
        return outcomes


async def fairwatch(bootstrap: str, watch: Watch) -> None:
    """Run the engine as our processors do."""
    tune_collector()
    config = EngineConfig(bootstrap, embedded=watch.embedded, batch_grown=BATCH_GROWN, session_timeout_s=6.0)
    probe = Probe(watch)
    records = dict.fromkeys((READ, watch.output), "Observation")
    worker = Worker({probe.spec: lambda _: probe}, config, CODEC, records=records)
    tally = worker.parts[0].tally
    count = tally.emits

    def acknowledged(topics: Iterable[str]) -> None:
        count(topics)
        watch.add(tally.emitted - watch.done)
        if watch.over:
            worker.stop()

    tally.emits = acknowledged
    await worker.run()


async def faust_stock(bootstrap: str, watch: Watch) -> None:
    """Run a stock Faust agent, which is at least once."""
    import faust  # noqa: PLC0415  # a competitor loads only what it needs

    with tempfile.TemporaryDirectory() as folder:
        app = faust.App(
            watch.group, broker=f"kafka://{bootstrap}", web_enabled=False, topic_disable_leader=True, datadir=folder,
            topic_allow_declare=False, broker_session_timeout=6, broker_rebalance_timeout=6,
            broker_heartbeat_interval=1, producer_acks=-1, producer_max_batch_size=OUTPUT_BYTES,
        )  # fmt: skip
        source = app.topic(READ, value_serializer="raw", key_serializer="raw")
        target = app.topic(watch.output, value_serializer="raw", key_serializer="raw")

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
    """Run Quix Streams, exactly once where the broker can.

    It is timed until the last event was handed to its producer: it does not say when that is acknowledged.
    """
    from quixstreams import Application  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=bootstrap, consumer_group=watch.group, auto_offset_reset="earliest", loglevel="ERROR",
            auto_create_topics=False, state_dir=folder, commit_interval=COMMIT_S,
            processing_guarantee="at-least-once" if watch.embedded else "exactly-once",
            consumer_extra_config={"session.timeout.ms": 6000},
            producer_extra_config={"acks": "all", "enable.idempotence": not watch.embedded},
        )  # fmt: skip
        source = app.topic(READ, value_deserializer="bytes", key_deserializer="bytes")
        target = app.topic(watch.output, value_serializer="bytes", key_serializer="bytes")

        def step(value: bytes) -> bytes:
            watch.begin()
            result = work(value)
            watch.add(1)
            return result

        app.dataframe(source).apply(step).to_topic(target)
        app.run(count=watch.events, timeout=LIMIT_S)


RUNNERS: dict[str, Callable[[str, Watch], Any]] = {
    "fairwatch": fairwatch,
    "aiokafka_loop": at_least_once,
    "aiokafka_loop_transactions": transactions,
    "faust_stock": faust_stock,
    "quix_streams": quix_streams,
}


def main() -> None:
    """Run one competitor and print what it did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=RUNNERS)
    for place in ("bootstrap", "group", "output"):
        parser.add_argument(place)
    parser.add_argument("events", type=int)
    parser.add_argument("--embedded", action="store_true")
    given = parser.parse_args()
    watch = Watch(given.events, given.group, given.output, given.embedded)
    running = RUNNERS[given.name](given.bootstrap, watch)
    if asyncio.iscoroutine(running):
        asyncio.run(running)
    watch.report()


if __name__ == "__main__":
    main()
