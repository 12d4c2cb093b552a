"""The pipeline, raw event to alert: sustained events a second, and latency at half of that.

Six processors, each its own process, over one embedded broker. One plate reading in a hundred is on an authorised list
and raises an alert of its own; the run ends when the last expected alert is there.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr

from fairwatch.apps.demo.cameras.hikvision import ANPR, now
from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.stage import CONFIG, make_topics
from fairwatch.apps.embedded import start_valkey
from fairwatch.apps.kafka import producer
from fairwatch.apps.settings import Settings
from fairwatch.domain.ids import stable_id
from fairwatch.stores.health import Health
from fairwatch.wire.avro import Codec

STAGES = ("normalize", "enrich", "match", "verify", "route", "group")
EVENTS = 20_000
EVERY = 100  # one event in so many is on the list
CAMERAS = 24
PARTITIONS = 2
PACED_S = 15.0
READY_S = 60.0
DONE_S = 180.0
DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub to measure."""

    settings: Settings
    prefix: str


def plate(number: int) -> str:
    """Return a plate that no other number has and no confusion leads to."""
    digits = np.base_repr(number, 6).zfill(7)
    return "KM" + digits.translate(str.maketrans("012345", "AHKMTV"))


def reference_records(listed: Sequence[int]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return one site, its cameras, one authorisation and the listed plates."""
    at = time.time_ns() // 1000
    shared = {"valid_from": at - DAY, "valid_until": at + DAY, "updated_at": at}
    site = {"site_id": "bench", "name": "Bench", "time_zone": "UTC"}
    authorisation = {
        **shared, "authorisation_id": "bench", "state": "GRANTED", "objective": "stolen_vehicle",
        "legal_basis": "benchmark", "reference": "1", "authority": "benchmark", "kinds": ["PLATE"],
        "site_ids": ["bench"], "requested_by": "a", "approved_by": ["b"], "required_verifications": 0,
    }  # fmt: skip
    records = [("sites", "bench", site), ("authorisations", "bench", authorisation)]
    for camera in range(CAMERAS):
        device = {
            "device_id": f"camera-{camera}",
            "name": f"Camera {camera}",
            "site_id": "bench",
            "formats": ["hikvision-isapi"],
        }
        records.append(("devices", f"camera-{camera}", device))
    for number in listed:
        entry = {
            **shared, "entry_id": stable_id("entry", number), "authorisation_id": "bench", "kind": "PLATE",
            "title": "listed", "plate": plate(number), "created_by": "a", "approved_by": "b",
        }  # fmt: skip
        records.append(("watchlist-entries", entry["entry_id"], entry))
    return records


def raw_event(codec: Codec, number: int) -> tuple[bytes, bytes, int]:
    """Return key, encoded RawEvent and its time of receipt."""
    device, at = f"camera-{number % CAMERAS}", time.time_ns() // 1000
    body = ANPR.format(
        mac="44:19:b6:00:00:01", time=now(), name=device, plate=plate(number), confidence=95,
        characters="99,99,99,99,99,99,99,99,99", index=number, uuid=number,
    ).encode()  # fmt: skip
    record = {
        "raw_id": stable_id("raw", number), "device_id": device, "gateway": "http", "transport": "http",
        "format": "hikvision-isapi", "content_type": "application/xml", "received_at": at,
        "sha256": sha256(body).hexdigest(), "size": len(body), "body": body,
    }  # fmt: skip
    return device.encode(), codec.encode("RawEvent", record), at


async def send(hub: Hub, numbers: Sequence[int], rate: float | None) -> float:
    """Publish raw events, at `rate` a second or as fast as it goes; return the seconds it took."""
    codec, began = Codec(), time.monotonic()
    client = AIOKafkaProducer(
        bootstrap_servers=hub.settings.kafka_bootstrap, acks="all", max_batch_size=256 << 10, linger_ms=2
    )
    async with client:
        for position, number in enumerate(numbers):
            key, value, at = raw_event(codec, number)
            await client.send(
                hub.prefix + "raw-events", value, key=key, headers=[("ce_recordedtime", str(at).encode())]
            )
            ahead = position / rate - (time.monotonic() - began) if rate else 0.0
            if ahead > 0.01:
                await asyncio.sleep(ahead)
    return time.monotonic() - began


async def alerts(hub: Hub, expected: int, latencies: list[float]) -> None:
    """Read new alerts until the expected number is there; note seconds from the gateway's receipt to here."""
    codec, seen = Codec(), set()
    consumer = AIOKafkaConsumer(
        hub.prefix + "alerts", bootstrap_servers=hub.settings.kafka_bootstrap, auto_offset_reset="earliest"
    )
    async with consumer, asyncio.timeout(DONE_S):
        while len(seen) < expected:
            for messages in (await consumer.getmany(timeout_ms=200)).values():
                for message in messages:
                    _, alert = codec.decode(message.value)
                    if alert["alert_id"] not in seen:
                        seen.add(alert["alert_id"])
                        latencies.append(time.time() - alert["received_at"] / 1e6)


async def measure(settings: Settings, prefix: str, folder: Path) -> dict[str, float]:
    """Set up a hub under its own topic prefix, measure it, take it down."""
    hub = Hub(settings, prefix)
    await asyncio.to_thread(make_topics, settings)
    burst = range(EVENTS)
    paced = range(EVENTS, 3 * EVENTS)
    async with producer(settings, "benchmark") as publisher:
        records = reference_records([*burst[EVERY - 1 :: EVERY], *paced[EVERY - 1 :: EVERY]])
        await asyncio.gather(*(publisher.publish(*record) for record in records))
    environment = {
        "FAIRWATCH_KAFKA_BOOTSTRAP": settings.kafka_bootstrap, "FAIRWATCH_EMBEDDED": "true",
        "FAIRWATCH_TOPIC_PREFIX": prefix,
        "FAIRWATCH_REDIS_URL": settings.redis_url.get_secret_value(), "FAIRWATCH_CONFIG_DIR": str(CONFIG),
        "FAIRWATCH_MEDIA_URL": f"file://{folder}/media", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    components, health = Components(folder / "logs", environment), Health(settings.redis_url.get_secret_value())
    try:
        for stage in STAGES:
            await components.start(stage)
        await _ready(components, health)
        return await _both(hub, burst, paced)
    finally:
        await components.stop()
        await health.close()


async def _both(hub: Hub, burst: range, paced: range) -> dict[str, float]:
    began, ignored, latencies = time.monotonic(), [], []
    await asyncio.gather(send(hub, burst, None), alerts(hub, len(burst) // EVERY, ignored))
    rate = len(burst) / (time.monotonic() - began)
    chosen = paced[: int(rate / 2 * PACED_S) // EVERY * EVERY]
    known = len(burst) // EVERY
    waiting = asyncio.create_task(alerts(hub, known + len(chosen) // EVERY, latencies))
    await send(hub, chosen, rate / 2)
    await waiting
    p50, p99 = np.percentile(latencies[known:], [50, 99])
    return {
        "events_per_s": round(rate, 1),
        "p50_ms": round(float(p50) * 1000, 1),
        "p99_ms": round(float(p99) * 1000, 1),
    }


async def _ready(components: Components, health: Health) -> None:
    async with asyncio.timeout(READY_S):
        while True:
            components.check()
            if {beat["component"] for beat in await health.read_all() if beat.get("ready")} >= set(STAGES):
                return
            await asyncio.sleep(0.2)


def run(bootstrap: str) -> dict[str, float]:
    """Return events_per_s, p50_ms and p99_ms."""
    with tempfile.TemporaryDirectory() as folder, start_valkey() as valkey:
        settings = Settings(
            kafka_bootstrap=bootstrap, redis_url=SecretStr(valkey.address), embedded=True, topic_prefix="bench-",
            max_partitions=PARTITIONS,
        )  # fmt: skip
        return asyncio.run(measure(settings, "bench-", Path(folder)))
