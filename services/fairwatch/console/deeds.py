"""What people do to alerts: acknowledge, claim, hand over, comment and close."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from fairwatch.console.access import may, role_for
from fairwatch.console.asking import Asked, asked
from fairwatch.console.desk import DESK, SIGNED_IN, Desk, answer, refusal
from fairwatch.console.people import Person
from fairwatch.console.requests import note_in, require_word, sent_object
from fairwatch.console.signing import answered
from fairwatch.domain.errors import RejectedError
from fairwatch.policy.deeds import DEEDS, NOTE_LIMIT, OUTCOMES, SENTENCES, Objection, make, objection

CLAIMANT = "\0at-it"  # stands where a reviewer's name stands in a claim on a candidate
CLAIM_S = 30  # until a claim has come back through its topic
STATUS: Mapping[Objection, int] = {"no_right": 403, "other_site": 403, "nobody": 400, "no_note": 400, "no_outcome": 400}
WAYS = ("console", "cli", "api")


async def act(request: web.Request) -> web.Response:
    """Take what the person does; 202 once the broker has it, 409 when it is over or somebody was first."""
    desk, person = request.app[DESK], request[SIGNED_IN].person
    said, words = await _said(request)
    known = await desk.read_model.get("alert", request.match_info["id"])
    if known is None:
        return refusal(404, "unknown", "There is no such alert here. It may be older than what the console keeps.")
    alert = known.parts["alert"]
    role, now = role_for(person, "alert.act"), desk.clock.now()
    deed = make(alert, **said, actor=person.name, role=role, at=now, sites=sorted(person.sites))
    against = objection(alert, deed) or _stranger(desk, deed["to"])
    if against is not None:
        return _no(desk, against, alert)
    if question := words.question():
        return question
    claims = deed["action"] == "CLAIM"
    if claims and not await desk.read_model.claim(known.id, CLAIMANT, person.name, CLAIM_S):
        return _no(
            desk, "claimed", {**alert, "claimed_by": (await desk.read_model.claims([known.id], CLAIMANT)).get(known.id)}
        )
    try:
        await words.audit(desk, person.name, known.id)
        await desk.publisher.publish("alert-actions", deed["group"], answered(desk, request[SIGNED_IN], deed))
    except BaseException:
        if claims:
            await desk.read_model.release(known.id, CLAIMANT)
        raise
    return answer({"action_id": deed["action_id"], "action": deed["action"]}, 202)


async def people_who_act(request: web.Request) -> web.Response:
    """Return to whom an alert can be handed over."""
    people = [person for person in request.app[DESK].people if may(person, "alert.act")]
    rows = [{"name": person.name, "display_name": person.display_name} for person in people]
    return answer({"people": sorted(rows, key=lambda row: row["display_name"])})


def _stranger(desk: Desk, name: str | None) -> Objection | None:
    person: Person | None = desk.people.get(name) if name else None
    return None if name is None or (person and may(person, "alert.act")) else "nobody"


def _no(desk: Desk, against: Objection, alert: Mapping[str, Any]) -> web.Response:
    who = {"claimed": "claimed_by", "not_yours": "claimed_by", "already_acknowledged": "acknowledged_by"}.get(against)
    name = alert.get(who) if who else None
    more = f" It was {desk.people.display(name)}." if name else ""
    return refusal(STATUS.get(against, 409), against, SENTENCES[against] + more)


async def _said(request: web.Request) -> tuple[dict[str, Any], Asked]:
    body = await sent_object(request, "an object with action")
    said = {name: body.get(name) for name in ("action", "note", "to", "outcome", "via")}
    note = note_in(body, NOTE_LIMIT)
    said |= {"outcome": said["outcome"] or "NONE", "via": said["via"] or "console"}
    if said["to"] is not None and not isinstance(said["to"], str):
        raise RejectedError("invalid_field", "to is the name of a person", "to")
    for name, words in (("action", DEEDS), ("outcome", ("NONE", *OUTCOMES)), ("via", WAYS)):
        require_word(name, said[name], words)
    return {**said, "note": note.strip()}, asked("note", note, body)
