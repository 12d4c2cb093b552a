"""Keeps the streams of all devices that this replica holds a lease for, each in a task of its own."""

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.edges.credentials import DeviceBinding
from fairwatch.edges.device_index import Devices
from fairwatch.edges.environment import FromEnvironment
from fairwatch.edges.ground import Ground, Puller
from fairwatch.edges.hikvision_stream.options import AlertStream
from fairwatch.edges.hikvision_stream.stream import AlertStreamReader, StreamError
from fairwatch.edges.intake import Arrival, Intake
from fairwatch.stores.leases import Leases
from fairwatch.telemetry import metrics

NAME: Final = "hikvision-stream"


class Options(FromEnvironment):
    """None of its own."""


STATES = ("reading", "waiting", "silent", "refused", "away", "ended", "too_large")
FIRST_DELAY_S, MAX_DELAY_S = 1.0, 30.0
REFUSED_DELAY_S = 60.0  # a camera locks an account after a few wrong passwords

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class StreamEdge:
    """The devices of one replica.

    Attributes:
        devices: All; those with `alert_stream` are read.
        intake: Where their events go.
        leases: Which replica reads which.
        ttl_s: Seconds after which a lease that is not renewed ends; it is renewed three times as often.
        largest: Bytes of one part.
        states: Of each device: `waiting` (another replica reads it), `reading`, or why not.
    """

    devices: Devices
    intake: Intake
    leases: Leases
    ttl_s: float = 15.0
    largest: int = 8 << 20
    states: dict[str, str] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`; then give the leases back."""
        for state in STATES:
            metrics.STREAMS.labels(NAME, state).set_function(partial(self._count, state))
        tasks: dict[str, tuple[DeviceBinding, asyncio.Task[None]]] = {}
        ending = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                change = self.devices.change()
                await self._follow(tasks)
                changing = asyncio.create_task(change.wait())
                await asyncio.wait([changing, ending], return_when=asyncio.FIRST_COMPLETED)
                changing.cancel()
        finally:
            ending.cancel()
            await _end(task for _, task in tasks.values())

    async def _follow(self, tasks: dict[str, tuple[DeviceBinding, asyncio.Task[None]]]) -> None:
        """Read what is to be read now, and stop reading what is not, or otherwise."""
        pulled = {one.device_id: one for one in self.devices.all if one.enabled and one.alert_stream is not None}
        over = [name for name, (device, _) in tasks.items() if pulled.get(name) is not device]
        await _end(tasks.pop(name)[1] for name in over)
        for name in over:
            self.states.pop(name, None)
        for name, device in pulled.items():
            if name not in tasks:
                tasks[name] = device, asyncio.create_task(self._keep(device))

    def _count(self, state: str) -> float:
        return sum(found == state for found in self.states.values())

    async def _keep(self, device: DeviceBinding) -> None:
        try:
            while True:
                if await self._holds(device):
                    await self._while_held(device)
                else:
                    self.states[device.device_id] = "waiting"
                await asyncio.sleep(self.ttl_s / 3)
        finally:
            with suppress(RetryableError):
                await asyncio.shield(self.leases.release(self._lease(device)))

    async def _while_held(self, device: DeviceBinding) -> None:
        reading = asyncio.create_task(self._read_on(device))
        try:
            while await self._holds(device):
                await asyncio.wait([reading], timeout=self.ttl_s / 3)
                if reading.done():
                    reading.result()
            _log.warning("another replica reads this device now", device_id=device.device_id)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _holds(self, device: DeviceBinding) -> bool:
        """Return whether this replica may read; without the store of leases nobody begins, and nobody goes on."""
        try:
            return await self.leases.hold(self._lease(device))
        except RetryableError as error:
            _log.warning("no lease", device_id=device.device_id, error=str(error))
            return False

    async def _read_on(self, device: DeviceBinding) -> None:
        options = device.alert_stream
        assert options is not None
        delay = FIRST_DELAY_S
        while True:
            try:
                if await self._read(device, options):
                    delay = FIRST_DELAY_S
            except (StreamError, RejectedError) as error:
                self._say(device, error)
                if self.intake.statuses is not None:
                    await self.intake.statuses.gone(device.device_id, error.reason)
                delay = REFUSED_DELAY_S if error.reason == "refused" else delay
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311  # a recorder's restart must not bring all at once
            delay = min(delay * 2, MAX_DELAY_S)

    async def _read(self, device: DeviceBinding, options: AlertStream) -> bool:
        async for message in AlertStreamReader(options, self.largest).messages():
            if self.states.get(device.device_id) != "reading":
                self.states[device.device_id] = "reading"
                _log.info("stream is read", device_id=device.device_id)
            if message is None:
                metrics.SKIPPED.labels(NAME, "heartbeat").inc()
                if self.intake.statuses is not None:
                    await self.intake.statuses.heard(device.device_id)
            else:
                await self._store(device, options, *message)
        return True

    async def _store(self, device: DeviceBinding, options: AlertStream, body: bytes, content_type: str) -> None:
        """Store one event, however long that takes: the device waits, as far as its stream can."""
        arrival = Arrival(
            NAME, device.device_id, body, format=device.format or "hikvision-isapi", path=options.path,
            content_type=content_type,
        )  # fmt: skip
        delay = FIRST_DELAY_S
        while True:
            try:
                await self.intake.accept(arrival)
            except RetryableError as error:
                _log.warning("event not stored yet", device_id=device.device_id, error=str(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, MAX_DELAY_S)
            else:
                return

    def _say(self, device: DeviceBinding, error: StreamError | RejectedError) -> None:
        if self.states.get(device.device_id) != error.reason:
            _log.warning("stream is not read", device_id=device.device_id, reason=error.reason, error=str(error))
        self.states[device.device_id] = error.reason
        metrics.GATEWAY_RECONNECTS.labels(NAME).inc()

    @staticmethod
    def _lease(device: DeviceBinding) -> str:
        return f"{NAME}:{device.device_id}"


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    ended = list(tasks)
    for task in ended:
        task.cancel()
    await asyncio.gather(*ended, return_exceptions=True)


def pull(ground: Ground, leases: Leases) -> Puller:
    """Make what reads the streams."""
    config = ground.config
    return StreamEdge(ground.devices, ground.intake, leases, config.lease_s, config.max_body_bytes)
