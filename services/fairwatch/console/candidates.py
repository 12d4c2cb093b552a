"""Candidates: what waits for people, and one person's decision."""

from typing import Any

from aiohttp import web

from fairwatch.console.access import role_for
from fairwatch.console.asking import Asked, asked
from fairwatch.console.desk import DESK, SIGNED_IN, Desk, SignedIn, answer, refusal
from fairwatch.console.requests import limit_of, sent_object, word_of
from fairwatch.console.signing import signed
from fairwatch.console.views import (
    PENDING,
    candidate_view,
    claim_of,
    given_by,
    people_needed,
    picture_of,
    pictures_to_see,
    state_of,
)
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.stores.read_model import Subject

FILTERS = ("PENDING", "DECIDED", "ALL")
DECISIONS = ("MATCH", "NO_MATCH", "UNSURE")
MAX_REASON = 2_000


async def list_candidates(request: web.Request) -> web.Response:
    """Return candidates, what waits by default: the most urgent first, then what expires first."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    wanted, now = word_of(request, "state", FILTERS), desk.clock.now()

    def fits(candidate: Subject) -> bool:
        if wanted == PENDING:
            return state_of(candidate, now) == PENDING and people_needed(candidate) > 0
        return wanted == "ALL" or state_of(candidate, now) != PENDING

    found = await desk.read_model.pick("candidate", "open" if wanted == PENDING else "listed", limit_of(request), fits)
    waiting, _ = await desk.read_model.counts("candidate")
    candidates = await _views(desk, visitor, found)
    return answer({"candidates": candidates, "open": waiting, "rebuilding": await desk.read_model.epoch() is None})


async def get_candidate(request: web.Request) -> web.Response:
    """Return one candidate."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    candidate = await _known(desk, request)
    return answer((await _views(desk, visitor, [candidate]))[0])


async def verify(request: web.Request) -> web.Response:
    """Take the person's decision; 202 once the broker has it, 409 when it is too late or already given."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    decision, reason, words = await _decision(request)
    candidate = await _known(desk, request)
    if closed := _closed(desk, candidate):
        return closed
    if objection := words.question() or await _hasty(desk, visitor, candidate, decision, reason):
        return objection
    name = visitor.person.name
    if given_by(candidate, name) or not await desk.read_model.claim(claim_of(candidate), name, decision):
        return refusal(409, "already_given", "You have decided already. Another person has to look at it now.")
    record = _verification(desk, visitor, candidate, decision, reason)
    try:
        await words.audit(desk, name, candidate.id)
        await _publish(desk, candidate, record)
    except BaseException:
        await desk.read_model.release(claim_of(candidate), name)
        raise
    return answer({"verification_id": record["verification_id"], "decision": decision}, 202)


def _closed(desk: Desk, candidate: Subject) -> web.Response | None:
    """Return why nobody can decide on it here and now, or None."""
    if desk.config.signing_key is None:
        return refusal(503, "no_signing_key", "This console has no key to sign with. Tell your administrator.")
    state = state_of(candidate, desk.clock.now())
    if state != PENDING:
        return refusal(409, "decided", f"It is already {state.lower()}; your decision was not taken.")
    if not people_needed(candidate):
        return refusal(409, "needs_nobody", "It is confirmed without anybody; your decision was not taken.")
    return None


async def _hasty(desk: Desk, visitor: SignedIn, candidate: Subject, decision: str, reason: str) -> web.Response | None:
    """Return what a decision about a person still lacks."""
    if candidate.parts["candidate"]["kind"] == "PLATE":
        return None
    if decision == "MATCH" and not reason:
        return refusal(400, "no_reason", "Say what made you see the same person: another person relies on it.")
    if not await desk.sessions.were_served(visitor.token, pictures_to_see(candidate)):
        return refusal(409, "not_seen", "Look at both pictures first; your decision was not taken.")
    return None


async def _publish(desk: Desk, candidate: Subject, record: dict[str, Any]) -> None:
    # Audit first: a decision that nobody can account for must not count. Trying again is safe: the id is the same.
    await desk.audit(
        "verification.given",
        record["reviewer"],
        candidate.id,
        details={"decision": record["decision"], "verification_id": record["verification_id"]},
        authorisation_id=candidate.parts["candidate"]["authorisation_id"],
    )
    await desk.publisher.publish("verifications", candidate.id, record)


def _verification(desk: Desk, visitor: SignedIn, candidate: Subject, decision: str, reason: str) -> dict[str, Any]:
    about = candidate.parts["candidate"]
    shown = {
        "score": about["score"],
        "threshold": about["threshold"],
        "probe_quality": about.get("probe_quality"),
        "picture": picture_of(candidate) or None,  # a better shot may take its place: the decision is about this one
    }
    record: dict[str, Any] = {
        "verification_id": stable_id("verification", candidate.id, visitor.person.name),
        "candidate_id": candidate.id,
        "reviewer": visitor.person.name,
        "role": role_for(visitor.person, "candidate.verify"),
        "decision": decision,
        "decided_at": desk.clock.now(),
        "reason": reason,
        "blind": True,
        "shown": {name: str(value) for name, value in shown.items() if value is not None},
    }
    return {**record, "deed": signed(desk, visitor, "Verification", record, act="verify", role=record["role"])}


async def _views(desk: Desk, visitor: SignedIn, candidates: list[Subject]) -> list[dict[str, Any]]:
    now = desk.clock.now()
    claims = await desk.read_model.claims([claim_of(item) for item in candidates], visitor.person.name)
    return [candidate_view(item, visitor.person, desk.people, now, claims.get(claim_of(item))) for item in candidates]


async def _known(desk: Desk, request: web.Request) -> Subject:
    candidate = await desk.read_model.get("candidate", request.match_info["id"])
    if candidate is None:
        raise web.HTTPNotFound
    return candidate


async def _decision(request: web.Request) -> tuple[str, str, Asked]:
    body = await sent_object(request, "an object with decision and, if you like, reason", "decision")
    decision, reason = body["decision"], body.get("reason", "")
    if decision not in DECISIONS:
        raise RejectedError("invalid_field", f"decision is one of {', '.join(DECISIONS)}", "decision")
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        raise RejectedError("invalid_field", f"reason is a text of at most {MAX_REASON} characters", "reason")
    return decision, reason.strip(), asked("reason", reason, body)
