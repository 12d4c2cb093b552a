"""The three kinds of edges: what each does for the edges of its kind, so that a folder holds what is its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

from aiohttp import web
from redis.asyncio import Redis

from fairwatch.domain.addresses import Networks
from fairwatch.domain.part import Way
from fairwatch.edges.auth.authentication import Doorkeeper
from fairwatch.edges.auth.digest import Digest
from fairwatch.edges.auth.guesses import Guesses
from fairwatch.edges.config import GatewayConfig
from fairwatch.edges.connection import DeviceRunner
from fairwatch.edges.ground import Door, Ground, Opened, Pull, Serve, Subscribe, Subscriber, alongside
from fairwatch.edges.limits import Bodies, TokenBuckets
from fairwatch.stores.leases import Leases, OwnLeases, RedisLeases
from fairwatch.stores.nonce_counts import MemoryNonceCounts, NonceCounts, RedisNonceCounts
from fairwatch.telemetry import metrics
from fairwatch.telemetry.probes import listen


def serve(make: Serve, ground: Ground, _: asyncio.Event) -> Opened:
    """Serve an application behind a door."""
    return Opened(_serving(make, ground), {})


def subscribe(make: Subscribe, ground: Ground, stop: asyncio.Event) -> Opened:
    """Keep a subscription."""
    subscriber = make(ground)
    needed = {f"no connection to the {ground.name.upper()} broker": subscriber.connected}
    return Opened(_subscribing(subscriber, stop, ground.config.drain_s), needed)


def pull(make: Pull, ground: Ground, stop: asyncio.Event) -> Opened:
    """Read from devices, each by one replica."""
    return Opened(_pulling(make, ground, stop), {})


WAYS: Mapping[Way, Callable[..., Opened]] = {"serve": serve, "subscribe": subscribe, "pull": pull}


@asynccontextmanager
async def _subscribing(subscriber: Subscriber, stop: asyncio.Event, drain_s: float) -> AsyncIterator[int]:
    async with alongside(subscriber.run(stop, drain_s), stop):
        yield 0


@asynccontextmanager
async def _pulling(make: Pull, ground: Ground, stop: asyncio.Event) -> AsyncIterator[int]:
    async with AsyncExitStack() as stack:
        leases: Leases = OwnLeases()
        if ground.config.redis_url:
            redis = await stack.enter_async_context(Redis.from_url(ground.config.redis_url))
            leases = RedisLeases(redis, uuid4().hex, ground.config.lease_s)
        await stack.enter_async_context(alongside(make(ground, leases).run(stop), stop))
        yield 0


@asynccontextmanager
async def _serving(make: Serve, ground: Ground) -> AsyncIterator[int]:
    config, name = ground.config, ground.name
    async with AsyncExitStack() as stack:
        redis: Redis | None = None
        counts: NonceCounts = MemoryNonceCounts(ground.clock, config.nonce_s)
        if config.redis_url:
            redis = await stack.enter_async_context(Redis.from_url(config.redis_url))
            counts = RedisNonceCounts(redis, ground.clock, config.nonce_s)
        bodies = Bodies(config.max_body_bytes, config.max_held_bytes, config.body_timeout_s)
        metrics.GATEWAY_HELD.labels(name).set_function(lambda: bodies.held)
        rates = TokenBuckets(config.rate_per_s, config.burst, ground.clock)
        served = make(ground, Door(_doorkeeper(ground, counts), bodies, rates, redis))
        port, connections = await stack.enter_async_context(
            listening(served.application, config.host, config.port, config)
        )
        metrics.GATEWAY_SESSIONS.labels(name).set_function(served.sessions or connections)
        yield port


def _doorkeeper(ground: Ground, counts: NonceCounts) -> Doorkeeper:
    config, clock = ground.config, ground.clock
    secret = config.nonce_secret or None
    return Doorkeeper(
        ground.devices,
        Digest(f"fairwatch-{ground.name}", clock, lifetime_s=config.nonce_s, secret=secret, counts=counts),
        Guesses(config.failures_per_s, config.failure_burst, clock),
        Networks.parse(config.trusted_proxies, "FAIRWATCH_TRUSTED_PROXIES"),
        Networks.parse(config.shared_addresses, "FAIRWATCH_SHARED_ADDRESSES"),
    )


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
