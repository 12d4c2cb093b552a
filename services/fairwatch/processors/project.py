"""Folds what happened into the read model that the console shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, cast

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Outcome, Reject, Skip
from fairwatch.domain.ports import Facet, ReadModel, Reference
from fairwatch.domain.records import MatchCandidate
from fairwatch.parts import spec_of
from fairwatch.policy.alert_content import SEVERITIES
from fairwatch.policy.better_shot import rank
from fairwatch.policy.erasure_receipt import Erased
from fairwatch.policy.release import is_about_a_match
from fairwatch.policy.two_person import required_people
from fairwatch.wire.refused_records import is_foreign
from fairwatch.wire.trust import Trust

MILLISECOND = 1_000
STEP = 10_000_000_000_000  # milliseconds, more than any time is away from 1970: ranks are doubles, exact up to 2**53
MEDIA_SCHEME = "fw-media:"
ATTEMPTS = 10_000  # room for the attempts of one revision within the version of a delivery
CLOSED_ALERTS = ("ENDED", "CANCELLED")
STATES = ("NEW", "UPDATED", "ENDED", "CANCELLED")  # where a revision's number came twice, the graver one is shown
QUALITIES = 1_000_000  # steps of a picture's quality
VERDICT_VERSIONS = {"PENDING": 0, "REVOKED": 2}  # a decision replaces `pending`, a revocation replaces both


class Project:
    """Keeps the read model; a replay from the beginning changes nothing.

    A decision that is not authentic is shown to nobody, and keeps nobody from deciding.

    Args:
        read_model: Where the folded parts are kept.
        trust: People and keys.
        erasures: Receipts: what they name is shown no more, though a replay brings it again.
    """

    spec = spec_of("project")

    def __init__(self, read_model: ReadModel, trust: Trust, erasures: Reference | None = None) -> None:
        self._read_model = read_model
        self._trust = trust
        self._erased = Erased(erasures)

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Fold each event; what the read model already knew is skipped as `unchanged`."""
        outcomes: list[Sequence[Outcome]] = []
        for erased, group in groupby(batch, key=lambda event: event.record is None):
            events = list(group)
            outcomes.extend([await self._erase(event) for event in events] if erased else await self._fold(events))
        return outcomes

    async def _erase(self, event: Event) -> Sequence[Outcome]:
        if is_foreign(event):
            return (Skip("not_authentic"),)
        if event.topic == "incidents":
            return () if await self._read_model.forget("incident", event.key) else (Skip("unchanged"),)
        if event.topic != "candidates":  # other keys are groups: their alerts leave when newer ones push them out
            return (Skip("tombstone"),)
        return () if await self._read_model.forget("candidate", event.key) else (Skip("unchanged"),)

    async def _fold(self, events: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        erased = self._erased.subjects()
        told = [() if self._is_forged(event) else facets_of(event.type, event.record) for event in events]
        facets = [[facet for facet in parts if facet.subject not in erased] for parts in told]
        changed = iter(await self._read_model.fold([facet for parts in facets for facet in parts]))
        return [
            _nothing(event, parts) if not left else _outcome([next(changed) for _ in left])
            for event, parts, left in zip(events, told, facets, strict=True)
        ]

    def _is_forged(self, event: Event) -> bool:
        """Tell whether nobody vouches for what somebody decided or found; `verify`, `route` and `notify` tell it."""
        if event.type != "Verification":
            return is_foreign(event) and (event.type != "Alert" or is_about_a_match(event.record))
        record = event.record
        return bool(
            self._trust.refusal(
                "Verification",
                record,
                record.get("deed"),
                act="verify",
                name=record["reviewer"],
                action="candidate.verify",
            )
        )


def facets_of(record_type: str, record: Mapping[str, Any]) -> Sequence[Facet]:
    """Return the parts of the read model that a record says something about; none for a record nobody sees."""
    if record_type == "Verdict":
        about = _candidate if record["outcome"] == "PENDING" else _decided
        return (about(record["candidate"]), _verdict(record))
    if record_type == "Incident":
        return (_incident(record), *_memberships(record))
    one = FACETS.get(record_type)
    return () if one is None else (one(record),)


def _nothing(event: Event, parts: Sequence[Facet]) -> Sequence[Outcome]:
    """Say why nothing of an event is shown."""
    if parts:
        return (Skip("erased"),)
    if event.type == "Verification" or is_foreign(event):
        return (Skip("not_authentic"),)
    return (Reject("unsupported", f"a record of type {event.type} is not shown to anybody", "type"),)


def _outcome(changes: Sequence[bool]) -> Sequence[Outcome]:
    return () if any(changes) else (Skip("unchanged"),)


def _candidate(record: Mapping[str, Any]) -> Facet:
    pictures = [record.get(role) for role in ("probe", "scene", "reference")]
    return Facet(
        kind="candidate",
        subject=record["candidate_id"],
        name="candidate",
        version=1 + round(rank(cast("MatchCandidate", record)) * QUALITIES),  # a better shot replaces what was there
        at=record["received_at"],
        record=record,
        listed=True,
        open=required_people(record["kind"], record.get("required_verifications", 2)) > 0,
        rank=_urgency(record),
        media=_hashes(pictures),
    )


def _decided(record: Mapping[str, Any]) -> Facet:
    """Return a candidate as it was decided on: no shot that comes later takes its place, or opens it again."""
    shown = _candidate(record)
    return replace(shown, version=shown.version + 2 * QUALITIES, open=None, quiet=True)


def _verification(record: Mapping[str, Any]) -> Facet:
    return Facet(
        kind="candidate",
        subject=record["candidate_id"],
        name=f"verification:{record['reviewer']}",
        version=record["decided_at"],  # of one person the latest counts, as in the two-person rule
        at=record["decided_at"],
        record=record,
        quiet=True,  # that somebody decided and nothing ended would tell the next reviewer how
    )


def _verdict(record: Mapping[str, Any]) -> Facet:
    return Facet(
        kind="candidate",
        subject=record["candidate_id"],
        name="verdict",
        version=VERDICT_VERSIONS.get(record["outcome"], 1),
        at=record["decided_at"],
        record={name: value for name, value in record.items() if name != "candidate"},
        open=record["outcome"] == "PENDING",
        rank=_urgency(record["candidate"]),
    )


def _alert(record: Mapping[str, Any]) -> Facet:
    return Facet(
        kind="alert",
        subject=record["alert_id"],
        name="alert",
        version=record["revision"] * len(STATES) + STATES.index(record.get("state", "NEW")),
        at=record["received_at"],
        record=record,
        listed=True,
        rank=SEVERITIES.index(record.get("severity", "UNKNOWN")) * STEP + record["received_at"] // MILLISECOND,
        open=record.get("state", "NEW") not in CLOSED_ALERTS,
        media=_hashes(record.get("media", ())),
    )


def _incident(record: Mapping[str, Any]) -> Facet:
    return Facet(
        kind="incident",
        subject=record["incident_id"],
        name="incident",
        version=record["revision"],
        at=record.get("updated_at") or record["issued_at"],
        record=record,
        listed=record.get("state", "OPEN") != "MERGED",
        open=record.get("state", "OPEN") == "OPEN",
    )


def _memberships(record: Mapping[str, Any]) -> Iterator[Facet]:
    """Yield that alerts are or were of an incident; written once, the incident itself says which it has now."""
    for member in record["members"]:
        yield Facet(
            kind="alert",
            subject=member["alert_id"],
            name=f"incident:{record['incident_id']}",
            version=1,
            at=member["last_at"],
            record={"incident_id": record["incident_id"]},
            quiet=True,  # that the incident changed is told
        )


def _urgency(candidate: Mapping[str, Any]) -> int:
    """Return the rank of a candidate that waits: the most urgent first, of those what expires first."""
    return -(int(candidate.get("priority", 2)) * STEP + int(candidate["expires_at"]) // MILLISECOND)


def _delivery(record: Mapping[str, Any]) -> Facet:
    return Facet(
        kind="alert",
        subject=record["alert_id"],
        name=f"delivery:{record['receiver']}",
        version=record["revision"] * ATTEMPTS + min(record["attempt"], ATTEMPTS - 1),
        at=record["at"],
        record=record,
    )


def _hashes(media: Sequence[Mapping[str, Any] | None]) -> tuple[str, ...]:
    uris = [item["uri"] for item in media if item is not None]
    return tuple(uri.removeprefix(MEDIA_SCHEME) for uri in uris if uri.startswith(MEDIA_SCHEME))


FACETS: Mapping[str, Callable[[Mapping[str, Any]], Facet]] = {
    "MatchCandidate": _candidate,
    "Verification": _verification,
    "Alert": _alert,
    "Delivery": _delivery,
}
