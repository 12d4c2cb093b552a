"""Runs the console until it is told to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from aiohttp import web
from redis.asyncio import Redis

from fairwatch.console.application import application, is_ready
from fairwatch.console.config import ConsoleConfig
from fairwatch.console.desk import Desk
from fairwatch.console.desks import Desks
from fairwatch.console.live import Live
from fairwatch.console.people import People
from fairwatch.console.signing import Telling
from fairwatch.console.watch import Asks, Watch, project_beats, redis_answers
from fairwatch.domain.clock import Clock
from fairwatch.domain.ports import MediaStore, Publisher
from fairwatch.stores.health import Health
from fairwatch.stores.read_model import RedisReadModel
from fairwatch.stores.sign_ins import KnownBrowsers, Sessions, Throttle
from fairwatch.telemetry.probes import Unready, listen, probes
from fairwatch.wire.signed_audit import TOPIC as AUDIT

BEAT_S = 2.0
READY_S = 1.0
DRAIN_S = 5.0
CANCEL_S = 0.5
log = structlog.get_logger()


async def run_console(
    config: ConsoleConfig,
    publisher: Publisher,
    read_model: RedisReadModel,
    media: MediaStore,
    clock: Clock,
    desks: Desks,
    broker: Asks | None = None,
) -> int:
    """Serve the console until SIGTERM or SIGINT; return the exit code.

    Args:
        config: Settings.
        publisher: Where decisions and the audit go.
        read_model: What people see.
        media: Where pictures are.
        clock: What time it is.
        desks: What else they can ask for.
        broker: Asks whether the broker answers.

    Raises:
        ConfigurationError: `people.yaml`, the TLS files or the address cannot be used.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(config, publisher, read_model, media, clock, desks, broker) as port:
        log.info("console_ready", host=config.host, port=port)
        await stop.wait()
    return 0


@asynccontextmanager
async def serving(
    config: ConsoleConfig,
    publisher: Publisher,
    read_model: RedisReadModel,
    media: MediaStore,
    clock: Clock,
    desks: Desks,
    broker: Asks | None = None,
) -> AsyncIterator[int]:
    """Serve the console inside the block, and give its port."""
    people = People.load(config.people_file)
    publisher = Telling(publisher, config.signing_key, required=AUDIT in config.must_sign)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(Redis.from_url(config.redis_url))
        health = Health(config.redis_url)
        stack.push_async_callback(health.close)
        sessions = Sessions(redis, clock, idle_s=config.idle_s, absolute_s=config.absolute_s, prefix=config.prefix)
        throttle = Throttle(redis, clock, prefix=config.prefix)
        browsers = KnownBrowsers(redis, prefix=config.prefix)
        desk = Desk(config, people, sessions, throttle, browsers, read_model, media, publisher, health, clock)
        updates = Live()
        watching = Watch(_questions(desk, broker))
        for work in (updates.listen(read_model), _beat(desk), watching.run(), *desks.following()):
            await stack.enter_async_context(_alongside(work))
        await stack.enter_async_context(probes("console", config.health_host, config.health_port, _unready(desk)))
        app = application(desk, updates, watching, desks)
        port = await stack.enter_async_context(_listening(app, config.host, config.port, config.tls()))
        stack.callback(updates.close)  # first, so that open pages do not hold up the end
        yield port


def _questions(desk: Desk, broker: Asks | None) -> dict[str, Asks]:
    asks = {"redis": redis_answers(desk.read_model)}
    if broker is not None:
        asks["broker"] = broker
    if "project" in desk.config.stages:
        asks["project"] = project_beats(desk.health)
    return asks


async def _beat(desk: Desk) -> None:
    instance = desk.config.instance or f"{socket.gethostname()}-{os.getpid()}"
    while True:
        stats = {"ready": await is_ready(desk), "at": desk.clock.now()}  # it counts no events, so it claims none
        await desk.health.heartbeat("console", instance, stats)
        await asyncio.sleep(BEAT_S)


@asynccontextmanager
async def _alongside(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        while not task.done():  # a client library may swallow one cancellation while it disconnects
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_S)


def _unready(desk: Desk) -> Unready:
    async def unready() -> str | None:
        try:
            async with asyncio.timeout(READY_S):  # Redis' client tries for much longer, and a scrape waits with it
                good = await is_ready(desk)
        except TimeoutError:
            good = False
        return None if good else "the read model does not answer"

    return unready


@asynccontextmanager
async def _listening(app: web.Application, host: str, port: int, tls: Any = None) -> AsyncIterator[int]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_S)
    await runner.setup()
    try:
        await listen(web.TCPSite(runner, host, port, ssl_context=tls))
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
