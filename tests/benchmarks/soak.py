"""`make soak`: every component as a process, ten minutes at the full rate of this machine; none above 300 MB.

The demo's stage on one Apache Kafka in a container, without models. Cameras push over HTTP as fast as the gateway takes
it, and raw events are written beside them so that there are always some thousands under way: every processor is behind
and none ever rests. The memory of each process is looked at every second. Writes results/soak-<date>.json.
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
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from rich.console import Console
from rich.table import Table

os.environ.setdefault("FAIRWATCH_KAFKA", "1")
os.environ["FAIRWATCH_FACES"] = "false"

from fairwatch.apps.demo import world
from fairwatch.apps.demo.cameras.hikvision import ANPR, HikvisionCamera, now
from fairwatch.apps.demo.stage import Servers, Stage, set_stage
from fairwatch.apps.kafka import producer
from fairwatch.domain.ids import stable_id
from fairwatch.wire.avro import Codec
from tests.benchmarks.__main__ import RESULTS, machine
from tests.benchmarks.pipeline import CAMERAS, plate, reference_records
from tests.benchmarks.processes import Cost, cost, peak_mib, pid_of
from tests.support.kafka_cluster import one_broker

BAR_MB = 300.0
UNDER_WAY = 3000  # raw events that are no sightings yet
EVERY, LISTED = 50, 200  # one reading in so many is of a plate of the list, which is so long
CHUNK = 200
HERE = "(load)"
MB_OF_MIB = (1 << 20) / 1e6


@dataclass(slots=True)
class Load:
    """What keeps the hub busy.

    Attributes:
        pushed: Accepted over HTTP.
        written: Written to `raw-events` beside that.
        statuses: What else the gateway answered, by HTTP status.
    """

    stage: Stage
    pushed: int = 0
    written: int = 0
    statuses: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    numbers: Any = field(default_factory=count)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def push(self, name: str, mac: str) -> None:
        """Be one camera that sends its next reading when the last one is answered."""
        login = aiohttp.DigestAuthMiddleware(name, self.stage.credentials.digest[name])
        async with aiohttp.ClientSession(middlewares=(login,)) as session:
            camera = HikvisionCamera(session, f"{self.stage.addresses['http']}/v1/push/{name}", name, mac)
            while not self.over.is_set():
                status = await camera.send(reading(name, mac, next(self.numbers)), "application/xml")
                if status == 200:
                    self.pushed += 1
                else:
                    self.statuses[status] += 1
                    await asyncio.sleep(0.2)

    async def write(self, done: "Done") -> None:
        """Keep as many raw events under way as the bound says."""
        codec = Codec()
        bootstrap = self.stage.settings.kafka_bootstrap
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=2) as producer:
            while not self.over.is_set():
                if self.pushed + self.written - await done.sightings() > UNDER_WAY:
                    await asyncio.sleep(0.05)
                    continue
                for _ in range(CHUNK):
                    key, value, headers = raw_event(codec, next(self.numbers))
                    await producer.send("raw-events", value, key=key, headers=headers)
                self.written += CHUNK


@dataclass(frozen=True, slots=True)
class Done:
    """How far the hub is."""

    consumer: AIOKafkaConsumer
    partitions: int

    async def count(self, topic: str) -> int:
        """Return how many records were ever written to a topic."""
        places = [TopicPartition(topic, number) for number in range(self.partitions)]
        return sum((await self.consumer.end_offsets(places)).values())

    async def sightings(self) -> int:
        """Return the number of sightings."""
        return await self.count("sightings")


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


def reading(name: str, mac: str, number: int) -> bytes:
    """Return the body of a plate reading; one in `EVERY` is of a listed plate."""
    known = number % EVERY == 0
    return ANPR.format(
        mac=mac, time=now(), name=name, plate=plate(number // EVERY % LISTED if known else LISTED + number),
        confidence=95, characters="99,99,99,99,99,99,99,99,99", index=number, uuid=number,
    ).encode()  # fmt: skip


def raw_event(codec: Codec, number: int) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Return key, value and headers of a raw event as a gateway writes it."""
    device, at = f"camera-{number % CAMERAS}", time.time_ns() // 1000
    body = reading(device, "44:19:b6:00:00:09", number)
    record = {
        "raw_id": stable_id("raw", number), "device_id": device, "gateway": "http", "transport": "http",
        "format": "hikvision-isapi", "content_type": "application/xml", "received_at": at,
        "sha256": sha256(body).hexdigest(), "size": len(body), "body": body,
    }  # fmt: skip
    return device.encode(), codec.encode("RawEvent", record), [("ce_recordedtime", str(at).encode())]


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
        done, load = Done(consumer, stage.settings.max_partitions), Load(stage)
        pids = {name: process.pid for name, process in stage.components.processes.items()}
        samples = Samples({**pids, "(Kafka)": pid_of(broker), HERE: os.getpid()})
        before = {topic: await done.count(topic) for topic in ("sightings", "alerts")}
        tasks = [asyncio.create_task(load.push(*camera)) for camera in world.HIKVISION.items()]
        tasks.append(asyncio.create_task(load.write(done)))
        began = time.monotonic()
        await samples.take(seconds, stage)
        passed = time.monotonic() - began
        sightings = await done.sightings() - before["sightings"]
        load.over.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 60)
        return {
            "seconds": round(passed, 1), "events_per_s": round(sightings / passed, 1), "sightings": sightings,
            "pushed": load.pushed, "refused": dict(load.statuses),
            "alert_revisions": await done.count("alerts") - before["alerts"],
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
