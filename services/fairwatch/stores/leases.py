"""Leases: which replica serves which device, so that one does and no two do."""

from typing import Any, Protocol

from redis.asyncio import Redis

from fairwatch.stores.redis_errors import reachable

PREFIX = "fairwatch:lease:"
# Only the holder may renew or give back: another's lease is not touched, however late the call comes.
_RENEW = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) else return 0 end"
)
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


class Leases(Protocol):
    """Leases by name."""

    async def hold(self, name: str) -> bool:
        """Take a lease, or renew one's own; return whether one holds it now."""
        ...

    async def release(self, name: str) -> None:
        """Give back what one holds."""
        ...


class OwnLeases:
    """Leases of a process that has no replicas: it holds all."""

    async def hold(self, name: str) -> bool:  # noqa: ARG002  # every name
        """Return True."""
        return True

    async def release(self, name: str) -> None:
        """Do nothing."""


class RedisLeases:
    """Leases that all replicas see; they end by themselves.

    Every method raises RetryableError when Redis cannot be reached.

    Args:
        redis: A client.
        owner: Name of this process, unlike any other's.
        ttl_s: Seconds after which a lease that is not renewed ends.
    """

    def __init__(self, redis: Redis, owner: str, ttl_s: float) -> None:
        self._redis, self._owner, self._ttl_ms = redis, owner, max(1, round(ttl_s * 1000))

    async def hold(self, name: str) -> bool:
        """Take a lease, or renew one's own; return whether one holds it now."""
        async with reachable("lease store"):
            if await self._redis.set(PREFIX + name, self._owner, px=self._ttl_ms, nx=True):
                return True
            return bool(await self._run(_RENEW, name, self._owner, self._ttl_ms))

    async def release(self, name: str) -> None:
        """Give back what one holds."""
        async with reachable("lease store"):
            await self._run(_RELEASE, name, self._owner)

    async def _run(self, script: str, name: str, *arguments: Any) -> Any:
        run: Any = self._redis.eval
        return await run(script, 1, PREFIX + name, *arguments)
