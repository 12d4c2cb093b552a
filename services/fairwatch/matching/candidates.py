"""Writes a candidate down with everything that is needed to explain it."""

from dataclasses import dataclass, fields
from typing import Any, cast

from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import (
    AuditRecord,
    Authorisation,
    MatchCandidate,
    MatchMode,
    MediaRef,
    Sighting,
    WatchlistEntry,
)
from fairwatch.matching.admission import Admission
from fairwatch.matching.better_shots import Asked
from fairwatch.matching.list_part import WHOLE, ListPart
from fairwatch.matching.probe import Probe, pick
from fairwatch.policy.two_person import required_people


@dataclass(frozen=True, slots=True)
class Finding:
    """How an entry was found; the fields are those of MatchCandidate."""

    score: float
    threshold: float
    threshold_policy: str
    algorithm: str
    rank: int
    margin: float | None
    explanation: tuple[str, ...]
    template_space: str | None = None
    runtime: str = ""
    expected_fpir: float | None = None
    probe_quality: float | None = None
    picture: str | None = None  # key of the nearest enrolment picture
    plate_read: str | None = None
    plate_listed: str | None = None
    plate_hypothesis: int = 1


def candidate(
    sighting: Sighting,
    entry: WatchlistEntry,
    authorisation: Authorisation,
    finding: Finding,
    *,
    probe: Probe | None,
    gallery: Admission,
    mode: MatchMode,
    now: int,
    review_us: int,
    asked: Asked | None = None,
    part: ListPart = WHOLE,
) -> MatchCandidate:
    """Return the candidate; the same sighting, entry and template space give the same id.

    With `asked` it is a better shot of a candidate that people were asked about: its id, no fewer people, no more time.
    """
    observation_id = sighting["observation"]["observation_id"]
    space = finding.template_space or finding.algorithm
    required = required_people(entry["kind"], authorisation.get("required_verifications", 2))
    expires_at = min(now + review_us, entry["valid_until"], authorisation["valid_until"])
    made: dict[str, Any] = {
        "candidate_id": asked.candidate_id
        if asked
        else stable_id("candidate", observation_id, entry["entry_id"], space),
        "entry_id": entry["entry_id"],
        "entry_title": entry.get("title", ""),
        "authorisation_id": authorisation["authorisation_id"],
        "kind": entry["kind"],
        "mode": mode,
        **_seen(sighting),
        "matched_at": now,
        **_found(finding, part),
        "gallery_version": gallery.version,
        "gallery_size": gallery.size,
        "probe": probe.media if probe else None,
        "probe_box": probe.box if probe else None,
        "reference": _reference(entry, finding),
        "priority": entry.get("priority", 2),
        "required_verifications": max(required, asked.required) if asked else required,
        "expires_at": min(expires_at, asked.expires_at) if asked else expires_at,
    }
    return cast("MatchCandidate", made)


def _seen(sighting: Sighting) -> dict[str, Any]:
    """Return what a candidate says of where and when something was seen."""
    observation = sighting["observation"]
    return {
        "sighting_id": sighting["sighting_id"],
        "observation_id": observation["observation_id"],
        "device_id": observation["device_id"],
        "device_name": sighting.get("device_name"),
        "site_id": sighting.get("site_id"),
        "site_name": sighting.get("site_name"),
        "zones": sighting.get("zones", []),
        "occurred_at": sighting["occurred_at"],
        "received_at": observation["received_at"],
        "scene": pick(observation.get("media", []), ("SCENE",)),
        "exercise": sighting.get("exercise", False),
    }


def _found(finding: Finding, part: ListPart) -> dict[str, Any]:
    """Return what a candidate says of how its entry was found."""
    said = {field.name: getattr(finding, field.name) for field in fields(finding) if field.name != "picture"}
    within = [f"rank and margin are those within part {part.number} of {part.of} of the list"] if part.of > 1 else []
    return {**said, "explanation": [*finding.explanation, *within]}


def _reference(entry: WatchlistEntry, finding: Finding) -> MediaRef | None:
    """Return the enrolment picture that is nearest, or else the first."""
    references = entry.get("references", [])
    nearest = next((one for one in references if finding.picture in {one.get("sha256"), one["uri"]}), None)
    return nearest or (references[0] if references else None)


def created(made: MatchCandidate) -> AuditRecord:
    """Return the audit record of a candidate: what was searched, with which input, under which authorisation."""
    return _told(made, "candidate.created", made["candidate_id"])


def improved(made: MatchCandidate) -> AuditRecord:
    """Return the audit record of a better shot of a candidate."""
    return _told(made, "candidate.improved", made["candidate_id"], made["observation_id"])


def _told(made: MatchCandidate, action: str, *named: str) -> AuditRecord:
    probe = made.get("probe")
    return {
        "audit_id": stable_id("audit", action, *named),
        "action": action,
        "actor": "processor:match",
        "at": made["matched_at"],
        "subject": made["candidate_id"],
        "authorisation_id": made["authorisation_id"],
        "details": {
            "entry_id": made["entry_id"],
            "kind": made["kind"],
            "mode": made.get("mode", "REALTIME"),
            "sighting_id": made["sighting_id"],
            "device_id": made["device_id"],
            "input": (probe.get("sha256") or "external picture") if probe else "no picture",
            "score": f"{made['score']:.4f}",
            "threshold": f"{made['threshold']:.4f}",
            "threshold_policy": made["threshold_policy"],
            "algorithm": made["algorithm"],
            "gallery_version": made["gallery_version"],
            "gallery_size": str(made["gallery_size"]),
        },
    }
