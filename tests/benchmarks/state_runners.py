"""The workers of the state benchmark: `python state_runners.py NAME HOST:PORT INSTANCE` runs one until it is killed.

Each prints one line of JSON whenever its state is there: seconds since it began, keys that it holds, memory.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from aiokafka import AIOKafkaConsumer
from structlog.testing import capture_logs

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Outcome
from fairwatch.domain.processor import Spec
from fairwatch.engine.collector import tune_collector
from fairwatch.engine.worker import EngineConfig, Resources, Worker
from fairwatch.wire.avro import Codec

READ, IDLE = "bench-in", "bench-idle"
SPEC = Spec("bench", (READ,), (), state=True)
GROUP, TABLE = "fairwatch-bench", "ledger"
SESSION_S = 6.0
FAUST_LIMIT_S = 240.0
HERE = Path(__file__)


def say(began: float, **found: Any) -> None:
    """Print what was measured."""
    mib = psutil.Process().memory_info().rss / 2**20
    line = {"seconds": round(time.perf_counter() - began, 3), "mib": round(mib), **found}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Idle:
    """A processor that is never asked anything."""

    spec = SPEC

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Answer nothing."""
        return [[] for _ in batch]


async def fairwatch(bootstrap: str, instance: str) -> None:
    """Run the engine, and say after each rebalance how long nothing was handled."""
    tune_collector()
    given: list[Resources] = []

    def build(resources: Resources) -> Idle:
        given.append(resources)
        return Idle()

    config = EngineConfig(bootstrap, instance=instance, session_timeout_s=SESSION_S)
    say(time.perf_counter(), what="imported")
    began = time.perf_counter()
    worker = Worker({SPEC: build}, config, Codec(), records={READ: "Observation"})
    counted = worker.parts[0].tally.rebalance

    def rebalance(paused_s: float | None) -> None:
        restored = next((entry for entry in reversed(logged) if entry["event"] == "state.restored"), {})
        say(began, paused_s=paused_s, restored_s=restored.get("seconds"), keys=given[0].state.keys)  # type: ignore[attr-defined]
        counted(paused_s)

    worker.parts[0].tally.rebalance = rebalance  # type: ignore[method-assign]
    with capture_logs() as logged:
        await worker.run()


async def bystander(bootstrap: str, instance: str) -> None:
    """Join the group for a topic of its own, so that no partition moves."""
    from aiokafka.coordinator.assignors.range import RangePartitionAssignor  # noqa: PLC0415

    began = time.perf_counter()
    consumer = AIOKafkaConsumer(
        IDLE, bootstrap_servers=bootstrap, group_id=GROUP, client_id=instance, session_timeout_ms=6000,
        rebalance_timeout_ms=6000, partition_assignment_strategy=[RangePartitionAssignor],
    )  # fmt: skip
    await consumer.start()
    while not consumer.assignment():  # noqa: ASYNC110  # nothing tells
        await asyncio.sleep(0.05)
    say(began, keys=0)
    await asyncio.sleep(60)


async def faust_tables(bootstrap: str, folder: str, store: str) -> None:
    """Run a stock Faust table."""
    import faust  # noqa: PLC0415

    say(time.perf_counter(), what="imported")
    began = time.perf_counter()
    app = faust.App(
        "bench-faust", broker=f"kafka://{bootstrap}", web_enabled=False, topic_disable_leader=True, store=store,
        datadir=folder, topic_allow_declare=True, broker_session_timeout=SESSION_S, topic_partitions=12,
        broker_rebalance_timeout=SESSION_S, broker_heartbeat_interval=1,
    )  # fmt: skip
    table = app.Table(TABLE, partitions=12)

    async def agent(stream: Any) -> None:
        async for _ in stream:
            pass

    app.agent(app.topic(READ, partitions=12))(agent)
    await app.start()
    await asyncio.wait_for(app.tables.recovery.completed.wait(), FAUST_LIMIT_S)
    say(began, keys=len(table))
    await app.stop()


async def main(name: str, bootstrap: str, instance: str) -> None:
    """Run one."""
    if name == "fairwatch":
        await fairwatch(bootstrap, instance)
    elif name == "bystander":
        await bystander(bootstrap, instance)
    else:
        await faust_tables(bootstrap, instance or tempfile.mkdtemp(), name)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
