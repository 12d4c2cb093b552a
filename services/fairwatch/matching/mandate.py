"""What may be searched for here and now: watchlist entries by the authorisation they rest on."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fairwatch.domain.ports import Reference
from fairwatch.domain.records import Authorisation, MatchKind, MatchMode, Sighting, WatchlistEntry
from fairwatch.policy.authorisation import covers, entry_in_force, entry_standing, in_force, standing

REMEMBERED = 4096  # places whose authorisations are remembered


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was seen."""

    device_id: str
    site_id: str | None
    areas: frozenset[str]


@dataclass(slots=True)
class Changes:
    """Entries that came, changed or went since the last look."""

    put: list[WatchlistEntry] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


class Mandate:
    """Watchlist entries that may match at all, and which of them may at a place and a moment.

    Call `refresh` before the questions of a batch. An entry of state ACTIVE is listed; whether its authorisation is in
    force is asked each time.
    """

    def __init__(self, entries: Reference, authorisations: Reference, sites: Reference, mode: MatchMode) -> None:
        self.mode: MatchMode = mode
        self._entries = entries
        self._authorisations = authorisations
        self._sites = sites
        self._versions = (-1, -1, -1)
        self._known: dict[str, WatchlistEntry] = {}
        self._groups: dict[tuple[MatchKind, str], dict[str, WatchlistEntry]] = {}
        self._covering: dict[tuple[MatchKind, Place], tuple[str, ...]] = {}

    def refresh(self) -> Changes | None:
        """Take up what changed in the reference topics; None when nothing did."""
        versions = (self._entries.version, self._authorisations.version, self._sites.version)
        if versions == self._versions:
            return None
        self._versions = versions
        self._covering.clear()
        current = {key: entry for key, entry in self._entries.items() if entry and entry_standing(entry) is None}
        changes = Changes(removed=[key for key in self._known if key not in current])
        changes.put = [entry for key, entry in current.items() if self._differs(key, entry)]
        for key in [*changes.removed, *(entry["entry_id"] for entry in changes.put)]:
            self._drop(key)
        for entry in changes.put:
            self._known[entry["entry_id"]] = entry
            self._groups.setdefault(_group(entry), {})[entry["entry_id"]] = entry
        return changes

    def lists(self, kind: MatchKind) -> bool:
        """Return whether anything of this kind is listed, in force or not."""
        return any(group_kind == kind for group_kind, _ in self._groups)

    def place(self, sighting: Sighting) -> Place:
        """Return where a sighting was made; areas are those of its site."""
        site_id = sighting.get("site_id")
        site = self._sites.get(site_id) if site_id else None
        return Place(sighting["observation"]["device_id"], site_id, frozenset(site.get("areas", []) if site else ()))

    def admit(self, entry_id: str, place: Place, *, at: int, now: int) -> tuple[WatchlistEntry, Authorisation] | None:
        """Return an entry and its authorisation when it may be compared at this place and moment, or None."""
        entry = self._known.get(entry_id)
        if entry is None:
            return None
        authorisation: Authorisation | None = self._authorisations.get(entry.get("authorisation_id") or "")
        if authorisation is None or in_force(
            authorisation,
            at=at,
            now=now,
            device_id=place.device_id,
            site_id=place.site_id,
            areas=place.areas,
            kind=entry["kind"],
            mode=self.mode,
        ):
            return None
        refusal = entry_in_force(entry, at=at, now=now, device_id=place.device_id, areas=place.areas)
        return None if refusal else (entry, authorisation)

    def admitted(self, kind: MatchKind, place: Place, *, at: int, now: int) -> Iterator[WatchlistEntry]:
        """Give the entries of a kind that may be compared at this place and moment."""
        for authorisation_id in self._covering_here(kind, place):
            for entry_id, entry in self._groups[kind, authorisation_id].items():
                if self.admit(entry_id, place, at=at, now=now):
                    yield entry

    def enrollable(self, now: int) -> Iterator[WatchlistEntry]:
        """Give the faces of which a template may exist: under an authorisation that is granted and not over."""
        for (kind, authorisation_id), entries in self._groups.items():
            authorisation: Authorisation | None = self._authorisations.get(authorisation_id)
            if kind != "FACE" or authorisation is None or standing(authorisation):
                continue
            if "FACE" in authorisation["kinds"] and now < authorisation["valid_until"]:
                yield from (entry for entry in entries.values() if now < entry["valid_until"])

    def _covering_here(self, kind: MatchKind, place: Place) -> tuple[str, ...]:
        found = self._covering.get((kind, place))
        if found is None:
            if len(self._covering) >= REMEMBERED:
                self._covering.clear()
            found = tuple(a for k, a in self._groups if k == kind and self._reaches(a, kind, place))
            self._covering[kind, place] = found
        return found

    def _reaches(self, authorisation_id: str, kind: MatchKind, place: Place) -> bool:
        authorisation: Authorisation | None = self._authorisations.get(authorisation_id)
        return authorisation is not None and not covers(
            authorisation,
            device_id=place.device_id,
            site_id=place.site_id,
            areas=place.areas,
            kind=kind,
            mode=self.mode,
        )

    def _differs(self, key: str, entry: WatchlistEntry) -> bool:
        known = self._known.get(key)
        return known is not entry and known != entry  # the first spares comparing what nobody touched

    def _drop(self, entry_id: str) -> None:
        entry = self._known.pop(entry_id, None)
        if entry is not None:
            group = self._groups[_group(entry)]
            del group[entry_id]
            if not group:
                del self._groups[_group(entry)]


def _group(entry: WatchlistEntry) -> tuple[MatchKind, str]:
    return entry["kind"], entry.get("authorisation_id") or ""
