"""What a rule can ask of a sighting or a verdict, and what the alert it raises says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fairwatch.domain.calendar import is_plausible, local_time, zone
from fairwatch.domain.errors import RejectedError
from fairwatch.policy.causes import PHYSICAL, Kind, cause_of_observation
from fairwatch.policy.release import confirmed_by

SHARED_FIELDS = frozenset({"event_type", "kind", "device_id", "site_id", "zones"})
GROUP_FIELDS = SHARED_FIELDS | {"entry_id", "candidate_id", "authorisation_id", "object_id", "trigger"}
TITLE_FIELDS = SHARED_FIELDS | {"device_name", "site_name", "entry_title", "plate_read", "plate_listed"}
CLAIMS = frozenset({"face.match", "vehicle.match"})  # a device says that it recognised somebody; nobody has checked
UNSHOWN = frozenset({"FACE", "PLATE"})  # pictures that identify stay out of alerts that are not about a match
MEDIA_LIMIT = 10
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Subject:
    """A sighting or a verdict, seen the same way.

    Attributes:
        record: What it is.
        trigger: Its id.
        local: When it happened, in the site's time.
        cause_id, cause_kind: What it is about, so that its end and its repetitions are recognised.
        started_at: When that began, by what its device says; in microseconds.
        begins, ends: Whether it raises an alert, or ends what one like it raised.
        goes_on: It says that something is as it was.
        cancels: The verdict that raised an alert was revoked.
        facts: Texts for CAP parameters.
        armed: Whether its site was armed.
    """

    record: Literal["sighting", "verdict"]
    trigger: str
    event_type: str
    occurred_at: int
    received_at: int
    local: datetime
    device_id: str
    device_name: str
    site_id: str | None
    site_name: str | None
    zones: tuple[str, ...]
    cause_id: str
    cause_kind: Kind
    started_at: int
    begins: bool = True
    ends: bool = False
    cancels: bool = False
    goes_on: bool = False
    kind: str = ""
    object_class: str = "UNKNOWN"
    object_id: str = ""
    confidence: float | None = None
    device_known: bool = True
    entry_id: str | None = None
    entry_title: str = ""
    candidate_id: str | None = None
    authorisation_id: str | None = None
    priority: int | None = None
    plate_read: str = ""
    plate_listed: str = ""
    verified_by: tuple[str, ...] = ()
    geo: Any = None
    media: tuple[Any, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    exercise: bool = False
    armed: bool = True

    @property
    def certainty(self) -> str:
        """CAP certainty: Observed is two people or a physical sensor, Likely one person, Possible analytics alone."""
        if len(self.verified_by) > 1 or (self.record == "sighting" and self.event_type.startswith(PHYSICAL)):
            return "OBSERVED"
        return "LIKELY" if self.verified_by else "POSSIBLE"

    def text(self, name: str) -> str:
        """Return a field as text; several values are joined by a comma."""
        value = getattr(self, name)
        return ",".join(value) if isinstance(value, tuple) else str(value or "")


def is_biometric(sighting: Mapping[str, Any]) -> bool:
    """Tell whether a sighting is of a face or claims an identity: it may feed matching, never an alert of its own."""
    seen = sighting["observation"]
    named = seen["event_type"].startswith("face.") or seen["event_type"] in CLAIMS
    return bool(named or seen.get("object_class") == "FACE")


def of_sighting(sighting: Mapping[str, Any]) -> Subject:
    """See a sighting as a subject. What it says of faces, plates and claimed identities is left out.

    Raises:
        RejectedError: invalid_field: it happened at no plausible time.
    """
    seen = sighting["observation"]
    active, lifecycle = seen.get("active"), seen.get("lifecycle", "MOMENTARY")
    ends = lifecycle == "END" or active is False
    confidence = seen.get("confidence")
    cause_id, kind = cause_of_observation(seen)
    return Subject(
        record="sighting",
        trigger=sighting["sighting_id"],
        event_type=seen["event_type"],
        occurred_at=sighting["occurred_at"],
        received_at=seen["received_at"],
        local=_local(sighting["occurred_at"], sighting.get("time_zone")),
        device_id=seen["device_id"],
        device_name=sighting.get("device_name") or seen["device_id"],
        site_id=sighting.get("site_id"),
        site_name=sighting.get("site_name"),
        zones=tuple(sighting.get("zones", ())),
        cause_id=cause_id,
        cause_kind=kind,
        started_at=_started(sighting),
        begins=not ends and (lifecycle != "SYNC" or active is True),
        ends=ends,
        goes_on=not ends and lifecycle in ("UPDATE", "SYNC"),
        object_class=seen.get("object_class", "UNKNOWN"),
        object_id=seen.get("object_id") or "",
        confidence=confidence["value"] if confidence else None,
        device_known=sighting.get("device_known", False),
        geo=sighting.get("geo"),
        media=tuple(media for media in seen.get("media", ()) if media.get("role") not in ("FACE", "PLATE"))[
            :MEDIA_LIMIT
        ],
        facts=_facts(object_class=seen.get("object_class", "UNKNOWN"), source_rule=seen["source"].get("rule")),
        exercise=sighting.get("exercise", False),
    )


def of_verdict(verdict: Mapping[str, Any], time_zone: str | None) -> Subject:
    """See a verdict as a subject; `time_zone` is its site's.

    Raises:
        RejectedError: invalid_field: it happened at no plausible time.
    """
    found = verdict["candidate"]
    return Subject(
        record="verdict",
        trigger=verdict["verdict_id"],
        event_type=f"watchlist.{found['kind'].lower()}",
        occurred_at=found["occurred_at"],
        received_at=found["received_at"],
        local=_local(found["occurred_at"], time_zone),
        device_id=found["device_id"],
        device_name=found.get("device_name") or found["device_id"],
        site_id=found.get("site_id"),
        site_name=found.get("site_name"),
        zones=tuple(found.get("zones", ())),
        cause_id=found["candidate_id"],
        cause_kind="MOMENT",
        started_at=found["occurred_at"],
        begins=verdict["outcome"] == "CONFIRMED",
        ends=verdict["outcome"] == "REVOKED",
        cancels=verdict["outcome"] == "REVOKED",
        kind=found["kind"],
        confidence=found["score"],
        entry_id=found["entry_id"],
        entry_title=found.get("entry_title", ""),
        candidate_id=found["candidate_id"],
        authorisation_id=found["authorisation_id"],
        priority=found.get("priority", 2),
        plate_read=found.get("plate_read") or "",
        plate_listed=found.get("plate_listed") or "",
        verified_by=tuple(confirmed_by(verdict)),
        media=tuple(media for name in ("probe", "scene", "reference") if (media := found.get(name))),
        facts=_facts_of_candidate(found),
        exercise=found.get("exercise", False),
    )


def _facts_of_candidate(found: Mapping[str, Any]) -> Any:
    """Return what an alert tells beside its title: how likely the match is, and what was read."""
    return _facts(
        kind=found["kind"],
        required_verifications=found.get("required_verifications", 2),
        score=f"{found['score']:.4f}",
        threshold=f"{found['threshold']:.4f}",
        plate_read=found.get("plate_read"),
        plate_listed=found.get("plate_listed"),
        entry_title=found.get("entry_title"),
    )


def _started(sighting: Mapping[str, Any]) -> int:
    """Return when the object of a sighting appeared, by the corrected clock of its device; else when it was seen."""
    seen, at = sighting["observation"], int(sighting["occurred_at"])
    appeared, written = seen.get("appeared_at"), seen.get("device_time")
    if not appeared or not written:
        return at
    return at - max(0, int(written["utc"]) - int(appeared["utc"]))


def _facts(**values: object) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value not in (None, "", "UNKNOWN")}


def _local(at: int, time_zone: str | None) -> datetime:
    if not is_plausible(at):
        raise RejectedError("invalid_field", f"{at} is no plausible time", "occurred_at")
    return local_time(at, zone(time_zone) or UTC)
