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
EVENTS = {"fairwatch": 40_000, "aiokafka_loop": 40_000, "faust_stock": 8_000, "quix_streams": 40_000}
TIMEOUT_S = 60
RECEIVED_AT = 1_767_225_600_000_000


def observation(number: int) -> dict[str, Any]:
    """Return a plate reading as a traffic camera sends it: about 450 bytes."""
    at = RECEIVED_AT + number * 1000
    box = {"x0": 0.41, "y0": 0.52, "x1": 0.49, "y1": 0.56}
    return {
        "observation_id": f"00000000-0000-5000-8000-{number:012d}",
        "event_type": "plate.read",
        "device_id": f"camera-{number % 97}",
        "source": {"format": "hikvision-isapi", "version": "2.0", "channel": "1", "rule": "lane 1"},
        "occurred_at": at,
        "received_at": at + 150_000,
        "object_class": "MOTOR_VEHICLE",
        "object_id": str(number),
        "confidence": {"value": 0.93, "raw": "93"},
        "shape": {"box": box},
        "zones": ["gate-1"],
        "plates": [{"text": f"AB{number % 9999:04d}", "raw": f"AB {number % 9999:04d}"}],
        "media": [
            {
                "uri": "fw-media:" + "ab" * 32,
                "sha256": "ab" * 32,
                "mime": "image/jpeg",
                "bytes": 48_211,
                "role": "SCENE",
            }
        ],
        "extensions": {"laneNo": "1", "vehicleListName": "other"},
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


def measure(name: str, bootstrap: str) -> float:
    """Return events per second of one competitor."""
    path = os.pathsep.join([str(ROOT / "services"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, str(HERE / "engine_runners.py"), name, bootstrap, str(EVENTS[name])],
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
    """Return events per second by competitor."""
    asyncio.run(fill(bootstrap, max(EVENTS.values())))
    return {name: round(measure(name, bootstrap), 1) for name in EVENTS}
