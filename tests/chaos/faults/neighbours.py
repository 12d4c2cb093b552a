"""Redis comes back empty, the registry is down, the control room is slow, down, answers 500 or flaps."""

import asyncio
from random import Random

from tests.chaos.hub import Hub
from tests.chaos.sink import Mood


class RedisEmptied:
    """Redis is killed and comes back with nothing."""

    name = "Redis killed, comes back empty"
    part = "redis"
    holds_s = (2.0, 15.0)

    async def start(self, hub: Hub, random: Random) -> str:
        await asyncio.to_thread(hub.redis.kill)
        return "SIGKILL"

    async def stop(self, hub: Hub) -> None:
        await asyncio.to_thread(hub.redis.again)


class RegistryDown:
    """The schema registry is killed and started again."""

    name = "the registry is down"
    part = "registry"
    holds_s = (5.0, 30.0)

    async def start(self, hub: Hub, random: Random) -> str:
        assert hub.registry
        await asyncio.to_thread(hub.registry.kill)
        return "SIGKILL"

    async def stop(self, hub: Hub) -> None:
        assert hub.registry
        await asyncio.to_thread(hub.registry.start)


class SinkIll:
    """The control room does not do what it should."""

    part = "sink"
    holds_s = (8.0, 30.0)
    names: tuple[tuple[Mood, str], ...] = (
        ("slow", "the sink is slow"), ("down", "the sink is down"), ("broken", "the sink answers 500"),
        ("flapping", "the sink is well and answers 500 by turns"),
    )  # fmt: skip

    def __init__(self, mood: Mood) -> None:
        self.name = dict(self.names)[mood]
        self._mood = mood

    async def start(self, hub: Hub, random: Random) -> str:
        await hub.sink.be(self._mood)
        return ""

    async def stop(self, hub: Hub) -> None:
        await hub.sink.be("well")
