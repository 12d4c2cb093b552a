"""Devices that send through every gateway as fast as they are answered, and raw events written beside them."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any

import aiohttp
import aiomqtt
from aiokafka import AIOKafkaProducer

from fairwatch.apps.demo import world
from fairwatch.apps.demo.cameras.frigate import FrigateRecorder
from fairwatch.apps.demo.cameras.gat1400 import GatPlatform
from fairwatch.apps.demo.cameras.hikvision import ANPR, HikvisionCamera, now
from fairwatch.apps.demo.stage import Stage
from fairwatch.domain.ids import stable_id
from fairwatch.edges.mqtt.gateway import MqttAddress
from fairwatch.wire.avro import Codec
from tests.benchmarks.pipeline_world import CAMERAS, plate

EVERY, LISTED = 50, 200  # one reading in so many is of a plate of the list, which is so long
CHUNK = 200
OK = 200
PAUSE_S = 0.2
PUBLISHERS = 4  # messages of the MQTT recorder on their way at a time


@dataclass(slots=True)
class Load:
    """What keeps the hub busy.

    Attributes:
        under_way: So many records are kept waiting before the first processors.
        taken: Accepted, by gateway.
        written: Written to `raw-events` beside that.
        refused: What else a gateway answered, by HTTP status.
    """

    stage: Stage
    under_way: int
    taken: Counter[str] = field(default_factory=Counter)
    written: int = 0
    refused: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    numbers: Iterator[int] = field(default_factory=count)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def all(self, backlog: Callable[[], Awaitable[int]]) -> list[Coroutine[Any, Any, None]]:
        """Return all that sends, to be run side by side until it is over.

        Args:
            backlog: Returns how many records are waiting.
        """
        cameras = [self._push(*camera) for camera in world.HIKVISION.items()]
        return [*cameras, self._register(), self._publish(), self._write(backlog)]

    async def _push(self, name: str, mac: str) -> None:
        """Be one camera that sends its next reading when the last one is answered."""
        login = aiohttp.DigestAuthMiddleware(name, self.stage.credentials.digest[name])
        async with aiohttp.ClientSession(middlewares=(login,)) as session:
            camera = HikvisionCamera(session, f"{self.stage.addresses['http']}/v1/push/{name}", name, mac)
            while not self.over.is_set():
                body = reading(name, mac, next(self.numbers))
                await self._answered("http", await camera.send(body, "application/xml"))

    async def _register(self) -> None:
        """Be a GA/T 1400 platform that posts its next vehicle when the last one is answered."""
        name, cameras = "gat-platform", list(world.GAT_CAMERAS.values())
        login = aiohttp.DigestAuthMiddleware(name, self.stage.credentials.digest[name])
        async with aiohttp.ClientSession(middlewares=(login,)) as signed, aiohttp.ClientSession() as plain:
            platform = GatPlatform(signed, plain, self.stage.addresses["viid"], world.GAT_PLATFORM)
            if (status := await platform.register()) != OK:
                raise RuntimeError(f"the platform may not register: {status}")
            while not self.over.is_set():
                number = next(self.numbers)
                vehicle = platform.vehicle(cameras[number % len(cameras)], _text(number))
                await self._answered("viid", await vehicle)

    async def _publish(self) -> None:
        """Be a Frigate recorder that publishes as fast as its broker takes it."""
        address = MqttAddress.parse(self.stage.addresses["mqtt"])
        cameras = list(world.FRIGATE_CAMERAS.values())
        login = {"username": address.username, "password": address.password}
        async with aiomqtt.Client(address.host, address.port, **login) as client:
            recorder = FrigateRecorder(client, "frigate")

            async def publish() -> None:
                while not self.over.is_set():
                    number = next(self.numbers)
                    event_id = f"{time.time():.6f}-{number:06d}"
                    await recorder.event("new", cameras[number % len(cameras)], event_id, "car")
                    self.taken["mqtt"] += 1

            await asyncio.gather(*(publish() for _ in range(PUBLISHERS)))

    async def _answered(self, gateway: str, status: int) -> None:
        if status == OK:
            self.taken[gateway] += 1
        else:
            self.refused[gateway][status] += 1
            await asyncio.sleep(PAUSE_S)

    async def _write(self, backlog: Callable[[], Awaitable[int]]) -> None:
        """Keep so many records waiting."""
        codec = Codec()
        bootstrap = self.stage.settings.kafka_bootstrap
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=2) as producer:
            while not self.over.is_set():
                if await backlog() > self.under_way:
                    await asyncio.sleep(0.05)
                    continue
                for _ in range(CHUNK):
                    key, value, headers = raw_event(codec, next(self.numbers))
                    await producer.send("raw-events", value, key=key, headers=headers)
                self.written += CHUNK


def reading(name: str, mac: str, number: int) -> bytes:
    """Return the body of a plate reading."""
    return ANPR.format(
        mac=mac, time=now(), name=name, plate=_text(number), confidence=95, characters=",".join(["99"] * 10),
        index=number, uuid=number,
    ).encode()  # fmt: skip


def _text(number: int) -> str:
    """Return the plate of a reading; one in `EVERY` is listed."""
    known = number % EVERY == 0
    return plate(number // EVERY % LISTED if known else LISTED + number)


def raw_event(codec: Codec, number: int) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Return key, value and headers of a raw event as a gateway writes it."""
    device, at = f"plate-{number % CAMERAS}", time.time_ns() // 1000
    body = reading(device, "44:19:b6:00:00:09", number)
    record = {
        "raw_id": stable_id("raw", number), "device_id": device, "gateway": "http", "transport": "http",
        "format": "hikvision-isapi", "content_type": "application/xml", "received_at": at,
        "sha256": sha256(body).hexdigest(), "size": len(body), "body": body,
    }  # fmt: skip
    return device.encode(), codec.encode("RawEvent", record), [("ce_recordedtime", str(at).encode())]
