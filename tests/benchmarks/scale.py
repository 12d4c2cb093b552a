"""`make scale`: what an event costs with 1, 2, 4 workers and 1, 4, 8, 32 partitions; writes results/scale-<date>.json.

Workers are processes of `fairwatch run enrich` on one Apache Kafka in a container. They handle some events first, stand
still while the topic is filled, then run to its end. Cost is CPU seconds of the workers for each event: unlike events a
second, it can be compared when there are more workers than cores. `spin` says how much dearer the same work is for a
process when so many of them run at once: what the machine adds.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.demo.components import Components
from fairwatch.apps.embedded import start_valkey

os.environ.setdefault("FAIRWATCH_KAFKA", "1")

from tests.benchmarks.__main__ import RESULTS, machine
from tests.benchmarks.pipeline_hub import KAFKA_JVM
from tests.benchmarks.processes import TURNS, cpu_s, peak_mib, pid_of, spin
from tests.benchmarks.scale_load import Progress, fill, make
from tests.support.kafka_cluster import one_broker

WORKERS, PARTITIONS = (1, 2, 4), (1, 4, 8, 32)
EVENTS, SHORT_EVENTS, DEEP = 48_000, 8_000, 100_000
WARM = 1_000  # events for each worker before any is counted: it learns names and devices once
PACED, PACED_S = 1000.0, 4.0
READY_S, DONE_S = 60.0, 60.0
ROUNDS = 2  # the cheaper one counts: whatever else the machine does makes an event dearer
BAR = 0.15


@dataclass(frozen=True, slots=True)
class Found:
    """One measurement; CPU is microseconds for each event.

    Attributes:
        load: `backlog`, `deep` for a long one, or `paced`: so many events a second.
        p50_ms, p99_ms: From a paced event to its sighting; 0 for a backlog.
        most_mib: The most that a worker ever had.
    """

    load: str
    workers: int
    partitions: int
    events: int
    events_per_s: float
    cpu_us: float
    broker_us: float
    p50_ms: float
    p99_ms: float
    most_mib: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements share."""

    bootstrap: str
    broker_pid: int
    redis: str
    folder: Path

    async def measure(self, load: str, workers: int, partitions: int, events: int, turn: int) -> Found:
        """Start workers, load them, stop them."""
        rate = PACED if load == "paced" else None
        prefix = f"{load}-{workers}-{partitions}-{turn}-"
        await make(self.bootstrap, prefix, partitions)
        environment = {
            "FAIRWATCH_KAFKA_BOOTSTRAP": self.bootstrap, "FAIRWATCH_TOPIC_PREFIX": prefix,
            "FAIRWATCH_REDIS_URL": self.redis, "FAIRWATCH_CONFIG_DIR": str(self.folder),
        }  # fmt: skip
        async with AsyncExitStack() as stack:
            consumer = await stack.enter_async_context(
                AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed")
            )
            groups = [Components(self.folder / f"{prefix}{number}", environment) for number in range(workers)]
            for group in groups:
                stack.push_async_callback(group.stop)
                await group.start("enrich")
            await self._ready(groups, partitions)
            pids = [process.pid for group in groups for process in group.processes.values()]
            progress = Progress(consumer, prefix + "sightings", partitions)
            seconds, ours, theirs = await self._load(pids, progress, prefix + "observations", events, rate)
            p50, p99 = progress.ages_ms(50, 99) if rate else (0.0, 0.0)
            most = max(peak_mib(pid) for pid in pids)
        return Found(
            load, workers, partitions, events, round(events / seconds, 1), round(ours / events * 1e6, 1),
            round(theirs / events * 1e6, 1), round(p50, 1), round(p99, 1), round(most, 1),
        )  # fmt: skip

    async def _load(
        self, pids: list[int], progress: Progress, topic: str, events: int, rate: float | None
    ) -> tuple[float, float, float]:
        """Warm up, then return seconds, CPU seconds of the workers and of the broker."""
        first = WARM * len(pids)
        await fill(self.bootstrap, topic, first)
        await progress.reach(first, DONE_S)
        if rate is None:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            await fill(self.bootstrap, topic, events, first=first)
        before, broker, began = cpu_s(pids), cpu_s([self.broker_pid]), time.monotonic()
        if rate is None:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        else:
            await fill(self.bootstrap, topic, events, rate, first)
        await progress.reach(first + events, DONE_S)
        return time.monotonic() - began, cpu_s(pids) - before, cpu_s([self.broker_pid]) - broker

    async def _ready(self, groups: list[Components], partitions: int) -> None:
        """Wait until all have joined and each partition has its worker."""
        async with asyncio.timeout(READY_S):
            while True:
                owned = [self._owned(group) for group in groups]
                if None not in owned and sum(map(len, filter(None, owned))) == partitions:
                    return
                await asyncio.sleep(0.1)

    @staticmethod
    def _owned(group: Components) -> list[int] | None:
        """Return the partitions that a worker says it has, last of all; None before it has joined."""
        group.check()
        lines = (group.logs / "enrich.log").read_text(encoding="utf-8").splitlines()
        said = [line for line in lines if '"worker.ready"' in line]
        return json.loads(said[-1])["partitions"] if said else None


def crowding(count: int) -> float:
    """Return how much dearer the same work is in each of `count` processes than in one alone."""
    with ProcessPoolExecutor(count) as pool:
        list(pool.map(spin, [1000] * count))
        alone = min(pool.submit(spin).result() for _ in range(3))
        together = list(pool.map(spin, [TURNS] * count))
    return round(sum(together) / count / alone, 3)


def flatness(found: list[Found]) -> dict[str, float]:
    """Return, for each load, how far the dearest event is above the cheapest, where every worker has a partition."""
    spread = {}
    for load in ("backlog", "paced"):
        costs = [one.cpu_us for one in found if one.load == load and one.workers <= one.partitions]
        spread[load] = round(max(costs) / min(costs) - 1, 3)
    return spread


def show(out: Console, found: list[Found], crowd: dict[int, float]) -> None:
    """Print the table."""
    table = Table("load", "workers", "partitions", "events/s", "CPU µs", "broker µs", "p50 / p99 ms", "peak MiB")
    for one in found:
        late = f"{one.p50_ms:.0f} / {one.p99_ms:.0f}" if one.p99_ms else ""
        numbers = (f"{one.events_per_s:,.0f}", f"{one.cpu_us:.0f}", f"{one.broker_us:.0f}", late, f"{one.most_mib:.0f}")
        table.add_row(one.load, str(one.workers), str(one.partitions), *numbers)
    out.print(table)
    out.print(
        f"the same work, {os.cpu_count()} cores: " + ", ".join(f"{n} at once {x:.2f} x" for n, x in crowd.items())
    )


async def run(out: Console, short: bool) -> list[Found]:
    """Measure all pairs with a backlog; one worker at a steady rate with more and more partitions, and far behind."""
    events = SHORT_EVENTS if short else EVENTS
    plan = [("backlog", w, p, events) for w in WORKERS for p in PARTITIONS if not short or (w < 4 and p in (1, 32))]
    plan += [("paced", 1, p, round(PACED * PACED_S)) for p in PARTITIONS if not short or p in (1, 32)]
    plan += [] if short else [("deep", 1, 32, DEEP)]
    found = []
    with tempfile.TemporaryDirectory() as folder, start_valkey() as valkey, one_broker(jvm=KAFKA_JVM) as broker:
        bench = Bench(broker.address, pid_of(broker), valkey.address, Path(folder))
        for number, step in enumerate(plan, 1):
            rounds = [
                await bench.measure(*step, turn) for turn in range(ROUNDS if step[0] == "backlog" and not short else 1)
            ]
            found.append(min(rounds, key=lambda one: one.cpu_us))
            said = ", ".join(f"{one.cpu_us:.0f}" for one in rounds)
            out.print(f"{number} of {len(plan)}: {' '.join(map(str, step))}: {said} µs")
    return found


def main() -> int:
    """Measure, print, write; a missed bar is said, since another machine is not a failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer events, pairs and partitions")
    short = parser.parse_args().short
    out = Console(width=120)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a topic just made has no leader yet, and it tries again
    crowd = {count: crowding(count) for count in WORKERS}
    found = asyncio.run(run(out, short))
    show(out, found, crowd)
    spread = flatness(found)
    for load, share in spread.items():
        out.print(f"{load}: the dearest event costs {share:.0%} more than the cheapest (bar: {BAR:.0%})")
    if not short:
        now = datetime.now(UTC)
        results: dict[str, Any] = {
            "at": now.isoformat(timespec="seconds"), "machine": machine(), "crowding": crowd, "spread": spread,
            "measured": [asdict(one) for one in found],
        }  # fmt: skip
        path = RESULTS / f"scale-{now.date()}.json"
        path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        out.print(f"written to {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
