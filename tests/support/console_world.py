"""A console over real sockets and a real Valkey, with a publisher and a media store that remember."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import yaml
from argon2 import PasswordHasher
from redis.asyncio import Redis

from fairwatch.console.audit_log import AuditDesk
from fairwatch.console.causes import Causes, CausesDesk
from fairwatch.console.config import ConsoleConfig
from fairwatch.console.desks import Desks
from fairwatch.console.lineage import Explains, LineageDesk
from fairwatch.console.on_call import NOBODY, Calls, OnCallDesk
from fairwatch.console.server import serving
from fairwatch.console.silences import SilenceDesk
from fairwatch.console.sites import ArmingDesk
from fairwatch.console.waiting import WaitingDesk
from fairwatch.domain.clock import Clock, ManualClock
from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.domain.event import Event
from fairwatch.policy.arming import ArmedSites
from fairwatch.policy.matchers import matcher
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.silence_deeds import refuse
from fairwatch.policy.silence_preview import Preview, preview
from fairwatch.policy.silencing import InForce, matcher_faults
from fairwatch.processors.project import Project
from fairwatch.stores.read_model import RedisReadModel
from tests.support.processor_world import MemoryReference
from tests.support.trust import CONSOLE, trust, vouched

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
HASH = QUICK.hash(PASSWORD)
PEOPLE = {
    "ann": ("Ann Bauer", ["reviewer", "operator"]),
    "ben": ("Ben Okoro", ["reviewer"]),
    "cleo": ("Cleo Marsh", ["reviewer"]),
    "olga": ("Olga Lind", ["operator"]),
    "audra": ("Audra Weiss", ["auditor"]),
    "adam": ("Adam Roth", ["admin"]),
    "iris": ("Iris Ray", ["requester", "approver"]),
    "otto": ("Otto Okafor", ["approver"]),
}
PLACES = {name: {"site_id": name, "name": name.title(), "time_zone": "UTC"} for name in ("harbour", "station")}
TYPES = {
    "candidates": "MatchCandidate",
    "verifications": "Verification",
    "verdicts": "Verdict",
    "alerts": "Alert",
    "deliveries": "Delivery",
    "incidents": "Incident",
}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


class RememberingPublisher:
    """Keeps what was published; `away` makes it refuse the named topics, `followed` are read back at once."""

    def __init__(self) -> None:
        self.followed: dict[str, MemoryReference] = {}
        self.published: list[tuple[str, str, Any]] = []
        self.away: set[str] = set()

    async def publish(self, topic: str, key: str, record: Any, headers: Mapping[str, bytes] | None = None) -> None:
        if topic in self.away:
            raise RetryableError("the broker does not answer")
        self.published.append((topic, key, record))
        if topic in self.followed:
            self.followed[topic].put(key, record)

    def records(self, topic: str) -> list[Any]:
        return [record for name, _, record in self.published if name == topic]

    def actions(self) -> list[str]:
        return [record["action"] for record in self.records("audit")]


class MemoryMedia:
    """A media store in a dict."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, data: bytes, mime: str) -> str:
        uri = f"fw-media:{hashlib.sha256(data).hexdigest()}"
        self.kept[uri] = data
        return uri

    async def get(self, uri: str) -> bytes:
        if uri not in self.kept:
            raise RejectedError("media_unavailable", "the picture is gone")
        return self.kept[uri]


@dataclass
class Caller:
    """One browser: cookies and, once signed in, the CSRF token."""

    http: aiohttp.ClientSession
    csrf: str = ""

    async def get(self, path: str, **params: str) -> tuple[int, Any]:
        async with self.http.get(path, params=params) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        given = {"X-CSRF-Token": self.csrf, **headers} if self.csrf else headers
        async with self.http.post(path, json=body, headers=given) as response:
            return response.status, await response.json()

    async def delete(self, path: str) -> int:
        async with self.http.delete(path, headers={"X-CSRF-Token": self.csrf}) as response:
            return response.status

    async def sign_in(self, name: str, password: str = PASSWORD) -> int:
        status, body = await self.post("/api/session", {"name": name, "password": password})
        self.csrf = body.get("csrf", "")
        return status

    async def look(self, candidate_id: str) -> None:
        """Have the pictures of a candidate served, as the page does."""
        _, shown = await self.get(f"/api/candidates/{candidate_id}")
        for media in (shown.get("probe"), shown.get("reference")):
            if media:
                async with self.http.get(f"/api/media/{media['uri'].removeprefix('fw-media:')}"):
                    pass

    async def decide(
        self, candidate_id: str, decision: str = "MATCH", reason: str = "ears and hairline"
    ) -> tuple[int, Any]:
        """Look at the pictures, then decide."""
        await self.look(candidate_id)
        body = {"decision": decision, "reason": reason}
        return await self.post(f"/api/candidates/{candidate_id}/verifications", body)


@dataclass
class ConsoleWorld:
    """Everything around one console."""

    redis: Redis
    model: RedisReadModel
    port: int
    clock: Any  # a ManualClock unless the test brings another
    publisher: RememberingPublisher
    media: MemoryMedia
    told: list[Any]  # what a preview looks at
    stack: AsyncExitStack = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def caller(self, name: str = "") -> Caller:
        """Return a browser of its own, signed in where a name is given."""
        jar = aiohttp.CookieJar(unsafe=True)
        caller = Caller(await self.stack.enter_async_context(aiohttp.ClientSession(self.url, cookie_jar=jar)))
        if name:
            assert await caller.sign_in(name) == 200
        return caller

    async def fold(self, topic: str, *records: Any) -> None:
        """Let the projection see records of a topic; a face has two pictures, unless the test gives it some."""
        if topic in ("candidates", "verdicts"):
            records = tuple([await self._with_pictures(record) for record in records])
        events = [Event(topic, TYPES[topic], record) for record in records]
        await Project(self.model, trust(vouched(*PEOPLE))).handle(events)

    async def _with_pictures(self, record: Any) -> Any:
        about = record.get("candidate", record)
        if about["kind"] == "PLATE" or "probe" in about or "scene" in about:
            return record
        names = {"probe": b"probe ", "reference": b"reference "}
        pictures = {
            name: {"uri": await self.media.put(PNG + word + about["candidate_id"].encode(), "image/png")}
            for name, word in names.items()
        }
        return {**record, "candidate": {**about, **pictures}} if "candidate" in record else {**record, **pictures}

    async def fold_published(self) -> None:
        """Bring the decisions that were published back to the read model, as their topic does."""
        await self.fold("verifications", *self.publisher.records("verifications"))


def write_people(
    folder: Path,
    people: Mapping[str, tuple[str, Sequence[str]]] = PEOPLE,
    sites: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Write people.yaml; everybody has the same password."""
    rows = [
        {
            "name": name,
            "display_name": display,
            "roles": list(roles),
            "password_hash": HASH,
            "sites": list((sites or {}).get(name, ())),
        }
        for name, (display, roles) in people.items()
    ]
    path = folder / "people.yaml"
    path.write_text(yaml.safe_dump({"people": rows}), encoding="utf-8")
    return path


def _preview(told: list[Any]) -> Callable[[Sequence[str], int], Awaitable[Preview]]:
    async def previewed(matchers: Sequence[str], now: int) -> Preview:
        refuse(matcher_faults(matchers))
        return preview(told, InForce("", tuple(map(matcher, matchers)), 0, now, approved=False))

    return previewed


@asynccontextmanager
async def console_world(
    valkey: str,
    folder: Path,
    *,
    clock: Clock | None = None,
    port: int = 0,
    sites: Mapping[str, Sequence[str]] | None = None,
    lineage: Explains | None = None,
    waiting: WaitingDesk | None = None,
    audit: AuditDesk | None = None,
    calls: Calls = NOBODY,
    causes: Causes | None = None,
    **config: Any,
) -> AsyncIterator[ConsoleWorld]:
    """Run a console with a corner of the Valkey to itself."""
    prefix = uuid4().hex + ":"
    settings = ConsoleConfig(
        write_people(folder, sites=sites),
        valkey,
        port=port,
        prefix=prefix,
        instance="test",
        **{"signing_key": CONSOLE, **config},
    )
    clock, publisher, media = clock or ManualClock(), RememberingPublisher(), MemoryMedia()
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(Redis.from_url(valkey))
        model = RedisReadModel(redis, prefix=prefix)
        silences, told = MemoryReference(), list[Any]()
        publisher.followed["silences"] = silences
        quiet = SilenceDesk(Quiet(), silences, _preview(told))
        places, armings = MemoryReference(dict(PLACES)), MemoryReference()
        publisher.followed["site-armings"] = armings
        rules = RouteTree(Routes.model_validate({"route": {"receivers": []}}))
        arming = ArmingDesk(places, armings, ArmedSites(lambda: rules, armings, places).at)
        desks = Desks(
            quiet,
            arming,
            waiting or WaitingDesk(),
            audit or AuditDesk(),
            LineageDesk(lineage),
            OnCallDesk(calls),
            CausesDesk(causes),
        )
        serve = serving(settings, publisher, model, media, clock, desks)
        port = await stack.enter_async_context(serve)
        callers = await stack.enter_async_context(AsyncExitStack())
        yield ConsoleWorld(redis, model, port, clock, publisher, media, told, callers)
