"""What the console shows, in Redis: alerts, candidates and incidents in parts that only ever grow newer."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import orjson
from redis.asyncio import Redis

from fairwatch.domain.errors import RestartError
from fairwatch.domain.ports import Facet
from fairwatch.stores.redis_errors import reachable, text

Kind = Literal["alert", "candidate", "incident"]
Index = Literal["listed", "seen", "open", "over"]
INDEXES: tuple[Index, ...] = ("listed", "seen", "open", "over")
CHUNK = 200
NAME = "read model of the console"
KEEP: Mapping[Kind, int] = {"alert": 2_000, "candidate": 5_000, "incident": 2_000}
EPOCH_LOST = -1
SHA256_LENGTH = 64
CLAIM_S = 600

# One part of one subject, in one step: other processes and replays see all of it or nothing.
_FOLD = """
local subject, listed, seen, open, epoch, over = unpack(KEYS)
local mark, name, version, at, body, id, is_listed, is_open, keep, media_key, channel, news, rank = unpack(ARGV)
if redis.call('GET', epoch) ~= mark then return -1 end
local old = redis.call('HGET', subject, name)
if old and tonumber(string.match(old, '^%d+')) >= tonumber(version) then return 0 end
redis.call('HSET', subject, name, version .. ' ' .. body)
redis.call('ZADD', seen, 'GT', at, id)
if is_listed == '1' then redis.call('ZADD', listed, 'GT', at, id) end
if is_open == '1' then redis.call('ZADD', open, rank, id) redis.call('ZREM', over, id) end
if is_open == '0' then
  redis.call('ZREM', open, id)
  redis.call('ZADD', over, 'GT', at, id)
end
if redis.call('ZSCORE', open, id) then redis.call('ZREM', seen, id) end
local kept = redis.call('HGET', subject, 'media') or ''
for index = 14, #ARGV do
  if not string.find(kept, ARGV[index], 1, true) then kept = kept .. ARGV[index] end
  redis.call('SADD', media_key .. ARGV[index], subject)
end
if kept ~= '' then redis.call('HSET', subject, 'media', kept) end
local prefix = string.sub(subject, 1, #subject - #id)
local changed = 1
for _, gone in ipairs(redis.call('ZRANGE', seen, 0, -1 - keep)) do
  redis.call('ZREM', seen, gone)
  if not redis.call('ZSCORE', open, gone) then
    local hashes = redis.call('HGET', prefix .. gone, 'media') or ''
    for hash in string.gmatch(hashes, string.rep('%x', 64)) do redis.call('SREM', media_key .. hash, prefix .. gone) end
    redis.call('DEL', prefix .. gone)
    for _, index in ipairs({listed, over}) do redis.call('ZREM', index, gone) end
    if gone == id then changed = 0 end
  end
end
if changed == 1 and news ~= '' then redis.call('PUBLISH', channel, news) end
return changed
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """An alert, a candidate or an incident as the read model knows it.

    Attributes:
        kind, id: What it is.
        parts: Records by the name of their facet.
    """

    kind: Kind
    id: str
    parts: Mapping[str, Any]

    def starting(self, prefix: str) -> dict[str, Any]:
        """Return the parts whose name starts with `prefix`, by the rest of their name."""
        return {name.removeprefix(prefix): part for name, part in self.parts.items() if name.startswith(prefix)}


class RedisReadModel:
    """The read model; one Redis may hold several under different prefixes.

    A writer remembers the epoch that it found or made. Where Redis is lost, so is the epoch, and every write is refused
    with RestartError until the writer has started anew and replays: a half-empty list must never look like a whole one.

    Args:
        redis: A client, with or without `decode_responses`.
        prefix: Put before every name, so that deployments can share a server.
        keep: How many of a kind that are over stay; the least recently touched leave first. What is open
            never leaves.
    """

    def __init__(self, redis: Redis, *, prefix: str = "", keep: Mapping[Kind, int] | None = None) -> None:
        self._redis = redis
        self._root = f"{{{prefix}fairwatch:console}}:"  # braces: one slot of a cluster
        self._keep: dict[Kind, int] = {**KEEP, **(keep or {})}
        self._script = redis.register_script(_FOLD)
        self._epoch: str | None = None

    async def epoch(self) -> str | None:
        """Return the mark of this life of the store; None when it is empty and waits for a replay."""
        async with reachable(NAME):
            mark = await self._redis.get(self._root + "epoch")
        return text(mark) if mark else None

    async def fold(self, facets: Sequence[Facet]) -> Sequence[bool]:
        """Fold each and tell whether it changed anything.

        Raises:
            RetryableError: Redis is away.
            RestartError: It was emptied.
        """
        if not facets:
            return []
        async with reachable(NAME):
            mark = await self._open()
            pipeline = self._redis.pipeline(transaction=False)
            for facet in facets:
                await self._script(keys=self._keys(facet), args=self._arguments(facet, mark), client=pipeline)
            answers = await pipeline.execute()
        if EPOCH_LOST in answers:
            raise RestartError("the console's read model was emptied: `project` starts anew and replays")
        return [answer == 1 for answer in answers]

    async def forget(self, kind: Kind, subject: str) -> bool:
        """Erase a subject with all its parts; False when it was not there."""
        key = self._subject(kind, subject)
        async with reachable(NAME):
            media = text(await self._redis.hget(key, "media") or b"")
            pipeline = self._redis.pipeline(transaction=True)
            for name in INDEXES:
                pipeline.zrem(self._index(kind, name), subject)
            for start in range(0, len(media), SHA256_LENGTH):
                pipeline.srem(self._media(media[start : start + SHA256_LENGTH]), key)
            pipeline.publish(self._root + "live", _news(kind, subject))
            pipeline.delete(key)
            return bool((await pipeline.execute())[-1])

    async def get(self, kind: Kind, subject: str) -> Subject | None:
        """Return a subject that is listed, or None."""
        found = await self._load(kind, [subject])
        return found[0] if found else None

    async def latest(self, kind: Kind, limit: int, *, open_only: bool = False) -> list[Subject]:
        """Return at most `limit` subjects, the newest first."""
        async with reachable(NAME):
            index = self._index(kind, "open" if open_only else "listed")
            ids = await self._redis.zrevrange(index, 0, limit - 1)
        return await self._load(kind, [text(member) for member in ids])

    async def pick(
        self, kind: Kind, index: Index, limit: int, fits: Callable[[Subject], bool] = lambda _: True
    ) -> list[Subject]:
        """Return at most `limit` subjects that fit, by rank what is open, else the newest first.

        However many do not fit, those that do are found.
        """
        found: list[Subject] = []
        start = 0
        while len(found) < limit:
            async with reachable(NAME):
                ids = await self._redis.zrevrange(self._index(kind, index), start, start + CHUNK - 1)
            found += [each for each in await self._load(kind, [text(member) for member in ids]) if fits(each)]
            start += CHUNK
            if len(ids) < CHUNK:
                break
        return found[: max(0, limit)]

    async def counts(self, kind: Kind) -> tuple[int, int]:
        """Return how many are open, and how many over."""
        async with reachable(NAME):
            pipeline = self._redis.pipeline(transaction=False)
            for index in ("open", "over"):
                pipeline.zcard(self._index(kind, index))
            still, over = await pipeline.execute()
        return int(still), int(over)

    async def owners(self, sha256: str) -> list[Subject]:
        """Return the subjects whose viewers may see this picture."""
        async with reachable(NAME):
            keys = await self._redis.smembers(self._media(sha256))
        found: list[Subject] = []
        for key in sorted(keys):
            kind, _, subject = text(key).removeprefix(self._root).partition(":")
            found += await self._load("alert" if kind == "alert" else "candidate", [subject])
        return found

    async def claim(self, candidate: str, person: str, decision: str, seconds: int = CLAIM_S) -> bool:
        """Take the one decision that a person has on a candidate; False when it is taken.

        A claim bridges the time until the decision comes back through its topic and ends by itself.
        """
        async with reachable(NAME):
            return bool(await self._redis.set(self._claim(candidate, person), decision, nx=True, ex=seconds))

    async def release(self, candidate: str, person: str) -> None:
        """Give a claim back, because the decision did not get through."""
        async with reachable(NAME):
            await self._redis.delete(self._claim(candidate, person))

    async def claims(self, candidates: Sequence[str], person: str) -> dict[str, str]:
        """Return the decisions that the person claimed, by candidate."""
        if not candidates:
            return {}
        async with reachable(NAME):
            found = await self._redis.mget([self._claim(candidate, person) for candidate in candidates])
        return {key: text(value) for key, value in zip(candidates, found, strict=True) if value is not None}

    async def changes(self) -> AsyncIterator[dict[str, str]]:
        """Yield `{kind, id}` as subjects change, from now on; RetryableError when Redis goes away."""
        async with (
            reachable(NAME),
            self._redis.pubsub(ignore_subscribe_messages=True) as channel,
        ):
            await channel.subscribe(self._root + "live")
            while True:
                message = await channel.get_message(timeout=None)
                if message is not None:
                    yield orjson.loads(message["data"])

    async def _open(self) -> str:
        if self._epoch is None:
            await self._redis.set(self._root + "epoch", uuid4().hex, nx=True)
            self._epoch = await self.epoch()
        return self._epoch or ""

    async def _load(self, kind: Kind, subjects: Sequence[str]) -> list[Subject]:
        async with reachable(NAME):
            pipeline = self._redis.pipeline(transaction=False)
            for subject in subjects:
                pipeline.hgetall(self._subject(kind, subject))
            answers = await pipeline.execute()
        found = [Subject(kind, subject, _parts(fields)) for subject, fields in zip(subjects, answers, strict=True)]
        return [subject for subject in found if kind in subject.parts]

    def _keys(self, facet: Facet) -> list[str]:
        listed, seen, still, over = [self._index(facet.kind, name) for name in INDEXES]
        return [self._subject(facet.kind, facet.subject), listed, seen, still, self._root + "epoch", over]

    def _arguments(self, facet: Facet, mark: str) -> list[str | bytes | int]:
        opens = "" if facet.open is None else int(facet.open)
        news = b"" if facet.quiet else _news(facet.kind, facet.subject)
        body = orjson.dumps(facet.record)
        part: list[str | bytes | int] = [mark, facet.name, facet.version, facet.at, body, facet.subject]
        indexes: list[str | bytes | int] = [int(facet.listed), opens, self._keep[facet.kind], self._media("")]
        rank = facet.at if facet.rank is None else facet.rank
        return [*part, *indexes, self._root + "live", news, rank, *facet.media]

    def _subject(self, kind: Kind, subject: str) -> str:
        return f"{self._root}{kind}:{subject}"

    def _index(self, kind: Kind, name: str) -> str:
        return f"{self._root}{kind}s:{name}"

    def _claim(self, candidate: str, person: str) -> str:
        return f"{self._root}claim:{candidate}:{person}"

    def _media(self, sha256: str) -> str:
        return f"{self._root}media:{sha256}"


def _parts(fields: Mapping[Any, Any]) -> dict[str, Any]:
    decoded = {text(name): text(value) for name, value in fields.items()}
    return {name: orjson.loads(value.partition(" ")[2]) for name, value in decoded.items() if name != "media"}


def _news(kind: Kind, subject: str) -> bytes:
    return orjson.dumps({"kind": kind, "id": subject})
