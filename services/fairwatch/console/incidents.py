"""Incidents at the console: the list, one of them, and what people do to them: merge and split."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from fairwatch.console.access import role_for
from fairwatch.console.asking import Asked, asked
from fairwatch.console.desk import DESK, SIGNED_IN, Desk, answer, refusal
from fairwatch.console.requests import limit_of, note_in, require_word, sent_object, word_of
from fairwatch.console.signing import incident_signed
from fairwatch.domain.errors import RejectedError
from fairwatch.policy.incidents.deeds import (
    ALERTS_LIMIT,
    DEEDS,
    NOTE_LIMIT,
    SENTENCES,
    IncidentObjection,
    make,
    objection,
)
from fairwatch.stores.read_model import Index, Subject

FORBIDDEN: Final = ("no_right", "other_site")
CONFLICTS: Final = ("merged",)
WAYS: Final = ("console", "cli", "api")
INDEXES: Final[Mapping[str, tuple[Index, ...]]] = {"ALL": ("open", "over"), "OPEN": ("open",), "CLOSED": ("over",)}


async def list_incidents(request: web.Request) -> web.Response:
    """Return incidents, open ones first, the newest first; what went into another one is left out.

    `state` is all, open or closed, `limit` at most 500.
    """
    desk = request.app[DESK]
    wanted, limit = word_of(request, "state", tuple(INDEXES)), limit_of(request)
    found: list[Subject] = []
    for index in INDEXES[wanted]:
        found += await desk.read_model.pick("incident", index, limit - len(found), _stands)
    return answer({"incidents": [_view(desk, incident.parts["incident"]) for incident in found]})


async def get_incident(request: web.Request) -> web.Response:
    """Return one incident, also one that went into another."""
    desk = request.app[DESK]
    record = await _known(desk, request.match_info["id"])
    return _no("unknown") if record is None else answer(_view(desk, record))


async def act(request: web.Request) -> web.Response:
    """Take what the person does; 202 once the broker has it. The owner of the place may still refuse it."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    said, words = await _said(request)
    record = await _known(desk, request.match_info["id"])
    if record is None:
        return _no("unknown")
    person, into = visitor.person, await _known(desk, said["into"]) if said["into"] else None
    role, now = role_for(person, "alert.act"), desk.clock.now()
    deed = make(record, **said, actor=person.name, role=role, at=now, sites=sorted(person.sites))
    against = objection(deed, record, into, [member["alert_id"] for member in record["members"]])
    if against is not None:
        return _no(against)
    if question := words.question():
        return question
    await words.audit(desk, person.name, record["incident_id"])
    await desk.publisher.publish("incident-actions", deed["place"], incident_signed(desk, visitor, deed))
    return answer({"action_id": deed["action_id"], "action": deed["action"]}, 202)


def _stands(incident: Subject) -> bool:
    return bool(incident.parts["incident"].get("state", "OPEN") != "MERGED")


async def _known(desk: Desk, incident_id: str) -> dict[str, Any] | None:
    found = await desk.read_model.get("incident", incident_id)
    return None if found is None else dict(found.parts["incident"])


def _view(desk: Desk, record: Mapping[str, Any]) -> dict[str, Any]:
    deeds = [{**deed, "actor_name": desk.people.display(deed["actor"])} for deed in record.get("deeds", ())]
    return {**record, "deeds": deeds}


def _no(against: IncidentObjection) -> web.Response:
    status = 404 if against == "unknown" else 403 if against in FORBIDDEN else 409 if against in CONFLICTS else 400
    return refusal(status, against, SENTENCES[against])


async def _said(request: web.Request) -> tuple[dict[str, Any], Asked]:
    body = await sent_object(request, "an object with action")
    action, into, alerts = body.get("action"), body.get("into"), body.get("alerts") or []
    via = body.get("via") or "console"
    require_word("action", action, DEEDS)
    require_word("via", via, WAYS)
    note = note_in(body, NOTE_LIMIT)
    if into is not None and not isinstance(into, str):
        raise RejectedError("invalid_field", "into is the id of an incident", "into")
    if not isinstance(alerts, list) or len(alerts) > ALERTS_LIMIT or not all(isinstance(one, str) for one in alerts):
        raise RejectedError("invalid_field", f"alerts are at most {ALERTS_LIMIT} ids", "alerts")
    said = {"action": action, "into": into, "alerts": alerts, "note": note.strip(), "via": via}
    return said, asked("note", note, body)
