"""What may be searched for here and now: watchlist entries by the authorisation they rest on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fairwatch.domain.ports import Reference
from fairwatch.domain.records import Authorisation, MatchKind, MatchMode, Sighting, WatchlistEntry
from fairwatch.matching.admission import Admission
from fairwatch.matching.list_part import WHOLE, ListPart
from fairwatch.matching.place import Place
from fairwatch.matching.scopes import Scopes
from fairwatch.policy.authorisation import covers, entry_in_force, entry_standing, in_force, standing, within

REMEMBERED = 4096  # places whose authorisations are remembered


@dataclass(slots=True)
class Changes:
    """Entries that came, changed or went since the last look, and whether authorisations or sites did."""

    put: list[WatchlistEntry] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    wide: bool = False


class Mandate:
    """Watchlist entries that may match at all, and which of them may at a place and a moment.

    Call `refresh` before the questions of a batch. An entry of state ACTIVE is listed; whether its authorisation is in
    force is asked each time. What is not in this process's part of the lists is not listed here.
    """

    def __init__(
        self,
        entries: Reference,
        authorisations: Reference,
        sites: Reference,
        mode: MatchMode,
        part: ListPart = WHOLE,
    ) -> None:
        self.mode: MatchMode = mode
        self._part = part
        self._entries = entries
        self._authorisations = authorisations
        self._sites = sites
        self._versions = (-1, -1, -1)
        self._known: dict[str, WatchlistEntry] = {}
        self._scopes: dict[MatchKind, Scopes] = {}
        self._covering: dict[tuple[MatchKind, Place], tuple[str, ...]] = {}

    def refresh(self) -> Changes | None:
        """Take up what changed in the reference topics; None when nothing did."""
        versions = (self._entries.version, self._authorisations.version, self._sites.version)
        if versions == self._versions:
            return None
        wide = versions[1:] != self._versions[1:]
        before, self._versions = self._versions[0], versions
        self._covering.clear()
        changes = self._listed(before)
        changes.wide = wide
        for entry_id in changes.removed:
            self._drop(entry_id)
        for entry in changes.put:
            self._take(entry)
        return changes

    def _listed(self, version: int) -> Changes:
        """Return how the list differs from what is known of it."""
        changed = self._entries.changed_since(version)
        keys = None if changed is None else dict.fromkeys(changed)
        rows = self._entries.items() if keys is None else ((key, self._entries.get(key)) for key in keys)
        current = {key: entry for key, entry in rows if entry is not None and self._lists(key, entry)}
        known = self._known if keys is None else [key for key in keys if key in self._known]
        changes = Changes(removed=[key for key in known if key not in current])
        changes.put = [entry for key, entry in current.items() if self._differs(key, entry)]
        return changes

    def lists(self, kind: MatchKind) -> bool:
        """Return whether anything of this kind is listed, in force or not."""
        return bool(self._scopes.get(kind))

    def entry(self, entry_id: str) -> WatchlistEntry | None:
        """Return a listed entry."""
        return self._known.get(entry_id)

    def rests_on(self, entry: WatchlistEntry) -> Authorisation | None:
        """Return the authorisation that an entry rests on, in force or not."""
        found: Authorisation | None = self._authorisations.get(entry.get("authorisation_id") or "")
        return found

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
        return None if refusal or not self._is_authentic(entry_id) else (entry, authorisation)

    def admits(self, kind: MatchKind, place: Place, *, at: int, now: int) -> bool:
        """Return whether any entry of a kind may be compared at this place and moment."""
        under = self.in_force(kind, place, at=at, now=now)
        return kind in self._scopes and self._scopes[kind].any(under, place, at=at, now=now)

    def admission(self, kind: MatchKind, place: Place, *, at: int, now: int) -> Admission:
        """Return which entries of a kind may be compared at this place and moment."""
        under = self.in_force(kind, place, at=at, now=now)
        return self._scopes[kind].admission(under, place, at=at, now=now) if kind in self._scopes else Admission()

    def in_force(self, kind: MatchKind, place: Place, *, at: int, now: int) -> Iterator[str]:
        """Give the authorisations under which entries of a kind may be compared at this place and moment."""
        for authorisation_id in self._covering_here(kind, place):
            authorisation: Authorisation | None = self._authorisations.get(authorisation_id)
            if authorisation is None or standing(authorisation):
                continue
            if not within(authorisation["valid_from"], authorisation["valid_until"], at=at, now=now):
                yield authorisation_id

    def enrollable(self, now: int, entries: Iterable[WatchlistEntry] | None = None) -> Iterator[WatchlistEntry]:
        """Give the faces of which a template may exist: under an authorisation that is granted and not over.

        Args:
            now: Wall clock, microseconds UTC.
            entries: Those asked about; all by default.
        """
        worth: dict[str, bool] = {}
        for entry in self._known.values() if entries is None else entries:
            if entry["kind"] != "FACE" or entry["entry_id"] not in self._known:
                continue
            authorisation_id = entry.get("authorisation_id") or ""
            if authorisation_id not in worth:
                worth[authorisation_id] = self._allows_faces(authorisation_id, now)
            if worth[authorisation_id] and now < entry["valid_until"] and self._is_authentic(entry["entry_id"]):
                yield entry

    def _is_authentic(self, entry_id: str) -> bool:
        """Tell whether an entry still stands when it is asked for by itself: that is when signatures are checked."""
        current: WatchlistEntry | None = self._entries.get(entry_id)
        return current is not None and entry_standing(current) is None

    def _allows_faces(self, authorisation_id: str, now: int) -> bool:
        authorisation: Authorisation | None = self._authorisations.get(authorisation_id)
        if authorisation is None or standing(authorisation):
            return False
        return "FACE" in authorisation["kinds"] and now < authorisation["valid_until"]

    def _covering_here(self, kind: MatchKind, place: Place) -> tuple[str, ...]:
        found = self._covering.get((kind, place))
        if found is None:
            if len(self._covering) >= REMEMBERED:
                self._covering.clear()
            found = tuple(a for a in self._scopes.get(kind, ()) if self._reaches(a, kind, place))
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

    def _lists(self, key: str, entry: WatchlistEntry) -> bool:
        return self._part.holds(key) and _stands(key, entry)

    def _differs(self, key: str, entry: WatchlistEntry) -> bool:
        known = self._known.get(key)
        return known is not entry and known != entry  # the first spares comparing what nobody touched

    def _take(self, entry: WatchlistEntry) -> None:
        known = self._known.get(entry["entry_id"])
        if known is not None and known["kind"] != entry["kind"]:
            self._drop(entry["entry_id"])
        self._known[entry["entry_id"]] = entry
        self._scopes.setdefault(entry["kind"], Scopes()).put(entry)

    def _drop(self, entry_id: str) -> None:
        entry = self._known.pop(entry_id, None)
        if entry is not None:
            self._scopes[entry["kind"]].remove(entry_id)


def _stands(key: str, entry: WatchlistEntry) -> bool:
    """Tell whether an entry may be listed: a record under another's key speaks for nobody."""
    return entry["entry_id"] == key and entry_standing(entry) is None
