"""Who is registered with the GA/T 1400 gateway, in memory or in Redis when several replicas share one address."""

import json
from dataclasses import asdict, dataclass
from typing import Protocol

from redis.asyncio import Redis

from fairwatch.domain.clock import Clock
from fairwatch.stores.redis_errors import reachable

PREFIX = "fairwatch:viid-session:"
PEER_PREFIX = "fairwatch:viid-peer:"


@dataclass(frozen=True, slots=True)
class Session:
    """A registration.

    Attributes:
        device_id: The registered device.
        peer: Who registered (`Peer.key`); nobody else may use the session.
        expires_at: Microseconds since 1970 UTC.
    """

    device_id: str
    peer: str
    expires_at: int


class Sessions(Protocol):
    """Registrations by their 20-digit id; an expired one is as good as none."""

    async def get(self, viid_id: str) -> Session | None:
        """Return the live session, or None."""
        ...

    async def put(self, viid_id: str, session: Session) -> None:
        """Set the session, in place of any earlier one."""
        ...

    async def drop(self, viid_id: str) -> None:
        """Forget the session."""
        ...

    async def sharers(self, peer: str) -> int:
        """Return how many live sessions a peer has; one too many, for a while, where one has moved away."""
        ...


class MemorySessions:
    """Sessions of one process; their number is bounded by the configured devices."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    async def get(self, viid_id: str) -> Session | None:
        """Return the live session, or None."""
        session = self._sessions.get(viid_id)
        return session if session and session.expires_at > self._clock.now() else None

    async def put(self, viid_id: str, session: Session) -> None:
        """Set the session, in place of any earlier one."""
        self._sessions[viid_id] = session

    async def drop(self, viid_id: str) -> None:
        """Forget the session."""
        self._sessions.pop(viid_id, None)

    async def sharers(self, peer: str) -> int:
        """Return how many live sessions a peer has."""
        now = self._clock.now()
        return sum(session.peer == peer and session.expires_at > now for session in self._sessions.values())


class RedisSessions:
    """Sessions that every replica sees; Redis forgets them when they expire.

    Every method raises RetryableError when Redis cannot be reached.
    """

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis, self._clock = redis, clock

    async def get(self, viid_id: str) -> Session | None:
        """Return the live session, or None."""
        async with reachable("session store"):
            found = await self._redis.get(PREFIX + viid_id)
        session = Session(**json.loads(found)) if found else None
        return session if session and session.expires_at > self._clock.now() else None

    async def put(self, viid_id: str, session: Session) -> None:
        """Set the session, in place of any earlier one."""
        lifetime_ms = max(1, (session.expires_at - self._clock.now()) // 1000)
        async with reachable("session store"):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.set(PREFIX + viid_id, json.dumps(asdict(session)), px=lifetime_ms)
            pipeline.zadd(PEER_PREFIX + session.peer, {viid_id: session.expires_at})
            pipeline.pexpire(PEER_PREFIX + session.peer, lifetime_ms)
            await pipeline.execute()

    async def drop(self, viid_id: str) -> None:
        """Forget the session."""
        session = await self.get(viid_id)
        async with reachable("session store"):
            await self._redis.delete(PREFIX + viid_id)
            if session:
                await self._redis.zrem(PEER_PREFIX + session.peer, viid_id)

    async def sharers(self, peer: str) -> int:
        """Return how many live sessions a peer has; one too many, for a while, where one has moved away."""
        async with reachable("session store"):
            return int(await self._redis.zcount(PEER_PREFIX + peer, self._clock.now(), "+inf"))


class CountedSessions:
    """Sessions of another store, and how many of them this process has seen alive."""

    def __init__(self, store: Sessions, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._expiry: dict[str, int] = {}

    async def get(self, viid_id: str) -> Session | None:
        """Return the live session, or None."""
        return await self._store.get(viid_id)

    async def put(self, viid_id: str, session: Session) -> None:
        """Set the session, in place of any earlier one."""
        await self._store.put(viid_id, session)
        self._expiry[viid_id] = session.expires_at

    async def drop(self, viid_id: str) -> None:
        """Forget the session."""
        await self._store.drop(viid_id)
        self._expiry.pop(viid_id, None)

    async def sharers(self, peer: str) -> int:
        """Return how many live sessions a peer has."""
        return await self._store.sharers(peer)

    def count(self) -> float:
        """Return how many there are now."""
        now = self._clock.now()
        self._expiry = {viid_id: expiry for viid_id, expiry in self._expiry.items() if expiry > now}
        return len(self._expiry)
