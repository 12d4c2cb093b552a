"""`make soak`: every component as a process, ten minutes at the full rate of this machine; none above 300 MB.

The demo's stage on one Apache Kafka in a container, without models. Devices send over HTTP, MQTT and VIID as fast as
the gateways take it, and raw events are written beside them so that there are always some thousands under way: every
processor is behind and none ever rests. The memory of each process is looked at every second. Writes
results/soak-<date>.json.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console
from rich.table import Table

os.environ.setdefault("FAIRWATCH_KAFKA", "1")
os.environ["FAIRWATCH_FACES"] = "false"

from fairwatch.apps.demo.stage import Servers, Stage, set_stage
from fairwatch.apps.kafka import producer
from tests.benchmarks.__main__ import RESULTS, machine
from tests.benchmarks.pipeline_world import reference_records
from tests.benchmarks.processes import Cost, cost, peak_mib, pid_of
from tests.benchmarks.soak_load import LISTED, Load
from tests.support.kafka_cluster import one_broker

BAR_MB = 300.0
UNDER_WAY = 3000  # records before `normalize` and `enrich`
HERE = "(load)"
MB_OF_MIB = (1 << 20) / 1e6


@dataclass(frozen=True, slots=True)
class Done:
    """How far the hub is; by what groups have committed, since the ends of transactions have offsets, too."""

    admin: AIOKafkaAdminClient
    consumer: AIOKafkaConsumer

    async def normalized(self) -> int:
        """Return how many raw events `normalize` has handled."""
        return sum((await self._committed("normalize")).values())

    async def backlog(self) -> int:
        """Return how many records lie before `normalize` and `enrich`."""
        behind = 0
        for name in ("normalize", "enrich"):
            committed = await self._committed(name)
            ends = await self.consumer.end_offsets(list(committed)) if committed else {}
            behind += sum(ends[place] - offset for place, offset in committed.items())
        return behind

    async def _committed(self, name: str) -> dict[TopicPartition, int]:
        found = await self.admin.list_consumer_group_offsets(f"fairwatch-{name}")
        return {place: max(0, committed.offset) for place, committed in found.items()}


@dataclass(slots=True)
class Samples:
    """Memory of each process over time, in MB; seconds since the begin."""

    pids: dict[str, int]
    at: list[float] = field(default_factory=list)
    costs: dict[str, list[Cost]] = field(default_factory=lambda: defaultdict(list))

    async def take(self, seconds: float, stage: Stage) -> None:
        """Look once a second."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            stage.components.check()
            self.at.append(passed)
            for name, pid in self.pids.items():
                self.costs[name].append(cost(pid, family=name != HERE))
            await asyncio.sleep(1.0)

    def summary(self) -> dict[str, dict[str, float]]:
        """Return by process the largest and last MB, MB a minute over the second half, and its share of a core."""
        half = len(self.at) // 2
        found = {}
        for name, costs in self.costs.items():
            mb = [one.mib * MB_OF_MIB for one in costs]
            cores = (costs[-1].cpu_s - costs[0].cpu_s) / max(self.at[-1] - self.at[0], 1e-9)
            found[name] = {
                "most_mb": round(peak_mib(self.pids[name]) * MB_OF_MIB, 1), "last_mb": round(mb[-1], 1),
                "mb_per_minute": round(slope(self.at[half:], mb[half:]) * 60, 2), "cores": round(cores, 3),
            }  # fmt: skip
        return found


def slope(at: Sequence[float], values: Sequence[float]) -> float:
    """Return the slope of the line nearest to the points; 0 for fewer than two."""
    return float(np.polyfit(at, values, 1)[0]) if len(at) > 1 else 0.0


async def soak(folder: Path, seconds: float, out: Console) -> dict[str, Any]:
    """Run everything for so long; return what was measured."""
    async with AsyncExitStack() as stack:
        broker = stack.enter_context(one_broker())
        stage = await stack.enter_async_context(
            set_stage(folder, Path(".models"), out.print, Servers(kafka=broker.address))
        )
        async with producer(stage.settings, "soak") as publisher:
            for record in reference_records(range(LISTED)):
                await publisher.publish(*record)
        consumer = await stack.enter_async_context(AIOKafkaConsumer(bootstrap_servers=broker.address))
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
        await admin.start()
        stack.push_async_callback(admin.close)
        done, load = Done(admin, consumer), Load(stage, UNDER_WAY)
        pids = {name: process.pid for name, process in stage.components.processes.items()}
        samples = Samples({**pids, "(Kafka)": pid_of(broker), HERE: os.getpid()})
        before = await done.normalized()
        tasks = [asyncio.create_task(work) for work in load.all(done.backlog)]
        began = time.monotonic()
        await samples.take(seconds, stage)
        passed = time.monotonic() - began
        handled = await done.normalized() - before
        load.over.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 60)
        return {
            "seconds": round(passed, 1), "events_per_s": round(handled / passed, 1), "normalized": handled,
            "taken": dict(load.taken),
            "refused": {gateway: dict(statuses) for gateway, statuses in load.refused.items()},
            "delivered": len(stage.room.alerts), "processes": samples.summary(),
        }  # fmt: skip


def show(out: Console, found: dict[str, Any]) -> list[str]:
    """Print the table; return the components above the bar."""
    table = Table("process", "most MB", "last MB", "MB/min, second half", "cores")
    over = []
    for name, row in sorted(found["processes"].items(), key=lambda item: -item[1]["most_mb"]):
        numbers = (
            f"{row['most_mb']:.0f}",
            f"{row['last_mb']:.0f}",
            f"{row['mb_per_minute']:+.2f}",
            f"{row['cores']:.2f}",
        )
        table.add_row(name, *numbers)
        if row["most_mb"] > BAR_MB and not name.startswith("("):
            over.append(name)
    out.print(table)
    numbers = {key: value for key, value in found.items() if key != "processes"}
    out.print(", ".join(f"{key} {value}" for key, value in numbers.items()))
    return over


def main() -> int:
    """Measure, print, write; 1 when a component needed more than the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    out = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(soak(Path(folder) / "stage", minutes * 60, out))
    over = show(out, found)
    out.print(f"above {BAR_MB:.0f} MB: {', '.join(over)}" if over else f"no component above {BAR_MB:.0f} MB")
    if minutes >= 10:
        at = datetime.now(UTC)
        path = RESULTS / f"soak-{at.date()}.json"
        results = {"at": at.isoformat(timespec="seconds"), "machine": machine(), **found}
        path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        out.print(f"written to {path.name}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
