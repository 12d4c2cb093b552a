"""What every edge is given, and what each kind of edge gives back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web
from redis.asyncio import Redis

from fairwatch.domain.clock import Clock
from fairwatch.edges.auth.authentication import Doorkeeper
from fairwatch.edges.config import GatewayConfig
from fairwatch.edges.device_index import Devices
from fairwatch.edges.intake import Intake
from fairwatch.edges.limits import Bodies, TokenBuckets
from fairwatch.stores.leases import Leases


@dataclass(frozen=True, slots=True)
class Ground:
    """What an edge stands on.

    Attributes:
        name: The edge's.
        config: What all gateways may be told.
        options: What this one may be told besides: its folder's `Options`.
        devices: Who may send.
        intake: Where arrivals go.
        clock: Time.
    """

    name: str
    config: GatewayConfig
    options: Any
    devices: Devices
    intake: Intake
    clock: Clock


@dataclass(frozen=True, slots=True)
class Door:
    """What an edge that serves is given besides.

    Attributes:
        keeper: Who may come in.
        bodies: Bounds of bodies.
        rates: Requests of one device.
        redis: What replicas share; None for one process by itself.
    """

    keeper: Doorkeeper
    bodies: Bodies
    rates: TokenBuckets
    redis: Redis | None


@dataclass(frozen=True, slots=True)
class Served:
    """What an edge serves; `sessions` counts who is there, None to count connections."""

    application: web.Application
    sessions: Callable[[], float] | None = None


class Subscriber(Protocol):
    """What an edge that subscribes makes."""

    connected: asyncio.Event

    async def run(self, stop: asyncio.Event, drain_s: float) -> None:
        """Subscribe and deliver until `stop`."""
        ...


class Puller(Protocol):
    """What an edge that reads from devices makes."""

    async def run(self, stop: asyncio.Event) -> None:
        """Read from the devices that it holds leases for until `stop`; then give the leases back."""
        ...


# What a folder's edge.py calls its maker: `serve`, `subscribe` or `pull`.
Serve = Callable[[Ground, Door], Served]
Subscribe = Callable[[Ground], Subscriber]
Pull = Callable[[Ground, Leases], Puller]


@dataclass(frozen=True, slots=True)
class Opened:
    """An edge that can be opened; `needed` must happen before it is ready, by what is said until then."""

    opening: AbstractAsyncContextManager[int]
    needed: dict[str, asyncio.Event]


@asynccontextmanager
async def alongside(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> AsyncIterator[None]:
    """Do work that ends with `stop`; its end by itself is the gateway's end, and its error the gateway's error."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        stop.set()
        await task
