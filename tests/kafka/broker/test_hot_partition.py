"""One device sends half of everything, or far more than can be handled: the others do not wait for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.partitioner import murmur2

from tests.benchmarks.scale_load import Progress
from tests.support.engine_lab import CODEC, Lab, observation, until
from tests.support.load import disordered

PARTITIONS = 8
OTHERS = tuple(f"d{number}" for number in range(32))
HOT = "hot"
RATE, SECONDS, TICK_S = 400, 6.0, 0.02  # of the others together
FLOOD = 20_000
RATIO, SLACK_S, FLOODED_S = 2.0, 0.5, 2.0  # with room for whatever else the machine does


@dataclass
class Cameras:
    """Send numbered events at a steady rate, and know when each was sent."""

    lab: Lab
    producer: AIOKafkaProducer
    sent: dict[str, float] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    async def send(self, phase: str, device: str) -> None:
        """Send the next event of a device."""
        number = self._numbers[device] = self._numbers.get(device, -1) + 1
        name = f"{device}-{number}"
        value = CODEC.encode("Observation", observation(name))
        self.sent[name], self.phases[name] = time.time(), phase
        await self.producer.send(self.lab.prefix + "in", value, key=device.encode())

    async def steadily(self, phase: str, hot: int = 0) -> None:
        """Send for some seconds; `hot` events a second are of the one device, besides."""
        began, ticks = time.monotonic(), round(SECONDS / TICK_S)
        each, more = round(RATE * TICK_S), round(hot * TICK_S)
        for tick in range(ticks):
            for place in range(each):
                await self.send(phase, OTHERS[(tick * each + place) % len(OTHERS)])
            for _ in range(more):
                await self.send(phase, HOT)
            await asyncio.sleep(max(0.0, began + (tick + 1) * TICK_S - time.monotonic()))

    async def flood(self, phase: str) -> None:
        """Send as fast as it goes: more of the one device than can be handled in that time."""
        for number in range(FLOOD):
            await self.send(phase, HOT)
            if number % 50 == 0:
                await asyncio.sleep(0)


def latencies(cameras: Cameras, came: Mapping[str, float], phase: str, *, beside: bool) -> Iterator[float]:
    """Yield the seconds that events of the other devices took, those in the hot device's partition or elsewhere."""
    place = partition(HOT)
    for name, at in came.items():
        device = name.rpartition("-")[0]
        if cameras.phases[name] == phase and device != HOT and (partition(device) == place) == beside:
            yield at - cameras.sent[name]


def partition(device: str) -> int:
    """Return where a device's events are."""
    return int((murmur2(device.encode()) & 0x7FFFFFFF) % PARTITIONS)


@asynccontextmanager
async def worker(lab: Lab, log: Path) -> AsyncIterator[None]:
    """Run a stateless worker as a process of its own until the block ends."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*lab.plain_program(), stdout=output, stderr=output)
    try:
        await until(lambda: b"worker.ready" in log.read_bytes(), 60)
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_a_hot_device_does_not_stall_the_others(lab: Lab, tmp_path, record_property) -> None:
    await lab.create(PARTITIONS)
    async with (
        AIOKafkaProducer(bootstrap_servers=lab.bootstrap, acks="all", linger_ms=2) as producer,
        AIOKafkaConsumer(bootstrap_servers=lab.bootstrap, isolation_level="read_committed") as consumer,
        worker(lab, tmp_path / "worker.log"),
    ):
        cameras, progress = Cameras(lab, producer), Progress(consumer, lab.prefix + "out", PARTITIONS)
        for phase, hot in (("warm", 0), ("even", 0), ("half", RATE)):
            await cameras.steadily(phase, hot)
            await progress.reach(len(cameras.sent), 60)
        flood = asyncio.create_task(cameras.flood("flood"))
        await cameras.steadily("flood")
        await flood
        await progress.reach(len(cameras.sent), 60)
    records = await lab.read()
    names = [CODEC.decode(record.value)[1]["observation_id"] for record in records]
    came = dict(zip(names, (record.timestamp / 1000 for record in records), strict=True))
    assert set(names) == set(cameras.sent)
    assert len(names) == len(cameras.sent), "none twice"
    assert disordered(names) == set()
    p50, p99 = {}, {}
    for phase in ("even", "half", "flood"):
        p50[phase], p99[phase] = np.percentile(list(latencies(cameras, came, phase, beside=False)), [50, 99])
    queued = max(latencies(cameras, came, "flood", beside=True), default=0.0)
    hot_s = max(came[name] - cameras.sent[name] for name in came if name.startswith(HOT))
    record_property(
        f"a hot device, {RATE} events/s of {len(OTHERS)} others in {PARTITIONS} partitions, one worker",
        "others' latency p50/p99: "
        + ", ".join(f"{phase} {p50[phase] * 1000:.0f}/{p99[phase] * 1000:.0f} ms" for phase in p99)
        + f"; flood of {FLOOD}: hot device up to {hot_s:.1f} s behind, its partition's others {queued:.1f} s",
    )
    assert p99["half"] < RATIO * p99["even"] + SLACK_S
    assert p99["flood"] < FLOODED_S
