"""Counts used with the nonces of HTTP digest: an answer is good once, at one replica or at all of them."""

from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from redis.asyncio import Redis

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RetryableError
from fairwatch.stores.redis_errors import reachable

PREFIX = "fairwatch:digest-nonce:"
HIGHEST: Final = 1 << 20  # of a count in Redis, which holds a bit for each: 128 KiB of one nonce
_WINDOW: Final = 64

_log = structlog.get_logger(__name__)


class NonceCounts(Protocol):
    """Which counts were used with which nonce."""

    async def use(self, nonce: str, count: int) -> bool:
        """Take a count; False when it was used before or cannot be told."""
        ...


@dataclass(slots=True)
class _Counts:
    """Counts used with one nonce: the highest and a window below it."""

    highest: int = 0
    window: int = 0

    def use(self, count: int) -> bool:
        """Take `count`; False when it was used before or is too old to know."""
        if count > self.highest:
            self.window = ((self.window << min(count - self.highest, _WINDOW)) | 1) & ((1 << _WINDOW) - 1)
            self.highest = count
            return True
        bit = 1 << (self.highest - count)
        if count < 1 or bit >> _WINDOW or self.window & bit:
            return False
        self.window |= bit
        return True


class MemoryNonceCounts:
    """Counts of one process.

    Args:
        clock: Time.
        lifetime_s: Seconds that a nonce is good for.
    """

    def __init__(self, clock: Clock, lifetime_s: float) -> None:
        self._clock = clock
        self._lifetime = round(lifetime_s * 1_000_000)
        self._turned = clock.now()
        self._counts: dict[str, _Counts] = {}
        self._older: dict[str, _Counts] = {}

    def __len__(self) -> int:
        return len(self._counts) + len(self._older)

    async def use(self, nonce: str, count: int) -> bool:
        """Take a count; False when it was used before or is too old to know."""
        if self._clock.now() - self._turned > self._lifetime:
            # Two generations: whatever is dropped here belongs to nonces that have expired.
            self._older, self._counts, self._turned = self._counts, {}, self._clock.now()
        counts = self._counts.get(nonce) or self._older.pop(nonce, None) or _Counts()
        self._counts[nonce] = counts
        return counts.use(count)


class RedisNonceCounts:
    """Counts of all replicas; each process also counts for itself, for as long as Redis is away.

    Args:
        redis: A client.
        clock: Time.
        lifetime_s: Seconds that a nonce is good for.
    """

    def __init__(self, redis: Redis, clock: Clock, lifetime_s: float) -> None:
        self._redis = redis
        self._lifetime_ms = max(1, round(lifetime_s * 1000))
        self._own = MemoryNonceCounts(clock, lifetime_s)
        self._away = False

    async def use(self, nonce: str, count: int) -> bool:
        """Take a count; False when any replica has used it."""
        if not await self._own.use(nonce, count) or count >= HIGHEST:
            return False
        try:
            async with reachable("nonce store"):
                pipeline = self._redis.pipeline(transaction=False)
                pipeline.setbit(PREFIX + nonce, count, 1)
                pipeline.pexpire(PREFIX + nonce, self._lifetime_ms)
                used, _ = await pipeline.execute()
        except RetryableError as error:
            # Cameras go on without Redis; meanwhile an answer is good once at each replica.
            if not self._away:
                _log.warning("digest answers are counted by each replica alone", error=str(error))
            self._away = True
            return True
        self._away = False
        return not used
