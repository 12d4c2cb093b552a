"""What of an alert and of a candidate a person may see."""

from collections.abc import Mapping
from typing import Any

from fairwatch.console.access import may
from fairwatch.console.people import People, Person
from fairwatch.policy.two_person import required_people
from fairwatch.stores.read_model import Subject

PENDING = "PENDING"
EXPIRED = "EXPIRED"
DOERS = ("acknowledged_by", "claimed_by", "closed_by")


def alert_view(alert: Subject, people: People) -> dict[str, Any]:
    """Return an alert with its deliveries and the names of those who verified it."""
    record = alert.parts["alert"]
    deliveries = alert.starting("delivery:").values()
    named = {name: people.display(record[name]) for name in DOERS if record.get(name)}
    return {
        **record,
        **{f"{name}_name": display for name, display in named.items()},
        "deeds": [{**line, "actor_name": people.display(line["actor"])} for line in record.get("deeds", ())],
        "verified_by_names": [people.display(name) for name in record.get("verified_by", ())],
        "deliveries": sorted(deliveries, key=lambda delivery: str(delivery["receiver"])),
    }


def state_of(candidate: Subject, now: int) -> str:
    """Return what has come of a candidate: the verdict, or EXPIRED once nobody may decide any more."""
    outcome = str(candidate.parts.get("verdict", {}).get("outcome", PENDING))
    late = now >= candidate.parts["candidate"]["expires_at"]
    return EXPIRED if outcome == PENDING and late else outcome


def pictures_to_see(candidate: Subject) -> list[str]:
    """Return the hashes of the two pictures that a decision on a face is about; none when one of them is not here."""
    record = candidate.parts["candidate"]
    shown = [(record.get("probe") or record.get("scene") or {}), (record.get("reference") or {})]
    hashes = [str(media.get("uri", "")).removeprefix("fw-media:") for media in shown]
    return hashes if all(str(media.get("uri", "")).startswith("fw-media:") for media in shown) else []


def picture_of(candidate: Subject) -> str:
    """Return the address of the picture of what was seen, which a better shot may replace; empty for none."""
    record = candidate.parts["candidate"]
    return str((record.get("probe") or record.get("scene") or {}).get("uri", ""))


def claim_of(candidate: Subject) -> str:
    """Return what a person's one decision is on: a candidate as it is shown now."""
    return f"{candidate.id}|{picture_of(candidate)}"


def given_by(candidate: Subject, name: str) -> str | None:
    """Return a person's decision that stands; None for who was unsure of a picture that a better one has replaced."""
    given = candidate.parts.get(f"verification:{name}")
    if given is None:
        return None
    now = picture_of(candidate)
    unsure = given["decision"] == "UNSURE" and given.get("shown", {}).get("picture", now) != now
    return None if unsure else str(given["decision"])


def people_needed(candidate: Subject) -> int:
    """Return how many people must confirm; 0 for a plate that is confirmed without anybody."""
    record = candidate.parts["candidate"]
    return required_people(record["kind"], record.get("required_verifications", 2))


def candidate_view(
    candidate: Subject, viewer: Person, people: People, now: int, claim: str | None = None
) -> dict[str, Any]:
    """Return a candidate as this person may see it.

    Until the verdict nobody sees who decided what; who may still decide does not even see that somebody has, since
    an answer that did not end it gives itself away.

    Args:
        candidate: What the read model knows.
        viewer: Who asks.
        people: For display names.
        now: Microseconds UTC.
        claim: The viewer's own decision where it has not yet come back through its topic.
    """
    record = candidate.parts["candidate"]
    state = state_of(candidate, now)
    decisions = candidate.starting("verification:")
    own = given_by(candidate, viewer.name) or claim
    required = people_needed(candidate)
    may_decide = state == PENDING and required > 0 and own is None and may(viewer, "candidate.verify")
    given = len(decisions.keys() | ({viewer.name} if own else set()))
    verdict = candidate.parts.get("verdict", {})
    return {
        **record,
        "review": {
            "state": state,
            "required": required,
            "mine": own,
            "may_decide": may_decide,
            "given": None if may_decide else given,
            "decided_at": verdict.get("decided_at") if state != PENDING else None,
            "reason": verdict.get("reason", "") if state != PENDING else "",
            "decisions": [] if state == PENDING else _decisions(verdict, decisions, people),
        },
    }


def _decisions(
    verdict: Mapping[str, Any], decisions: Mapping[str, Mapping[str, Any]], people: People
) -> list[dict[str, Any]]:
    given = {**decisions, **{item["reviewer"]: item for item in verdict.get("verifications", ())}}
    shown = ("reviewer", "decision", "decided_at", "reason")
    return [
        {**{name: item.get(name) for name in shown}, "reviewer_name": people.display(item["reviewer"])}
        for item in sorted(given.values(), key=lambda item: int(item["decided_at"]))
    ]
