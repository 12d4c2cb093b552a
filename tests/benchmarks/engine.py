"""The engine against hand-written loops, stock Faust and Quix Streams: same work, same broker, same guarantees.

The competitors take turns, in another order each round, so that whatever else the machine does hits all alike; ratios
are of the same round.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from fairwatch.wire.avro import Codec
from tests.benchmarks.engine_work import READ

ROOT = Path(__file__).parents[2]
PARTITIONS = 4
ROUNDS = 7
TIMEOUT_S = 90
RECEIVED_AT = 1_767_225_600_000_000
OURS = "fairwatch"
RIVALS = {
    "embedded": (OURS, "aiokafka_loop", "faust_stock", "quix_streams"),
    "kafka": (OURS, "aiokafka_loop_transactions", "faust_stock", "quix_streams"),
}
EVENTS = dict.fromkeys((OURS, "aiokafka_loop", "aiokafka_loop_transactions", "quix_streams"), 80_000)
EVENTS["faust_stock"] = 15_000
SHORT, SHORT_ROUNDS = 0.2, 2


@dataclass(frozen=True, slots=True)
class Speed:
    """One competitor in one round: events a second, and microseconds of CPU an event."""

    events_per_s: float
    cpu_us: float


def observation(number: int) -> dict[str, Any]:
    """Return what cameras send most: motion in a region."""
    at = RECEIVED_AT + number * 1000
    return {
        "observation_id": f"00000000-0000-5000-8000-{number:012d}",
        "event_type": "motion.region",
        "lifecycle": "START",
        "active": True,
        "device_id": f"camera-{number % 97}",
        "source": {"format": "onvif-event", "rule": "MyMotionDetectorRule", "tokens": {"source": "VideoSource_1"}},
        "occurred_at": at,
        "received_at": at + 150_000,
        "zones": ["gate-1"],
        "raw_sha256": "cd" * 32,
    }


async def fill(bootstrap: str, events: int, outputs: Sequence[str]) -> None:
    """Make the topics and write the events that all competitors read."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (READ, *outputs)])
    await admin.close()
    codec = Codec()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=512 << 10)
    await producer.start()
    for number in range(events):
        record = observation(number)
        headers = [("ce_recordedtime", str(record["received_at"]).encode())]
        await producer.send(
            READ, codec.encode("Observation", record), key=record["device_id"].encode(), headers=headers
        )
    await producer.stop()


def measure(name: str, bootstrap: str, turn: int, events: int, *, embedded: bool) -> Speed:
    """Let one competitor run in one round."""
    arguments = [name, bootstrap, f"bench-{name}-{turn}", output_of(name), str(events)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.engine_runners", *arguments, *(["--embedded"] if embedded else [])],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "services"), str(ROOT)])},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"events"')]
    if done.returncode or not lines:
        raise RuntimeError(f"{name} failed ({done.returncode}): {done.stderr[-2000:]}")
    result = json.loads(lines[-1])
    return Speed(result["events"] / result["seconds"], result["cpu_s"] / result["events"] * 1e6)


def output_of(name: str) -> str:
    """Return the topic that a competitor writes to."""
    return f"bench-out-{name.replace('_', '-')}"


def run(bootstrap: str, broker: str, say: Callable[[str], None], *, short: bool = False) -> dict[str, Any]:
    """Return what each competitor reached on this kind of broker (`embedded`, `kafka`).

    Ratios are ours to theirs of the same round; above 1 we are faster.
    """
    rivals = RIVALS[broker]
    share, rounds = (SHORT, SHORT_ROUNDS) if short else (1.0, ROUNDS)
    events = {name: int(EVENTS[name] * share) for name in rivals}
    asyncio.run(fill(bootstrap, max(events.values()), [output_of(name) for name in rivals]))
    found: dict[str, list[Speed]] = {name: [] for name in rivals}
    for turn in range(rounds):
        for name in rivals[turn % len(rivals) :] + rivals[: turn % len(rivals)]:
            speed = measure(name, bootstrap, turn, events[name], embedded=broker == "embedded")
            found[name].append(speed)
            say(f"  {broker}, round {turn + 1}: {name} {speed.events_per_s:,.0f}/s, {speed.cpu_us:.1f} us of CPU")
    return {name: _summary(found[OURS], speeds) for name, speeds in found.items()}


def _summary(ours: Sequence[Speed], theirs: Sequence[Speed]) -> dict[str, Any]:
    ratios = [mine.events_per_s / their.events_per_s for mine, their in zip(ours, theirs, strict=True)]
    return {
        "events_per_s": spread([speed.events_per_s for speed in theirs], 1),
        "cpu_us": spread([speed.cpu_us for speed in theirs], 2),
        "ratio": spread(ratios, 3),
    }


def spread(values: Sequence[float], digits: int) -> dict[str, float]:
    """Return the least, the middle and the most.

    >>> spread([3.0, 1.0, 2.0], 0)
    {'min': 1.0, 'median': 2.0, 'max': 3.0}
    """
    return {name: round(of(values), digits) for name, of in (("min", min), ("median", median), ("max", max))}
