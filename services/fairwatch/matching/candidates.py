"""Writes a candidate down with everything that is needed to explain it."""

from dataclasses import dataclass

from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import AuditRecord, Authorisation, MatchCandidate, MatchMode, Sighting, WatchlistEntry
from fairwatch.matching.admission import Admission
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
) -> MatchCandidate:
    """Return the candidate; the same sighting, entry and template space give the same id."""
    observation = sighting["observation"]
    references = entry.get("references", [])
    reference = next((r for r in references if finding.picture in {r.get("sha256"), r["uri"]}), None)
    space = finding.template_space or finding.algorithm
    return {
        "candidate_id": stable_id("candidate", observation["observation_id"], entry["entry_id"], space),
        "entry_id": entry["entry_id"],
        "entry_title": entry.get("title", ""),
        "authorisation_id": authorisation["authorisation_id"],
        "kind": entry["kind"],
        "mode": mode,
        "sighting_id": sighting["sighting_id"],
        "observation_id": observation["observation_id"],
        "device_id": observation["device_id"],
        "device_name": sighting.get("device_name"),
        "site_id": sighting.get("site_id"),
        "site_name": sighting.get("site_name"),
        "zones": sighting.get("zones", []),
        "occurred_at": sighting["occurred_at"],
        "received_at": observation["received_at"],
        "matched_at": now,
        "score": finding.score,
        "threshold": finding.threshold,
        "threshold_policy": finding.threshold_policy,
        "expected_fpir": finding.expected_fpir,
        "algorithm": finding.algorithm,
        "template_space": finding.template_space,
        "runtime": finding.runtime,
        "gallery_version": gallery.version,
        "gallery_size": gallery.size,
        "rank": finding.rank,
        "margin": finding.margin,
        "probe_quality": finding.probe_quality,
        "probe": probe.media if probe else None,
        "scene": pick(observation.get("media", []), ("SCENE",)),
        "reference": reference or (references[0] if references else None),
        "probe_box": probe.box if probe else None,
        "plate_read": finding.plate_read,
        "plate_listed": finding.plate_listed,
        "explanation": list(finding.explanation),
        "priority": entry.get("priority", 2),
        "required_verifications": required_people(entry["kind"], authorisation.get("required_verifications", 2)),
        "expires_at": min(now + review_us, entry["valid_until"], authorisation["valid_until"]),
        "exercise": sighting.get("exercise", False),
    }


def created(made: MatchCandidate) -> AuditRecord:
    """Return the audit record of a candidate: what was searched, with which input, under which authorisation."""
    probe = made.get("probe")
    return {
        "audit_id": stable_id("audit", "candidate.created", made["candidate_id"]),
        "action": "candidate.created",
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
