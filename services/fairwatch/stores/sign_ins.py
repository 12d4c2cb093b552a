"""Sessions of signed-in people, browsers that are known, and the brake on guessing passwords, in Redis."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import orjson
from redis.asyncio import Redis

from fairwatch.domain.clock import Clock
from fairwatch.stores.redis_errors import reachable, text

MICROS = 1_000_000
NAME = "session store"


@dataclass(frozen=True, slots=True)
class Session:
    """One person's session; `csrf` must come back with every write. Times are microseconds UTC."""

    person: str
    csrf: str
    created_at: int
    seen_at: int


class Sessions:
    """Sessions by a secret token, of which only the hash is stored.

    Args:
        redis: A client.
        clock: Decides what has expired; Redis only tidies up.
        idle_s: Seconds without an action of the person after which the session ends.
        absolute_s: Seconds after signing in when it ends in any case.
        prefix: Put before every name, so that deployments can share a server.
    """

    def __init__(
        self, redis: Redis, clock: Clock, *, idle_s: int = 3_600, absolute_s: int = 43_200, prefix: str = ""
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._idle_s = idle_s
        self._absolute_s = absolute_s
        self._root = f"{prefix}fairwatch:session:"

    async def start(self, person: str) -> tuple[str, Session]:
        """Open a session and return its token, which nothing else knows."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        session = Session(person, secrets.token_urlsafe(32), now, now)
        await self._save(token, session)
        return token, session

    async def find(self, token: str, *, touch: bool = False) -> Session | None:
        """Return the session unless it is unknown or over; with `touch` the person's idle time starts anew."""
        async with reachable(NAME):
            stored = await self._redis.get(self._key(token))
        if stored is None:
            return None
        session, now = Session(**orjson.loads(text(stored))), self._clock.now()
        idle, age = now - session.seen_at, now - session.created_at
        if idle > self._idle_s * MICROS or age > self._absolute_s * MICROS:
            await self.end(token)
            return None
        if touch:
            session = replace(session, seen_at=now)
            await self._save(token, session)
        return session

    async def end(self, token: str) -> None:
        """Forget the session."""
        async with reachable(NAME):
            await self._redis.delete(self._key(token), self._key(token) + ":served")

    async def note_served(self, token: str, sha256: str) -> None:
        """Remember, for as long as the session may last, that a picture was served in it."""
        async with reachable(NAME):
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sadd(self._key(token) + ":served", sha256)
            pipeline.expire(self._key(token) + ":served", self._absolute_s)
            await pipeline.execute()

    async def were_served(self, token: str, hashes: Sequence[str]) -> bool:
        """Tell whether each of these pictures was served in the session."""
        async with reachable(NAME):
            return bool(hashes) and all(await self._redis.smismember(self._key(token) + ":served", list(hashes)))

    async def _save(self, token: str, session: Session) -> None:
        async with reachable(NAME):
            await self._redis.set(self._key(token), orjson.dumps(asdict(session)), ex=self._absolute_s)

    def _key(self, token: str) -> str:
        return self._root + hashlib.sha256(token.encode()).hexdigest()


class KnownBrowsers:
    """Browsers in which a person has signed in before, by a secret token of which only the hash is stored.

    What strangers guess elsewhere never keeps a person from signing in where it has been before.

    Args:
        redis: A client.
        days: How long a browser is known after the last time.
        prefix: Put before every name.
    """

    def __init__(self, redis: Redis, *, days: int = 90, prefix: str = "") -> None:
        self._redis = redis
        self.lifetime_s = days * 86_400
        self._root = f"{prefix}fairwatch:browser:"

    async def knows(self, token: str, person: str) -> bool:
        """Return whether the person has signed in in this browser."""
        if not token:
            return False
        async with reachable(NAME):
            return bool(await self._redis.sismember(self._key(token), person))

    async def remember(self, token: str, person: str) -> str:
        """Remember that the person signed in; return the browser's token, which is a new one where it had none."""
        token = token or secrets.token_urlsafe(32)
        async with reachable(NAME):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.sadd(self._key(token), person)
            pipeline.expire(self._key(token), self.lifetime_s)
            await pipeline.execute()
        return token

    def _key(self, token: str) -> str:
        return self._root + hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Brake:
    """At most `failures` failures of one thing in `window_s` seconds; then it waits for the window's end."""

    name: str
    failures: int
    window_s: int = 300


class Throttle:
    """Counts failures per subject in fixed windows of time.

    Args:
        redis: A client, so that every console process counts together.
        clock: Tells the window.
        prefix: Put before every name.
    """

    def __init__(self, redis: Redis, clock: Clock, *, prefix: str = "") -> None:
        self._redis = redis
        self._clock = clock
        self._root = f"{prefix}fairwatch:throttle:"

    async def try_now(self, brakes: Sequence[tuple[Brake, str]]) -> int:
        """Count one try against each, before it is known how it ends; return the seconds to wait, 0 to go ahead."""
        async with reachable(NAME):
            pipeline = self._redis.pipeline(transaction=False)
            for brake, subject in brakes:
                pipeline.incr(self._key(brake, subject))
                pipeline.expire(self._key(brake, subject), 2 * brake.window_s)
            counts = (await pipeline.execute())[::2]
        pressed = [brake for (brake, _), count in zip(brakes, counts, strict=True) if count > brake.failures]
        if pressed:  # nobody looks at this try, so that it must not count against anybody else
            await self.succeeded([(brake, subject) for brake, subject in brakes if brake not in pressed])
        return max((self._rest_s(brake) for brake in pressed), default=0)

    async def succeeded(self, brakes: Sequence[tuple[Brake, str]]) -> None:
        """Take one try back from each: it was no failure."""
        async with reachable(NAME):
            pipeline = self._redis.pipeline(transaction=False)
            for brake, subject in brakes:
                pipeline.decr(self._key(brake, subject))
            await pipeline.execute()

    def _rest_s(self, brake: Brake) -> int:
        now_s = self._clock.now() // MICROS
        return brake.window_s - now_s % brake.window_s

    def _key(self, brake: Brake, subject: str) -> str:
        window = self._clock.now() // MICROS // brake.window_s
        return f"{self._root}{brake.name}:{window}:{hashlib.sha256(subject.encode()).hexdigest()}"
