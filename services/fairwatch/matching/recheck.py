"""Whether what was found may still be acted upon: entry and authorisation are asked again, as they stand now."""

from collections.abc import Mapping
from typing import Any, cast

from fairwatch.domain.ports import Reference
from fairwatch.domain.records import Authorisation, MatchCandidate, MatchKind, MatchMode, WatchlistEntry
from fairwatch.matching.plate_text import normalise
from fairwatch.policy.authorisation import Refusal, entry_in_force, in_force
from fairwatch.policy.two_person import required_people

OVER = frozenset({"ENDED", "CANCELLED"})  # states of an alert that everybody may hear of who heard of its beginning


class Recheck:
    """What people are authorised to look for, as it stands now.

    Args:
        references: `authorisations`, `watchlist-entries` and `sites`.
    """

    def __init__(self, references: Mapping[str, Reference]) -> None:
        self._authorisations = references["authorisations"]
        self._entries = references["watchlist-entries"]
        self._sites = references["sites"]

    @property
    def version(self) -> tuple[int, int, int]:
        """Change with every change of what is asked here."""
        return self._authorisations.version, self._entries.version, self._sites.version

    def authorisation(self, authorisation_id: str | None) -> Authorisation | None:
        """Return an authorisation; None where there is none, or one under a key that is not its id."""
        found = self._authorisations.get(authorisation_id or "")
        named = found is not None and found["authorisation_id"] == authorisation_id
        return cast("Authorisation", found) if named else None

    def entry(self, entry_id: str | None) -> WatchlistEntry | None:
        """Return an entry; None where there is none, or one under a key that is not its id."""
        found = self._entries.get(entry_id or "")
        return cast("WatchlistEntry", found) if found is not None and found["entry_id"] == entry_id else None

    def required(self, candidate: MatchCandidate) -> int:
        """Return how many people must confirm: the most that was demanded then, or is now."""
        authorisation = self.authorisation(candidate["authorisation_id"])
        entry = self.entry(candidate["entry_id"])
        kinds: set[MatchKind] = {candidate["kind"], *((entry["kind"],) if entry else ())}
        wanted = max(
            candidate.get("required_verifications", 2),
            authorisation.get("required_verifications", 2) if authorisation else 0,
        )
        return max(required_people(kind, wanted) for kind in kinds)

    def ends_at(self, candidate: MatchCandidate) -> int:
        """Return when the first of entry and authorisation ends, microseconds UTC; 0 where one is not here."""
        authorisation = self.authorisation(candidate["authorisation_id"])
        entry = self.entry(candidate["entry_id"])
        return min(authorisation["valid_until"], entry["valid_until"]) if authorisation and entry else 0

    def of_candidate(self, candidate: MatchCandidate, now: int) -> Refusal | None:
        """Return why a candidate may not be confirmed now, or None; `now` in microseconds UTC."""
        entry = self.entry(candidate["entry_id"])
        refusal = self._refusal(
            entry,
            authorisation_id=candidate["authorisation_id"],
            kind=candidate["kind"],
            mode=candidate.get("mode", "REALTIME"),
            device_id=candidate["device_id"],
            site_id=candidate.get("site_id"),
            at=candidate["occurred_at"],
            now=now,
        )
        return refusal or (_replaced(candidate, entry) if entry else None)

    def of_alert(self, alert: Mapping[str, Any], now: int) -> Refusal | None:
        """Return why an alert about a match may not be told now, or None; that one is over may always be told."""
        if alert.get("state") in OVER:
            return None
        authorisation = self.authorisation(alert.get("authorisation_id"))
        modes: list[MatchMode] = (authorisation.get("modes") if authorisation else None) or ["REALTIME"]
        entry = self.entry(alert.get("entry_id"))
        written = alert.get("parameters", {}).get("kind")
        kind: MatchKind = written if written in {"FACE", "PLATE"} else entry["kind"] if entry else "UNKNOWN"
        refusals = [
            self._refusal(
                entry,
                authorisation_id=alert.get("authorisation_id") or "",
                kind=kind,
                mode=modes[0],
                device_id=device_id,
                site_id=alert.get("site_id"),
                at=alert["updated_at"],
                now=now,
            )
            for device_id in alert.get("device_ids") or [""]
        ]
        return None if None in refusals else refusals[0]

    def _refusal(
        self,
        entry: WatchlistEntry | None,
        *,
        authorisation_id: str,
        kind: MatchKind,
        mode: MatchMode,
        device_id: str,
        site_id: str | None,
        at: int,
        now: int,
    ) -> Refusal | None:
        authorisation = self.authorisation(authorisation_id)
        if authorisation is None:
            return "no_authorisation"
        if entry is None:
            return "no_entry"
        site = self._sites.get(site_id) if site_id else None
        areas = frozenset(site.get("areas", [])) if site else frozenset[str]()
        return (
            in_force(
                authorisation, at=at, now=now, device_id=device_id, site_id=site_id, areas=areas, kind=kind, mode=mode
            )
            or entry_in_force(entry, at=at, now=now, device_id=device_id, areas=areas)
            or ("moved" if entry.get("authorisation_id") != authorisation_id else None)
            or ("wrong_kind" if entry["kind"] != kind else None)
        )


def _replaced(candidate: MatchCandidate, entry: WatchlistEntry) -> Refusal | None:
    """Return a refusal where the entry is about something else now than when it was found."""
    reference = candidate.get("reference")
    if candidate["kind"] == "FACE" and reference is not None:
        known = {one for media in entry.get("references", []) for one in (media.get("sha256"), media["uri"]) if one}
        return None if {reference.get("sha256"), reference["uri"]} & known else "replaced"
    listed = candidate.get("plate_listed")
    if candidate["kind"] == "PLATE" and listed:
        return None if normalise(listed) == normalise(entry.get("plate") or "") else "replaced"
    return None
