"""Observations of registered devices for the scaling benchmark, and how far their sightings are."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from fairwatch.domain.ids import stable_id
from fairwatch.parts import spec_of
from fairwatch.wire.avro import Codec
from fairwatch.wire.headers import RECORDED

DEVICES = 128
READ_MS, FEW = 50, 100  # of a look: how long it waits; fewer records than that end it
PRODUCER = {"acks": "all", "max_batch_size": 256 << 10, "linger_ms": 2}
_codec = Codec()


def observation(number: int, device: str = "") -> dict[str, Any]:
    """Return what a plate camera with a clock of its own says."""
    at = time.time_ns() // 1000
    device_id = device or f"camera-{number % DEVICES}"
    raw = datetime.fromtimestamp(at / 1e6, UTC).isoformat(timespec="seconds")
    return {
        "observation_id": stable_id("scale", device_id, number),
        "event_type": "plate.read",
        "device_id": device_id,
        "source": {"format": "hikvision-isapi", "version": "2.0", "device_id": "44:19:b6:aa:bb:cc", "channel": "1"},
        "occurred_at": at,
        "device_time": {"utc": at // 1_000_000 * 1_000_000, "raw": raw, "zone": "+00:00", "precision": "SECOND"},
        "received_at": at,
        "object_class": "MOTOR_VEHICLE",
        "shape": {
            "box": {"x0": 0.31, "y0": 0.42, "x1": 0.68, "y1": 0.93},
            "source": [310.0, 420.0, 370.0, 510.0],
            "space": {"kind": "PERMILLE_TOPLEFT"},
        },
        "speed_mps": 11.1,
        "vehicle": {"kind": "CAR", "colour": {"name": "BLUE", "code": {"system": "hikvision", "code": "blue"}}},
        "raw_sha256": "cd" * 32,
    }


def encoded(number: int, device: str = "") -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Return key, value and headers as the gateway and `normalize` leave them."""
    record = observation(number, device)
    headers = [("ce_recordedtime", str(record["received_at"]).encode())]
    return record["device_id"].encode(), _codec.encode("Observation", record), headers


@asynccontextmanager
async def sender(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """Give a producer that fills batches."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, **PRODUCER) as producer:
        yield producer


async def make(bootstrap: str, prefix: str, partitions: int) -> None:
    """Make what `enrich` reads and writes, and register site and devices."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    flow = [NewTopic(prefix + name, partitions, 1) for name in ("observations", "sightings")]
    compact = {"cleanup.policy": "compact"}
    references = [NewTopic(prefix + name, 1, 1, topic_configs=compact) for name in spec_of("enrich").references]
    await admin.create_topics([*flow, *references, NewTopic(prefix + "observations-dlq", 1, 1)])
    await admin.close()
    site = {"site_id": "scale", "name": "Scale", "time_zone": "Europe/Berlin"}
    async with sender(bootstrap) as producer:
        await producer.send_and_wait(prefix + "sites", _codec.encode("Site", site), key=b"scale")
        for number in range(DEVICES):
            name = f"camera-{number}"
            device = {"device_id": name, "name": name, "site_id": "scale", "formats": ["hikvision-isapi"]}
            await producer.send_and_wait(prefix + "devices", _codec.encode("Device", device), key=name.encode())


async def fill(bootstrap: str, topic: str, events: int, rate: float | None = None, first: int = 0) -> None:
    """Write observations from number `first` on; as fast as it goes, or so many a second."""
    async with sender(bootstrap) as producer:
        began = time.monotonic()
        for number in range(first, first + events):
            key, value, headers = encoded(number)
            await producer.send(topic, value, key=key, headers=headers)
            ahead = (number - first) / rate - (time.monotonic() - began) if rate else 0.0
            if ahead > 0.005:
                await asyncio.sleep(ahead)


class Progress:
    """How many records of a topic a reader can see; offsets would count the ends of transactions, too.

    Args:
        consumer: Without a group and without partitions, reading committed records only.
    """

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, partitions: int) -> None:
        self._consumer = consumer
        self._places = [TopicPartition(topic, number) for number in range(partitions)]
        self._seen = 0
        self._ages: list[float] = []

    async def count(self) -> int:
        """Read on until nothing comes at once; return how many there were so far."""
        if not self._consumer.assignment():
            self._consumer.assign(self._places)
            await self._consumer.seek_to_beginning(*self._places)
        while found := await self._consumer.getmany(timeout_ms=READ_MS):
            for record in chain.from_iterable(found.values()):
                self._seen += 1
                if received := dict(record.headers).get(RECORDED):
                    self._ages.append(record.timestamp - int(received) / 1000)
            if sum(map(len, found.values())) < FEW:
                break
        return self._seen

    async def reach(self, events: int, within_s: float) -> None:
        """Wait until there are so many; TimeoutError when that takes too long."""
        async with asyncio.timeout(within_s):
            while await self.count() < events:  # noqa: ASYNC110  # a broker tells nobody
                await asyncio.sleep(0.05)

    def ages_ms(self, *percentiles: float) -> list[float]:
        """Return percentiles of the milliseconds from an event's receipt to its record here."""
        return [float(value) for value in np.percentile(self._ages, percentiles)]
