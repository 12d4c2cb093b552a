"""Runs one edge from its first byte to its last: serve, subscribe or pull, then drain and stop."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog
from aiohttp import web
from redis.asyncio import Redis

from fairwatch.domain.addresses import Networks
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RetryableError
from fairwatch.domain.ports import MediaStore, Publisher
from fairwatch.edges.auth.authentication import Doorkeeper
from fairwatch.edges.auth.digest import Digest
from fairwatch.edges.auth.guesses import Guesses
from fairwatch.edges.config import GatewayConfig
from fairwatch.edges.connection import DeviceRunner
from fairwatch.edges.credentials import Devices, load_devices
from fairwatch.edges.health import beat_until
from fairwatch.edges.hikvision_stream.edge import StreamEdge
from fairwatch.edges.http.gateway import HttpGateway
from fairwatch.edges.intake import Check, Intake
from fairwatch.edges.limits import Bodies, TokenBuckets
from fairwatch.edges.mqtt.gateway import MqttAddress, MqttGateway
from fairwatch.edges.viid.gateway import VisualGateway
from fairwatch.edges.viid.replies import Replies
from fairwatch.parts import parts
from fairwatch.stores.leases import Leases, OwnLeases, RedisLeases
from fairwatch.stores.nonce_counts import MemoryNonceCounts, NonceCounts, RedisNonceCounts
from fairwatch.stores.viid_sessions import CountedSessions, MemorySessions, RedisSessions
from fairwatch.telemetry import metrics
from fairwatch.telemetry.probes import Unready, listen, probes

FIRST_DELAY_S, MAX_DELAY_S = 1.0, 30.0  # between tries to reach Kafka

Connect = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """Where a gateway listens; `port` is 0 for mqtt."""

    port: int
    health_port: int


async def serve(
    kind: str,
    config: GatewayConfig,
    publisher: Publisher,
    media: MediaStore,
    clock: Clock,
    *,
    check: Check | None = None,
    connect: Connect | None = None,
    stop: asyncio.Event | None = None,
    started: Callable[[Started], None] | None = None,
) -> int:
    """Run a gateway until SIGTERM, SIGINT or `stop`, finish what is in flight, and return the exit code.

    Args:
        kind: Which gateway.
        config: Its settings.
        publisher: Where RawEvents go.
        media: Where bodies above 512 KiB go.
        clock: Time.
        check: Judges payloads of HTTP and VIID senders at once; None to accept all.
        connect: Connects the publisher; tried until it succeeds, and not ready before. None when it is open.
        stop: Set to end; without it the process's signals do.
        started: Called once with the ports.

    Raises:
        ConfigurationError: devices.yaml, TLS files, the networks, the MQTT address or the port cannot be used.
    """
    devices = load_devices(config.devices_file)
    intake = Intake(publisher, media, clock, check)
    stop, reached = stop or _stop_at_signal(), asyncio.Event()
    if parts()[kind].way == "subscribe":
        address = MqttAddress.parse(config.mqtt_url)
        bounds = {"window": config.mqtt_window, "held_bytes": config.mqtt_held_bytes}
        gateway = MqttGateway(address, config.mqtt_client_id, devices, intake, **bounds)
        serving = _subscribing(gateway, stop, config.drain_s)
        unready = _unready(
            stop, {"no connection to Kafka yet": reached, "no connection to the MQTT broker": gateway.connected}
        )
    elif parts()[kind].way == "pull":
        serving = _pulling(config, devices, intake, stop)
        unready = _unready(stop, {"no connection to Kafka yet": reached})
    else:
        serving = _application(kind, config, devices, intake, clock)
        unready = _unready(stop, {"no connection to Kafka yet": reached})
    async with (
        probes(kind, config.health_host, config.health_port, unready) as health_port,
        _alongside(_reach(connect, reached, stop), stop),
        _beating(config, kind, stop, unready),
        serving as port,
    ):
        _log.info("gateway started", gateway=kind, port=port, health_port=health_port, devices=len(devices.all))
        if started:
            started(Started(port, health_port))
        await stop.wait()
    _log.info("gateway stopped", gateway=kind)
    return 0


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
async def _alongside(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> AsyncIterator[None]:
    """Do work that ends with `stop`; its end by itself is the gateway's end, and its error the gateway's error."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        stop.set()
        await task


@asynccontextmanager
async def _beating(config: GatewayConfig, kind: str, stop: asyncio.Event, unready: Unready) -> AsyncIterator[None]:
    if not config.redis_url:
        yield
        return
    instance = config.instance or f"{socket.gethostname()}-{os.getpid()}"
    async with _alongside(beat_until(stop, config.redis_url, instance, kind, unready), stop):
        yield


@asynccontextmanager
async def _subscribing(gateway: MqttGateway, stop: asyncio.Event, drain_s: float) -> AsyncIterator[int]:
    async with _alongside(gateway.run(stop, drain_s), stop):
        yield 0


@asynccontextmanager
async def _pulling(config: GatewayConfig, devices: Devices, intake: Intake, stop: asyncio.Event) -> AsyncIterator[int]:
    async with AsyncExitStack() as stack:
        leases: Leases = OwnLeases()
        if config.redis_url:
            redis = await stack.enter_async_context(Redis.from_url(config.redis_url))
            leases = RedisLeases(redis, uuid4().hex, config.lease_s)
        edge = StreamEdge(devices, intake, leases, config.lease_s, config.max_body_bytes)
        await stack.enter_async_context(_alongside(edge.run(stop), stop))
        yield 0


@asynccontextmanager
async def _application(
    kind: str, config: GatewayConfig, devices: Devices, intake: Intake, clock: Clock
) -> AsyncIterator[int]:
    bodies = Bodies(config.max_body_bytes, config.max_held_bytes, config.body_timeout_s)
    metrics.GATEWAY_HELD.labels(kind).set_function(lambda: bodies.held)
    rates = TokenBuckets(config.rate_per_s, config.burst, clock)
    async with _shared_state(config, clock) as (sessions, counts):
        secret = config.nonce_secret or None
        digest = Digest(f"fairwatch-{kind}", clock, lifetime_s=config.nonce_s, secret=secret, counts=counts)
        doorkeeper = Doorkeeper(
            devices,
            digest,
            Guesses(config.failures_per_s, config.failure_burst, clock),
            Networks.parse(config.trusted_proxies, "FAIRWATCH_TRUSTED_PROXIES"),
            Networks.parse(config.shared_addresses, "FAIRWATCH_SHARED_ADDRESSES"),
        )
        if kind == "http":
            app = HttpGateway(doorkeeper, intake, bodies, rates).application()
        else:
            app = VisualGateway(
                devices=devices,
                doorkeeper=doorkeeper,
                sessions=sessions,
                intake=intake,
                bodies=bodies,
                rates=rates,
                replies=Replies(clock, config.viid_time_zone, config.viid_server_id),
                clock=clock,
                session_s=config.viid_session_s,
            ).application()
        async with listening(app, config.host, config.port, config) as (port, connections):
            metrics.GATEWAY_SESSIONS.labels(kind).set_function(connections if kind == "http" else sessions.count)
            yield port


@asynccontextmanager
async def _shared_state(config: GatewayConfig, clock: Clock) -> AsyncIterator[tuple[CountedSessions, NonceCounts]]:
    """Give what replicas share through Redis, or what one process has for itself."""
    if not config.redis_url:
        yield CountedSessions(MemorySessions(clock), clock), MemoryNonceCounts(clock, config.nonce_s)
        return
    async with Redis.from_url(config.redis_url) as redis:
        yield CountedSessions(RedisSessions(redis, clock), clock), RedisNonceCounts(redis, clock, config.nonce_s)


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, config: GatewayConfig
) -> AsyncIterator[tuple[int, Callable[[], float]]]:
    """Serve an application; give its port and what counts its connections.

    On leaving, no new request is taken and those in flight are finished.
    """
    # aiohttp closes a connection that has sent no whole request head in keepalive_timeout; its default is an hour.
    # There is no access log: paths may hold a key. What is left of a refused body is read as long as a body may take:
    # a device that writes all of it before it reads must still find its refusal.
    runner = DeviceRunner(
        app,
        access_log=None,
        keepalive_timeout=config.header_timeout_s,
        lingering_time=config.body_timeout_s,
        shutdown_timeout=config.drain_s,
    )
    await runner.setup()
    try:
        await listen(web.TCPSite(runner, host, port, ssl_context=config.tls()))
        server = runner.server
        yield runner.addresses[0][1], lambda: len(server.connections) if server else 0
    finally:
        await runner.cleanup()
