"""What waits for a second person: seen by who may agree, agreed to or refused by somebody else than who asked."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson
from aiohttp import web

from fairwatch.console import pictures
from fairwatch.console.access import role_for
from fairwatch.console.asking import asked
from fairwatch.console.desk import DESK, SIGNED_IN, Desk, SignedIn, answer, refusal
from fairwatch.console.people import Person
from fairwatch.console.requests import require_word, sent_object
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.wire.json_form import to_json

Kind = Literal["authorisation", "entries", "export", "policy"]
Decision = Literal["APPROVE", "REJECT"]
Written = tuple[str, str, Mapping[str, Any]]  # topic, key, record

DECISIONS: Final[tuple[Decision, ...]] = ("APPROVE", "REJECT")
MAY: Final[Mapping[Kind, Mapping[Decision, str]]] = {  # what policies call it
    "authorisation": {"APPROVE": "authorisation.approve", "REJECT": "authorisation.reject"},
    "entries": {"APPROVE": "entry.approve", "REJECT": "entry.withdraw"},
    "export": {"APPROVE": "export.approve", "REJECT": "export.revoke"},
    "policy": {},
}
CHANGES: Final = "access.change"  # who is told of policies that wait for administrators' signatures
LOOKS: Final = "waiting.audit"  # who sees everything that waits, and decides nothing
LONGEST: Final = 500  # characters of a reason
STORE: Final = "fw-media:"
LOOKED_AT: Final = 100  # pictures that who agrees has to have seen, each; of a longer list they look at what they want
SHOWN: Final = 2_000  # entries of a list
AT_ONCE: Final = 500  # records that are on their way to the broker at a time
SENTENCES: Final[Mapping[str, tuple[int, str]]] = {
    "gone": (404, "It waits no more: somebody decided, it was taken back, or its time is over."),
    "own": (409, "You asked for it yourself: somebody else has to decide."),
    "changed": (409, "It was changed since you looked at it. Look again, then decide."),
    "not_authentic": (409, "It is not signed by whom it names. Whoever asked has to ask again."),
    "not_seen": (409, "Look at the pictures first: you agree that these people are looked for."),
    "too_long": (409, "More waits than is kept here; decide at the command line: fairwatch entries approve --list."),
    "no_reason": (400, "Say why you refuse it: whoever asked reads that."),
    "forbidden": (403, "Your roles do not allow this."),
    "no_signing_key": (503, "This console has no key to sign with. Tell your administrator."),
}


@dataclass(frozen=True, slots=True)
class Waits:
    """Something that one person wants and a second one has to agree to.

    Attributes:
        kind: What it is.
        id: Its own; of a list of entries, what its authorisation and author make it.
        seen: Hash over what is wanted: whoever decides names it, so that nobody agrees to what they did not see.
        asked_by: Who wants it.
        since: When it was asked for, microseconds UTC.
        facts: What is signed, by field; of a list what all its entries have in common.
        records: As they are on their topic.
        authorisation_id: The one that it is about; None for none.
        until: When there is nothing to decide any more, microseconds UTC; None: never.
        refused: Why it is not authentic; empty: it is, or nobody demands that.
        is_too_long: It may be cut off: more waits than the console keeps.
        check: Says the same of a list that is too long to be looked through whenever it is shown: before it is decided.
    """

    kind: Kind
    id: str
    seen: str
    asked_by: str
    since: int
    facts: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    authorisation_id: str | None = None
    until: int | None = None
    refused: str = ""
    is_too_long: bool = False
    check: Callable[[], str] | None = field(default=None, repr=False, compare=False)


def _nothing(*_: Any) -> list[Any]:
    return []


@dataclass(frozen=True)
class WaitingDesk:
    """What the console needs for what waits.

    Attributes:
        waits: Everything that waits; None while its topics are still being read.
        decided: Returns what has to be written for a person's decision, for the reason, at a time: audit records first.
        following: Keeps it up to date from the first question on; None where somebody else does.
    """

    waits: Callable[[], Sequence[Waits] | None] = _nothing
    decided: Callable[[Waits, Decision, Person, str, int], list[Written]] = _nothing
    following: Coroutine[Any, Any, None] | None = None


WAITING: web.AppKey[WaitingDesk] = web.AppKey("waiting", WaitingDesk)


async def list_waiting(request: web.Request) -> web.Response:
    """Return what waits, the oldest first, and of how much of it the person may decide."""
    desk, person = request.app[DESK], request[SIGNED_IN].person
    found = request.app[WAITING].waits()
    shown = sorted(_visible(desk, person, found or ()), key=lambda one: one.since)
    rows = [_view(desk, person, one) for one in shown]
    return answer({"waiting": rows, "count": sum(row["waits_for_you"] for row in rows), "reading": found is None})


async def get_waiting(request: web.Request) -> web.Response:
    """Return one of them with the entries of its list, `SHOWN` at most, once the audit log has who looks at it."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    one = _known(request, visitor)
    if one is None:
        return _no("gone")
    details = {"kind": one.kind, "sha256": one.seen}
    await desk.audit(
        "waiting.viewed", visitor.person.name, one.id, details=details, authorisation_id=one.authorisation_id
    )
    shown = one.records[:SHOWN] if one.kind == "entries" else []
    records, more = [orjson.loads(to_json(record)) for record in shown], max(0, len(one.records) - SHOWN)
    return answer({**_view(desk, visitor.person, one), "records": records, "more": more})


async def get_picture(request: web.Request) -> web.Response:
    """Return a picture of an entry that waits, to who may agree to it, once the audit log has who looks at it."""
    desk, visitor, sha256 = request.app[DESK], request[SIGNED_IN], request.match_info["sha256"]
    one = _known(request, visitor)
    entry_id = next((entry for entry, known in _pictures(one) if known == sha256), None) if one else None
    if one is None or entry_id is None:
        return refusal(404, "unknown", pictures.UNKNOWN)
    details = {"sha256": sha256, "of": "waiting entry", "list": one.seen}
    name = visitor.person.name
    await desk.audit("media.viewed", name, entry_id, details=details, authorisation_id=one.authorisation_id)
    return await pictures.served(request, sha256)


def _pictures(one: Waits) -> list[tuple[str, str]]:
    """Return entry and hash of each picture of a list that lies in the hub's store."""
    uris = [(entry["entry_id"], ref["uri"]) for entry in one.records for ref in entry.get("references") or ()]
    found = [] if one.kind != "entries" else uris
    return [(entry_id, uri.removeprefix(STORE)) for entry_id, uri in found if uri.startswith(STORE)]


async def _is_unseen(desk: Desk, visitor: SignedIn, one: Waits, decision: Decision) -> bool:
    """Tell whether somebody agrees to pictures of people that they were not shown."""
    wanted = sorted({sha256 for _, sha256 in _pictures(one)}) if decision == "APPROVE" else []
    return bool(wanted) and len(wanted) <= LOOKED_AT and not await desk.sessions.were_served(visitor.token, wanted)


async def decide(request: web.Request) -> web.Response:
    """Take the person's decision; 202 once the broker has it."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    body = await sent_object(request, "an object with decision, seen and, to refuse, reason", "decision", "seen")
    decision, reason = body["decision"], body.get("reason") or ""
    require_word("decision", decision, DECISIONS)
    if not isinstance(reason, str) or len(reason) > LONGEST:
        raise RejectedError("invalid_field", f"reason is a text of at most {LONGEST} characters", "reason")
    one, words, person = _known(request, visitor), asked("reason", reason, body), visitor.person
    against = _objection(desk, person, one, decision, body["seen"], reason.strip())
    if one is None or against:
        if against == "forbidden" and one is not None:
            await desk.audit("access.denied", person.name, MAY[one.kind].get(decision, ""), details={"id": one.id})
        return _no(against or "gone")
    if question := words.question():
        return question
    if one.check and decision == "APPROVE" and await asyncio.to_thread(one.check):
        return _no("not_authentic")
    if await _is_unseen(desk, visitor, one, decision):
        return _no("not_seen")
    await words.audit(desk, person.name, one.id)
    now = desk.clock.now()
    try:
        decided = request.app[WAITING].decided
        written = await asyncio.to_thread(decided, one, decision, person, reason.strip(), now)
    except ConfigurationError as error:
        return refusal(409, "refused", f"{error}")
    await _write(desk, written)
    return answer({"id": one.id, "decision": decision}, 202)


async def _write(desk: Desk, written: Sequence[Written]) -> None:
    """Publish audit records before what they tell of: what nobody can account for must not count."""
    told = [one for one in written if one[0] == "audit"]
    for records in (told, [one for one in written if one[0] != "audit"]):
        for start in range(0, len(records), AT_ONCE):
            some = records[start : start + AT_ONCE]
            await asyncio.gather(*(desk.publisher.publish(topic, key, record) for topic, key, record in some))


def _objection(desk: Desk, person: Person, one: Waits | None, decision: Decision, seen: Any, reason: str) -> str:
    """Return why somebody cannot decide that; empty: they can."""
    if one is None:
        return "gone"
    action = MAY[one.kind].get(decision)
    against = {
        "forbidden": not action or not role_for(person, action),
        "own": one.asked_by == person.name,
        "changed": seen != one.seen,
        "not_authentic": bool(one.refused) and decision == "APPROVE",
        "too_long": one.is_too_long,
        "no_reason": decision == "REJECT" and not reason,
        "no_signing_key": desk.config.signing_key is None,
    }
    return next((why for why, holds in against.items() if holds), "")


def _no(reason: str) -> web.Response:
    status, sentence = SENTENCES[reason]
    return refusal(status, reason, sentence)


def _known(request: web.Request, visitor: SignedIn) -> Waits | None:
    wanted = request.match_info["kind"], request.match_info["id"]
    found = _visible(request.app[DESK], visitor.person, request.app[WAITING].waits() or ())
    return next((one for one in found if (one.kind, one.id) == wanted), None)


def _visible(desk: Desk, person: Person, found: Sequence[Waits]) -> list[Waits]:
    """Return what a person may see of it: what they may agree to, or all of it, and nothing whose time is over."""
    now, sees_all = desk.clock.now(), bool(role_for(person, LOOKS))
    return [one for one in found if (sees_all or _decides(person, one)) and (one.until is None or one.until > now)]


def _decides(person: Person, one: Waits) -> bool:
    return bool(role_for(person, CHANGES if one.kind == "policy" else MAY[one.kind]["APPROVE"]))


def _view(desk: Desk, person: Person, one: Waits) -> dict[str, Any]:
    return {
        "kind": one.kind, "id": one.id, "seen": one.seen, "since": one.since, "until": one.until,
        "asked_by": one.asked_by, "asked_by_name": desk.people.display(one.asked_by) if one.asked_by else "",
        "authorisation_id": one.authorisation_id, "facts": dict(one.facts), "refused": one.refused,
        "is_own": one.asked_by == person.name, "is_too_long": one.is_too_long,
        "waits_for_you": _decides(person, one) and one.asked_by != person.name and not one.refused,
    }  # fmt: skip
