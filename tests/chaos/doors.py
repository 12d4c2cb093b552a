"""Devices that come in by the gateways: HTTP, GA/T 1400 and MQTT, each sending until it is taken, as devices do."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import aiomqtt
import orjson
import yaml

from fairwatch.apps.demo.cameras.frigate import tracked_object
from fairwatch.apps.demo.cameras.gat1400 import MEDIA_TYPE, local_time
from fairwatch.apps.demo.credentials import password, write_secret
from fairwatch.apps.embedded import free_port
from fairwatch.apps.embedded_mqtt import EmbeddedMqtt, start_mqtt
from fairwatch.edges.credentials import issue_api_key
from fairwatch.edges.mqtt.gateway import MqttAddress
from tests.chaos.stories import RECORDERS, Door
from tests.chaos.world import HTTP_CAMERAS, PLATFORM, PLATFORM_CAMERA, Event, anpr, object_id, plate
from tests.support.mosquitto import MOSQUITTO, mosquitto

PAUSE_S = 0.5
ANSWER_S = 10.0
KEYS = {f"http-{n}": issue_api_key() for n in range(HTTP_CAMERAS)}  # each with its hash
SECRET = password()
USERS = {"gateway": password(), "recorder": password()}
REFUSED, CONFLICT, SERVER_ERROR = 400, 409, 500


@asynccontextmanager
async def message_broker(folder: Path) -> AsyncIterator[EmbeddedMqtt]:
    """Run an MQTT broker in front of the gateway: mosquitto, or the embedded one where that is not installed.

    A run judges the hub, and sites run a broker like mosquitto; the embedded one, which is the demo's and has tests of
    its own, would share a thread with all that sends and receives here, and answer late because that is busy.
    """
    if MOSQUITTO is None:
        async with start_mqtt(USERS) as embedded:
            yield embedded
        return
    with mosquitto(folder, free_port(), USERS) as port:
        yield EmbeddedMqtt("127.0.0.1", port, USERS)


class NotTakenError(Exception):
    """The gateway did not take it now."""


def write_devices(folder: Path) -> None:
    """Write devices.yaml for the gateways."""
    write_secret(folder / "secrets" / "platform", SECRET)
    account = {"username": "platform", "password_file": "secrets/platform"}
    devices = [
        {"device_id": "platform", "format": "gat1400", "viid_id": PLATFORM, "digest": account},
        *(
            {"device_id": name, "format": "hikvision-isapi", "api_key_hash": digest}
            for name, (_, digest) in KEYS.items()
        ),
        *(
            {"device_id": f"recorder-{n}", "format": "frigate", "mqtt_topics": [f"recorder-{n}/events"]}
            for n in range(RECORDERS)
        ),
    ]
    (folder / "devices.yaml").write_text(yaml.safe_dump({"devices": devices}, sort_keys=False), encoding="utf-8")


@dataclass
class Doors:
    """Sends what comes by a gateway, each device in order, the same bytes until it is taken.

    Args:
        addresses: Of `http`, `viid` and `mqtt`.
        resent: Takes the numbers that were sent more than once.

    Attributes:
        taken: By door, how many were taken.
    """

    addresses: Mapping[str, str]
    resent: set[int]
    taken: dict[str, int] = field(default_factory=dict)
    _queues: dict[str, asyncio.Queue[Event]] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def send(self, event: Event) -> None:
        """Queue an event behind what its device has still to send."""
        if event.device not in self._queues:
            queue = self._queues[event.device] = asyncio.Queue()
            self._tasks.append(asyncio.create_task(self._work_off(event.door, queue)))
        self._queues[event.device].put_nowait(event)

    async def finish(self) -> None:
        """Wait until everything is taken."""
        await asyncio.gather(*(queue.join() for queue in self._queues.values()))
        await self.close()

    async def close(self) -> None:
        """Stop sending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work_off(self, door: Door, queue: asyncio.Queue[Event]) -> None:
        senders: dict[Door, type[Http | Recorder]] = {"http": Http, "viid": Platform, "mqtt": Recorder}
        sender = senders[door](self.addresses[door])
        try:
            while True:
                event = await queue.get()
                value = sender.value_of(event)
                while not await self._sent(sender, event, value):
                    self.resent.add(event.number)
                    await asyncio.sleep(PAUSE_S)
                self.taken[door] = self.taken.get(door, 0) + 1
                queue.task_done()
        finally:
            await sender.close()

    async def _sent(self, sender: "Http | Recorder", event: Event, value: bytes) -> bool:
        try:
            async with asyncio.timeout(ANSWER_S):
                await sender.send(event, value)
        except (NotTakenError, TimeoutError, aiohttp.ClientError, aiomqtt.MqttError, OSError):
            return False
        return True


class Http:
    """A camera that pushes over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = aiohttp.ClientSession()

    def value_of(self, event: Event) -> bytes:
        """Return what is sent."""
        return anpr(event)

    async def send(self, event: Event, value: bytes) -> None:
        """Send once; NotTakenError when it has to come again, RuntimeError when it never may."""
        headers = {"Content-Type": "application/xml", "X-Api-Key": KEYS[event.device][0]}
        await self._post(self.session, f"/v1/push/{event.device}", value, headers)

    async def close(self) -> None:
        """Hang up."""
        await self.session.close()

    async def _post(self, session: aiohttp.ClientSession, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        async with session.post(self.url + path, data=body, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= REFUSED:
                raise NotTakenError(f"{path}: {answer.status} {text[:200]}")


class Platform(Http):
    """A GA/T 1400 platform; registers again when its session is gone."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.digest = aiohttp.ClientSession(middlewares=(aiohttp.DigestAuthMiddleware("platform", SECRET),))
        self._headers = {"Content-Type": MEDIA_TYPE, "User-Identify": PLATFORM}
        self._registered = False

    def value_of(self, event: Event) -> bytes:
        """Return a passing vehicle."""
        when = local_time()
        source = f"{PLATFORM_CAMERA}02{when}{event.number % 100_000:05d}"
        vehicle = {
            "MotorVehicleID": f"{source}0200001", "InfoKind": 1, "SourceID": source, "DeviceID": PLATFORM_CAMERA,
            "StorageUrl1": "", "LeftTopX": 200, "LeftTopY": 180, "RightBtmX": 900, "RightBtmY": 760, "PassTime": when,
            "HasPlate": "1", "PlateClass": "99", "PlateColor": "5", "PlateNo": plate(event.number),
            "PlateReliability": "95",
        }  # fmt: skip
        return orjson.dumps({"MotorVehicleListObject": {"MotorVehicleObject": [vehicle]}})

    async def send(self, event: Event, value: bytes) -> None:
        """Send once, after registering where that is needed."""
        try:
            if not self._registered:
                body = orjson.dumps({"RegisterObject": {"DeviceID": PLATFORM}})
                await self._post(self.digest, "/VIID/System/Register", body, self._headers)
                self._registered = True
            await self._post(self.session, "/VIID/MotorVehicles", value, self._headers)
        except NotTakenError:
            self._registered = False
            raise

    async def close(self) -> None:
        """Hang up."""
        await super().close()
        await self.digest.close()


class Recorder:
    """A Frigate recorder behind one MQTT connection."""

    def __init__(self, url: str) -> None:
        self._address = MqttAddress.parse(url)
        self._client: aiomqtt.Client | None = None

    def value_of(self, event: Event) -> bytes:
        """Return a change of a tracked person, as Frigate writes it."""
        return frigate(event)

    async def send(self, event: Event, value: bytes) -> None:
        """Publish; the broker has it when this returns."""
        try:
            if self._client is None:
                where = self._address
                client = aiomqtt.Client(where.host, where.port, username=where.username, password=where.password)
                await client.__aenter__()
                self._client = client
            await self._client.publish(f"{event.device}/events", value, qos=1)
        except aiomqtt.MqttError:
            await self.close()
            raise

    async def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(aiomqtt.MqttError):
                await client.__aexit__(None, None, None)


def frigate(event: Event) -> bytes:
    """Return a message that no other is like."""
    assert event.act
    kind = "end" if event.act.deed == "end" else "update" if event.act.step else "new"
    after = tracked_object(event.device, object_id(event.act.story), "person", ended=kind == "end")
    after |= {"frame_time": time.time(), "position_changes": event.number}
    return orjson.dumps({"type": kind, "before": {**after, "end_time": None}, "after": after})
