"""What about a match may leave the hub: only what enough different people have confirmed."""

from collections.abc import Iterable, Mapping
from typing import Any

from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import MatchKind
from fairwatch.policy.authorisation import person
from fairwatch.policy.two_person import FACE_MINIMUM, required_people

SCENES = frozenset({"SCENE", "VEHICLE", "THUMBNAIL"})  # no picture made to show who somebody is
WRITTEN = frozenset(map(str, range(10)))


def verdict_id(candidate_id: str, outcome: str) -> str:
    """Return the id of the verdict of this outcome on a candidate: there is one of each."""
    return stable_id("verdict", candidate_id, outcome)


def confirmed_by(verdict: Mapping[str, Any]) -> list[str]:
    """Return the different people who said MATCH, in the order of their decisions."""
    decisions = verdict.get("verifications", ())
    return list(dict.fromkeys(given["reviewer"] for given in decisions if given["decision"] == "MATCH"))


def verdict_may_leave(verdict: Mapping[str, Any]) -> bool:
    """Tell whether a verdict may raise an alert: CONFIRMED, by as many people as its kind and authorisation demand."""
    candidate = verdict["candidate"]
    needed = required_people(candidate["kind"], candidate.get("required_verifications", FACE_MINIMUM))
    authorised = bool(candidate["authorisation_id"])
    return authorised and verdict["outcome"] == "CONFIRMED" and _different(confirmed_by(verdict)) >= needed


def is_about_a_match(alert: Mapping[str, Any]) -> bool:
    """Tell whether an alert speaks of somebody or something that is looked for."""
    return _is_of_face(alert) or any(alert.get(name) for name in ("candidate_id", "entry_id", "authorisation_id"))


def alert_may_leave(alert: Mapping[str, Any]) -> bool:
    """Tell whether an alert may be delivered: others always (safety fails open), matches only when verified.

    The alert says itself how many people it needed (parameters `kind` and `required_verifications`); where it does
    not say, it is held to the rule for faces.
    """
    if not is_about_a_match(alert):
        return True
    parameters = alert.get("parameters", {})
    kind: MatchKind = "PLATE" if parameters.get("kind") == "PLATE" and not _is_of_face(alert) else "FACE"
    written = parameters.get("required_verifications", "")
    required = int(written) if written in WRITTEN else FACE_MINIMUM
    complete = bool(alert.get("authorisation_id")) and bool(alert.get("candidate_id"))
    return complete and _different(alert.get("verified_by", ())) >= required_people(kind, required)


def pictures_that_may_leave(alert: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the pictures of an alert that may go to a receiver: scenes, and none at all of a match."""
    if is_about_a_match(alert):
        return []
    return [picture for picture in alert.get("media") or () if picture.get("role") in SCENES]


def _is_of_face(alert: Mapping[str, Any]) -> bool:
    return "face" in alert["event_type"].split(".") or alert.get("parameters", {}).get("kind") == "FACE"


def _different(people: Iterable[str]) -> int:
    return len({person(name) for name in people} - {""})
