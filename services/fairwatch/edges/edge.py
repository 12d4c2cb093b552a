"""Runs one edge from its first byte to its last: serve, subscribe or pull, then drain and stop."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RetryableError
from fairwatch.domain.ports import MediaStore, Publisher
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.config import GatewayConfig
from fairwatch.edges.environment import FromEnvironment
from fairwatch.edges.ground import Ground, alongside
from fairwatch.edges.health import beat_until
from fairwatch.edges.intake import Check, Intake
from fairwatch.edges.live_devices import DeviceTopic, LiveDevices
from fairwatch.edges.status import DeviceStatuses
from fairwatch.edges.ways import WAYS
from fairwatch.parts import parts
from fairwatch.telemetry.probes import Unready, probes

FIRST_DELAY_S, MAX_DELAY_S = 1.0, 30.0  # between tries to reach Kafka

Connect = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """Where a gateway listens; `port` is 0 for one that nobody connects to."""

    port: int
    health_port: int


async def serve(
    kind: str,
    config: GatewayConfig,
    publisher: Publisher,
    media: MediaStore,
    clock: Clock,
    *,
    options: FromEnvironment | None = None,
    check: Check | None = None,
    connect: Connect | None = None,
    topic: DeviceTopic | None = None,
    stop: asyncio.Event | None = None,
    started: Callable[[Started], None] | None = None,
) -> int:
    """Run a gateway until SIGTERM, SIGINT or `stop`, finish what is in flight, and return the exit code.

    Args:
        kind: Which gateway.
        config: Settings of all gateways.
        publisher: Where RawEvents go.
        media: Where bodies above 512 KiB go.
        clock: Time.
        options: What its folder may be told; None to read it from the environment.
        check: Judges payloads of HTTP and VIID senders at once; None to accept all.
        connect: Connects the publisher; tried until it succeeds, and not ready before. None when it is open.
        topic: The topic `devices`, where devices may be besides devices.yaml.
        stop: Set to end; without it the process's signals do.
        started: Called once with the ports.

    Raises:
        ConfigurationError: devices.yaml, TLS files, the networks, the MQTT address or the port cannot be used.
    """
    stop, reached = stop or _stop_at_signal(), asyncio.Event()
    live = LiveDevices(kind, config.devices_file, Seal(config.devices_secret), topic)
    intake = Intake(publisher, media, clock, check, DeviceStatuses(publisher, kind, clock))
    ground = Ground(kind, config, options or options_of(kind).read(), live.devices, intake, clock)
    needed = {"no connection to Kafka yet": reached, "devices are not read yet": live.ready}
    async with alongside(_reach(connect, reached, stop), stop), alongside(live.follow(stop), stop):
        await _open(ground, needed, stop, started)
    return 0


async def _open(
    ground: Ground, needed: Mapping[str, asyncio.Event], stop: asyncio.Event, started: Callable[[Started], None] | None
) -> None:
    """Open the way in and the probes until `stop`; it is ready once all that is needed is there."""
    kind, config = ground.name, ground.config
    way = parts()[kind].way
    assert way is not None
    opened = WAYS[way](getattr(_folder(kind), way), ground, stop)
    unready = _unready(stop, {**needed, **opened.needed})
    async with (
        probes(kind, config.health_host, config.health_port, unready) as health_port,
        _beating(config, kind, stop, unready),
        opened.opening as port,
    ):
        _log.info("gateway started", gateway=kind, port=port, health_port=health_port, devices=len(ground.devices.all))
        if started:
            started(Started(port, health_port))
        await stop.wait()
    _log.info("gateway stopped", gateway=kind)


def options_of(kind: str) -> type[FromEnvironment]:
    """Return what can be set about an edge besides `GatewayConfig`."""
    options: type[FromEnvironment] = _folder(kind).Options
    return options


def _folder(kind: str) -> Any:
    """Import the folder of an edge, and no other."""
    return import_module(f"fairwatch.edges.{parts()[kind].module}.edge")


def _stop_at_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _unready(stop: asyncio.Event, needed: Mapping[str, asyncio.Event]) -> Unready:
    """Say what it waits for.

    Kafka counts only until it was reached once: later, a device that is told 503 and when to come again is better off
    than one that finds nobody.
    """

    async def unready() -> str | None:
        return (
            "stopping" if stop.is_set() else next((what for what, there in needed.items() if not there.is_set()), None)
        )

    return unready


async def _reach(connect: Connect | None, reached: asyncio.Event, stop: asyncio.Event) -> None:
    """Connect, with growing pauses, and then wait for the end."""
    delay = FIRST_DELAY_S
    while connect is not None and not stop.is_set():
        try:
            await connect()
        except RetryableError as error:
            _log.warning("no connection to Kafka", error=str(error), retry_in_s=delay)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), delay)
            delay = min(delay * 2, MAX_DELAY_S)
        else:
            break
    reached.set()
    await stop.wait()


@asynccontextmanager
async def _beating(config: GatewayConfig, kind: str, stop: asyncio.Event, unready: Unready) -> AsyncIterator[None]:
    if not config.redis_url:
        yield
        return
    instance = config.instance or f"{socket.gethostname()}-{os.getpid()}"
    async with alongside(beat_until(stop, config.redis_url, instance, kind, unready), stop):
        yield
