"""Silences at the console: seen, previewed, made, agreed to and ended, by the rules of `fairwatch silences`."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from fairwatch.console.access import may
from fairwatch.console.asking import Asked, asked
from fairwatch.console.desk import DESK, SIGNED_IN, Desk, SignedIn, answer, refusal
from fairwatch.console.requests import sent_object
from fairwatch.console.signing import silenced
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ports import Reference
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.silence_deeds import (
    Record,
    SilenceRefusedError,
    Wish,
    approved,
    draft,
    expired,
    longest_role,
    write,
)
from fairwatch.policy.silence_preview import Preview
from fairwatch.policy.silencing import InForce, in_force

SECOND = 1_000_000
DAY = 86_400 * SECOND
SHOWN_FOR = DAY  # what has ended is shown for so long
MATCHERS_LIMIT = 20
CONFLICTS = ("ended", "approved_by_author")


@dataclass(frozen=True)
class SilenceDesk:
    """What the console needs for silences.

    Attributes:
        quiet: How long who may silence.
        known: All silences by id.
        preview: Says what matchers would have held back of the last day until a time, in microseconds.
        following: Keeps `known` up to date; None where somebody else does.
    """

    quiet: Quiet
    known: Reference
    preview: Callable[[Sequence[str], int], Awaitable[Preview]]
    following: Coroutine[Any, Any, None] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # a preview reads a day of alerts: one at a time


SILENCES: web.AppKey[SilenceDesk] = web.AppKey("silences", SilenceDesk)


async def list_silences(request: web.Request) -> web.Response:
    """Return what holds or will, and what ended within a day; how long the person may silence, in seconds."""
    desk, person = request.app[DESK], request[SIGNED_IN].person
    silences, now = request.app[SILENCES], desk.clock.now()
    found = [record for _, record in silences.known.items() if record["expires_at"] > now - SHOWN_FOR]
    found.sort(key=lambda record: (record["expires_at"] <= now, record["expires_at"]))
    longest = silences.quiet.longest(longest_role(person.roles, silences.quiet)) or 0
    views = [_view(desk, silences, record, now) for record in found]
    return answer({"silences": views, "longest_s": longest // SECOND if may(person, "alert.silence") else 0})


async def preview_silence(request: web.Request) -> web.Response:
    """Return what matchers would have held back of the last day's alerts; nothing is written."""
    body = await sent_object(request, "an object")
    person, silences = request[SIGNED_IN].person, request.app[SILENCES]
    try:
        async with silences.turn:
            found = await silences.preview(_matchers(body), request.app[DESK].clock.now())
    except SilenceRefusedError as error:
        return _no(error)
    titles = found.examples if may(person, "alert.view") else []
    return answer(
        {
            "messages": found.messages,
            "held": found.held,
            "alerts": found.alerts.total(),
            "passed": found.passed,
            "examples": [{"at": at, "rule": rule, "title": title} for at, rule, title in titles],
        }
    )


async def add_silence(request: web.Request) -> web.Response:
    """Make a silence from now on, by who is signed in; 201 with its id once the broker has it."""
    desk, visitor, silences = request.app[DESK], request[SIGNED_IN], request.app[SILENCES]
    body = await sent_object(request, "an object")
    reason, now = _text(body, "reason"), desk.clock.now()
    for_s = body.get("for_s")
    if not isinstance(for_s, int) or isinstance(for_s, bool):
        raise RejectedError("invalid_field", "for_s is a number of seconds: a silence always ends", "for_s")
    role, words = longest_role(visitor.person.roles, silences.quiet), asked("reason", reason, body)
    wish = Wish(visitor.person.name, role, reason, _matchers(body), now, now + for_s * SECOND, visitor.person.sites)
    try:
        record = draft(wish, silences.quiet, now)
    except SilenceRefusedError as error:
        return _no(error)
    return await _written(desk, visitor, "silence.added", record, words)


async def approve_silence(request: web.Request) -> web.Response:
    """Agree to a silence of somebody else, so that it holds for what is EXTREME, too."""
    return await _change(request, "silence.approved")


async def expire_silence(request: web.Request) -> web.Response:
    """End a silence now: what still burns is told at once."""
    return await _change(request, "silence.expired")


async def _change(request: web.Request, action: str) -> web.Response:
    desk, visitor, silences = request.app[DESK], request[SIGNED_IN], request.app[SILENCES]
    known = silences.known.get(request.match_info["id"])
    if known is None:
        return refusal(404, "unknown", "There is no such silence.")
    who, now, sites = visitor.person.name, desk.clock.now(), visitor.person.sites
    try:
        agrees = action == "silence.approved"
        record = approved(known, who, silences.quiet, now, sites) if agrees else expired(known, who, now, sites)
    except SilenceRefusedError as error:
        return _no(error)
    return await _written(desk, visitor, action, record)


async def _written(
    desk: Desk, visitor: SignedIn, action: str, record: Record, words: Asked | None = None
) -> web.Response:
    if words is not None:
        if question := words.question():
            return question
        await words.audit(desk, visitor.person.name, record["silence_id"])
    await write(desk.publisher, action, visitor.person.name, silenced(desk, visitor, action, record))
    return answer({"silence_id": record["silence_id"]}, 201)


def _view(desk: Desk, silences: SilenceDesk, record: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return a silence as people see it: `state` says whether it holds, and `refused` that it never will."""
    held = in_force(record, silences.quiet)
    return {
        **{name: record[name] for name in ("silence_id", "author", "reason", "matchers", "starts_at", "expires_at")},
        "author_name": desk.people.display(record["author"]),
        "approved_by_names": [desk.people.display(name) for name in record.get("approved_by", ())],
        "expired_by_name": desk.people.display(record["expired_by"]) if record.get("expired_by") else None,
        "state": _state(record, held, now),
    }


def _state(record: Mapping[str, Any], held: InForce | None, now: int) -> str:
    if record["expires_at"] <= now:
        return "ended"
    if held is None:
        return "refused"
    return "holds" if record["starts_at"] <= now else "to_come"


def _no(error: SilenceRefusedError) -> web.Response:
    reason, sentence = error.faults[0]
    status = 403 if reason in ("other_site", "unknown_role") else 409 if reason in CONFLICTS else 400
    return refusal(status, reason, f"{sentence[:1].upper()}{sentence[1:]}.")


def _matchers(body: Mapping[str, Any]) -> tuple[str, ...]:
    texts = body.get("matchers")
    if not isinstance(texts, list) or len(texts) > MATCHERS_LIMIT or not all(isinstance(each, str) for each in texts):
        raise RejectedError("invalid_field", f"matchers are at most {MATCHERS_LIMIT} texts", "matchers")
    return tuple(text.strip() for text in texts if text.strip())


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise RejectedError("invalid_field", f"{name} is a text", name)
    return value.strip()
