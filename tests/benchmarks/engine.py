"""The engine against a hand-written aiokafka loop, stock Faust and Quix Streams, all on one broker in one run."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from fairwatch.wire.avro import Codec

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
READ, WRITE = "bench-in", "bench-out"
PARTITIONS = 4
EVENTS = {"fairwatch": 40_000, "aiokafka_loop": 40_000, "faust_stock": 6_000, "quix_streams": 40_000}
ROUNDS = 3  # the best one counts: whatever else the machine does only slows
TIMEOUT_S = 60
RECEIVED_AT = 1_767_225_600_000_000


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


async def fill(bootstrap: str, events: int) -> None:
    """Make the topics and write the events that all competitors read."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(READ, PARTITIONS, 1), NewTopic(WRITE, PARTITIONS, 1)])
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


def measure(name: str, bootstrap: str, turn: int = 0) -> float:
    """Return events per second of one competitor in one round."""
    path = os.pathsep.join([str(ROOT / "services"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, str(HERE / "engine_runners.py"), name, bootstrap, str(EVENTS[name]), f"bench-{name}-{turn}"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise RuntimeError(f"{name} failed ({done.returncode}): {done.stderr[-2000:]}")
    result = json.loads(lines[-1])
    return float(result["events"] / result["seconds"])


def run(bootstrap: str) -> dict[str, float]:
    """Return events per second by competitor; takes about two minutes."""
    asyncio.run(fill(bootstrap, max(EVENTS.values())))
    rounds = [{name: measure(name, bootstrap, turn) for name in EVENTS} for turn in range(ROUNDS)]
    return {name: round(max(speeds[name] for speeds in rounds), 1) for name in EVENTS}
