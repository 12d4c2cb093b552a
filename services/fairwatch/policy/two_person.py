"""The two-person rule: what the decisions of several reviewers on one candidate come to.

The ruling is a function of the set of decisions, not of the order in which they arrive:

* of one person only the latest decision counts (of two at the same moment the more cautious), so one person twice
  never confirms, and UNSURE takes an earlier MATCH back;
* one NO_MATCH rejects; enough MATCH by different people confirm, until the candidate expires: after that nothing does;
* a revoked authorisation overrules everything that was not ruled before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fairwatch.domain.records import MatchKind, Outcome, Verification
from fairwatch.policy.authorisation import Refusal, person

FACE_MINIMUM = 2

Objection = Literal[
    "no_reviewer",
    "own_case",  # the reviewer asked for the authorisation or created the entry
    "too_late",  # decided after the candidate had expired
]

_CAUTION = {"MATCH": 0, "UNSURE": 1, "NO_MATCH": 2}


@dataclass(frozen=True, slots=True)
class Case:
    """What the rule has to know of a candidate.

    Attributes:
        required: People who must say MATCH, see `required_people`.
        expires_at: Microseconds UTC.
        involved: People who may not decide: the authorisation's requester and the entry's creator.
    """

    required: int
    expires_at: int
    involved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What it comes to: the outcome, when it was reached, why, and the decisions that counted."""

    outcome: Outcome
    at: int
    reason: str
    counted: tuple[Verification, ...] = ()


def required_people(kind: MatchKind, wanted: int) -> int:
    """Return how many people must confirm: for anything but a plate at least two, whatever is written.

    >>> required_people("FACE", 0), required_people("PLATE", 0)
    (2, 0)
    """
    return max(0, wanted) if kind == "PLATE" else max(FACE_MINIMUM, wanted)


def objection(case: Case, verification: Verification) -> Objection | None:
    """Return why a decision does not count at all, or None."""
    reviewer = person(verification["reviewer"])
    if not reviewer:
        return "no_reviewer"
    if reviewer in {person(name) for name in case.involved}:
        return "own_case"
    return "too_late" if verification["decided_at"] >= case.expires_at else None


def latest(verifications: Iterable[Verification]) -> dict[str, Verification]:
    """Return the decision that counts of each person."""
    counting: dict[str, Verification] = {}
    for verification in verifications:
        reviewer = person(verification["reviewer"])
        if reviewer not in counting or _weight(counting[reviewer]) < _weight(verification):
            counting[reviewer] = verification
    return counting


def rule(
    case: Case, verifications: Iterable[Verification], *, opened_at: int, now: int, refusal: Refusal | None = None
) -> Ruling:
    """Return the ruling.

    Args:
        case: The candidate.
        verifications: All decisions so far, in any order.
        opened_at: When the candidate was made; the time of a ruling that needs nobody.
        now: The wall clock, microseconds UTC.
        refusal: Why the authorisation or the entry is no longer in force; None when it is.
    """
    votes = sorted(
        latest(v for v in verifications if objection(case, v) is None).values(),
        key=lambda v: (v["decided_at"], person(v["reviewer"])),
    )
    if refusal:
        return Ruling("EXPIRED" if refusal == "expired" else "REVOKED", now, f"authorisation or entry: {refusal}")
    against = tuple(v for v in votes if v["decision"] == "NO_MATCH")
    if against:
        return Ruling("REJECTED", against[0]["decided_at"], "a reviewer saw no match", against)
    votes_for = tuple(v for v in votes if v["decision"] == "MATCH")
    if now >= case.expires_at:  # before anything is confirmed: what comes again after years confirms nothing
        return Ruling("EXPIRED", case.expires_at, "not decided in time", tuple(votes))
    if len(votes_for) >= case.required:
        at = max((v["decided_at"] for v in votes_for), default=opened_at)
        return Ruling("CONFIRMED", at, f"{len(votes_for)} of {case.required} required people saw a match", votes_for)
    return Ruling("PENDING", now, f"{len(votes_for)} of {case.required} required people saw a match", tuple(votes))


def _weight(verification: Verification) -> tuple[int, int]:
    return verification["decided_at"], _CAUTION.get(verification["decision"], _CAUTION["UNSURE"])
