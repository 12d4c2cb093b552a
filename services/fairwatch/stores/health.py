"""Heartbeats of all components in Redis, for the console and `doctor`; losing Redis loses nothing else."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from fairwatch import __version__

if TYPE_CHECKING:
    from redis.asyncio import Redis

PREFIX = "fairwatch:health:"
TTL_S = 10
TIMEOUT_S = 2.0


class Health:
    """Heartbeats under `fairwatch:health:<component>:<instance>`, gone after ten seconds of silence.

    Redis's client is imported by whoever first has something to say: nobody waits for that while a worker starts.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Redis | None = None

    @property
    def _redis(self) -> "Redis":
        if self._client is None:
            from redis.asyncio import Redis  # noqa: PLC0415

            self._client = Redis.from_url(self._url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        return self._client

    async def heartbeat(self, component: str, instance: str, stats: Mapping[str, Any]) -> bool:
        """Say that the instance lives; return whether Redis took it."""
        from redis.exceptions import RedisError  # noqa: PLC0415

        beat = orjson.dumps({"component": component, "instance": instance, "version": __version__, **stats})
        try:
            await self._redis.set(f"{PREFIX}{component}:{instance}", beat, ex=TTL_S)
        except (RedisError, OSError):
            return False
        return True

    async def read_all(self) -> list[dict[str, Any]]:
        """Return the last heartbeat of everything alive, by component and instance; empty when Redis is away."""
        from redis.exceptions import RedisError  # noqa: PLC0415

        try:
            keys = [key async for key in self._redis.scan_iter(PREFIX + "*", count=500)]
            beats = await self._redis.mget(keys) if keys else []
        except (RedisError, OSError):
            return []
        found = [json.loads(beat) for beat in beats if beat is not None]
        return sorted(found, key=lambda beat: (beat["component"], beat["instance"]))

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()
