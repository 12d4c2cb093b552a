"""The audit log for those who check what others did: found by person, subject, action and time, held to its anchor."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web

from fairwatch.console.desk import DESK, SIGNED_IN, answer, refusal
from fairwatch.console.requests import limit_of
from fairwatch.domain.errors import RejectedError

LONGEST_S = 60.0
LONGEST_WORD = 200
SLOW = "The broker takes more than a minute to give these records: search again in a while."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records somebody looks for.

    Attributes:
        actor: Who did it; any for nothing.
        subject: What it was done to, or the authorisation that it was done under.
        action: What was done, or how that begins: `export` finds `export.refused`.
        since, until: Microseconds UTC, the second not included; 0 for no bound.
        limit: So many at most, the newest.
    """

    actor: str = ""
    subject: str = ""
    action: str = ""
    since: int = 0
    until: int = 0
    limit: int = 100

    def takes(self, record: Mapping[str, Any]) -> bool:
        """Tell whether a record is one of those."""
        at = record["at"]
        return bool(
            (not self.actor or record["actor"] == self.actor)
            and (not self.subject or self.subject in {record["subject"], record.get("authorisation_id")})
            and record["action"].startswith(self.action)
            and at >= self.since
            and (not self.until or at < self.until)
        )


Reads = Callable[[Wanted], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class AuditDesk:
    """What the console needs to show the audit log.

    Attributes:
        reads: Returns the records that somebody looks for, and whether the log is whole; None: nobody can.
    """

    reads: Reads | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # records are read one by one, for one search at a time


AUDIT: web.AppKey[AuditDesk] = web.AppKey("audit", AuditDesk)


async def list_audit(request: web.Request) -> web.Response:
    """Return the newest records that are looked for, and what the log was held against, once the log has who looks."""
    desk, audit = request.app[DESK], request.app[AUDIT]
    wanted = _wanted(request)
    if audit.reads is None:
        return refusal(404, "unknown", "The audit log is not read here.")
    said = {name: str(value) for name, value in asdict(wanted).items() if value and name != "limit"}
    await desk.audit("audit.viewed", request[SIGNED_IN].person.name, "audit-chain", details={"via": "console", **said})
    try:
        async with asyncio.timeout(LONGEST_S), audit.turn:
            return answer(dict(await audit.reads(wanted)))
    except TimeoutError:
        return refusal(503, "slow", SLOW)


def _wanted(request: web.Request) -> Wanted:
    words = {name: request.query.get(name, "").strip() for name in ("actor", "subject", "action")}
    for name, word in words.items():
        if len(word) > LONGEST_WORD:
            raise RejectedError("invalid_field", f"{name} has at most {LONGEST_WORD} characters", name)
    return Wanted(**words, since=_time(request, "since"), until=_time(request, "until"), limit=limit_of(request))


def _time(request: web.Request, name: str) -> int:
    given = request.query.get(name, "") or "0"
    if not given.isascii() or not given.isdecimal() or len(given) > 17:  # noqa: PLR2004  microseconds of the year 5138
        raise RejectedError("invalid_field", f"{name} is a time in microseconds UTC", name)
    return int(given)
