"""Heartbeats of all components in Redis, for the console and `doctor`; losing Redis loses nothing else."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fairwatch import __version__

PREFIX = "fairwatch:health:"
TTL_S = 10
TIMEOUT_S = 2.0


class Health:
    """Heartbeats under `fairwatch:health:<component>:<instance>`, gone after ten seconds of silence."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)

    async def heartbeat(self, component: str, instance: str, stats: Mapping[str, Any]) -> bool:
        """Say that the instance lives; return whether Redis took it."""
        beat = orjson.dumps({"component": component, "instance": instance, "version": __version__, **stats})
        try:
            await self._redis.set(f"{PREFIX}{component}:{instance}", beat, ex=TTL_S)
        except (RedisError, OSError):
            return False
        return True

    async def read_all(self) -> list[dict[str, Any]]:
        """Return the last heartbeat of everything alive, by component and instance; empty when Redis is away."""
        try:
            keys = [key async for key in self._redis.scan_iter(PREFIX + "*", count=500)]
            beats = await self._redis.mget(keys) if keys else []
        except (RedisError, OSError):
            return []
        found = [json.loads(beat) for beat in beats if beat is not None]
        return sorted(found, key=lambda beat: (beat["component"], beat["instance"]))

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()
