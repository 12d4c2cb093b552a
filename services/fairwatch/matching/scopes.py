"""What a search covers: which listed entries, named by a hash that follows each change at no cost."""

import hashlib
from collections.abc import Iterable, Iterator

from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.admission import Admission
from fairwatch.matching.moments import Moments
from fairwatch.matching.place import Place
from fairwatch.policy.authorisation import entry_covers

MODULUS = 1 << 256  # hashes of entries are added up: the order in which they came does not matter
DIGITS = 32  # of the sum that name what was searched
REMEMBERED = 4096  # places whose exceptions are remembered
UNKNOWN = (0.0, 0.0, 0.0, 0.0)


class Scope:
    """The entries under one authorisation, and which of them their own time or place leaves out.

    A question about a moment near the last one costs as much as there are entries that began or ended in between.
    """

    def __init__(self) -> None:
        self._entries: dict[str, WatchlistEntry] = {}
        self._marks: dict[str, int] = {}
        self._begins, self._ends = Moments(), Moments()
        self._narrow: dict[str, WatchlistEntry] = {}
        self._elsewhere: dict[Place, frozenset[str]] = {}
        self._first = self._last = 0  # the moment that `_out` is of: everything between the two counts
        self._calm = UNKNOWN  # between which moments it may go, from each to before the next, and nothing changes
        self._out: set[str] = set()
        self._suspended: set[str] = set()
        self.total = 0

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    def put(self, entry: WatchlistEntry) -> None:
        """Take up an entry."""
        entry_id = entry["entry_id"]
        self.remove(entry_id)
        self._entries[entry_id] = entry
        self._marks[entry_id] = mark(entry)
        self.total = (self.total + self._marks[entry_id]) % MODULUS
        self._begins.put(entry["valid_from"], entry_id)
        self._ends.put(entry["valid_until"], entry_id)
        self._calm = UNKNOWN
        if entry.get("device_ids") or entry.get("areas"):
            self._narrow[entry_id] = entry
            self._elsewhere.clear()
        self._look(entry_id)

    def suspend(self, entry_id: str) -> None:
        """Leave an entry out until it is put again."""
        if entry_id in self._entries:
            self._suspended.add(entry_id)

    def remove(self, entry_id: str) -> None:
        """Forget an entry."""
        entry = self._entries.pop(entry_id, None)
        if entry is None:
            return
        self.total = (self.total - self._marks.pop(entry_id)) % MODULUS
        self._begins.drop(entry["valid_from"], entry_id)
        self._ends.drop(entry["valid_until"], entry_id)
        if self._narrow.pop(entry_id, None):
            self._elsewhere.clear()
        self._out.discard(entry_id)
        self._suspended.discard(entry_id)

    def without(self, place: Place, *, at: int, now: int) -> frozenset[str]:
        """Return the entries that may not be compared here and now."""
        self._move(min(at, now), max(at, now))
        return self._left_out(place) | self._out | self._suspended

    def worth(self, entry_ids: Iterable[str]) -> int:
        """Return the sum of the hashes of entries."""
        return sum(self._marks[entry_id] for entry_id in entry_ids)

    def _left_out(self, place: Place) -> frozenset[str]:
        if not self._narrow:
            return frozenset()
        found = self._elsewhere.get(place)
        if found is None:
            if len(self._elsewhere) >= REMEMBERED:
                self._elsewhere.clear()
            found = self._elsewhere[place] = frozenset(
                entry_id
                for entry_id, entry in self._narrow.items()
                if entry_covers(entry, device_id=place.device_id, areas=place.areas)
            )
        return found

    def _move(self, first: int, last: int) -> None:
        """Go to another moment: only entries that begin or end on the way can come in or fall out."""
        began, begins, ended, ends = self._calm
        if began <= first < begins and ended <= last < ends:
            self._first, self._last = first, last
            return
        crossed = [*self._begins.between(self._first, first), *self._ends.between(self._last, last)]
        self._first, self._last = first, last
        self._calm = *self._begins.around(first), *self._ends.around(last)
        for entry_id in crossed:
            self._look(entry_id)

    def _look(self, entry_id: str) -> None:
        entry = self._entries[entry_id]
        if entry["valid_from"] <= self._first and self._last < entry["valid_until"]:
            self._out.discard(entry_id)
        else:
            self._out.add(entry_id)


class Scopes:
    """The scopes of all authorisations, of one kind of comparison."""

    def __init__(self) -> None:
        self._scopes: dict[str, Scope] = {}
        self._under: dict[str, str] = {}

    def put(self, entry: WatchlistEntry) -> None:
        """Take up an entry, or what has changed of it."""
        entry_id, authorisation_id = entry["entry_id"], entry.get("authorisation_id") or ""
        if self._under.get(entry_id, authorisation_id) != authorisation_id:
            self.remove(entry_id)
        self._under[entry_id] = authorisation_id
        if authorisation_id not in self._scopes:
            self._scopes[authorisation_id] = Scope()
        self._scopes[authorisation_id].put(entry)

    def remove(self, entry_id: str) -> None:
        """Forget an entry."""
        authorisation_id = self._under.pop(entry_id, None)
        if authorisation_id is not None:
            self._scopes[authorisation_id].remove(entry_id)
            if not len(self._scopes[authorisation_id]):
                del self._scopes[authorisation_id]

    def suspend(self, entry_id: str) -> None:
        """Leave an entry out until it is put again."""
        authorisation_id = self._under.get(entry_id)
        if authorisation_id is not None:
            self._scopes[authorisation_id].suspend(entry_id)

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._under)

    def __iter__(self) -> Iterator[str]:
        """Give the authorisations that something is listed under."""
        return iter(self._scopes)

    def any(self, authorisations: Iterable[str], place: Place, *, at: int, now: int) -> bool:
        """Return whether anything may be compared under authorisations in force here and now."""
        scopes = (self._scopes[name] for name in authorisations if name in self._scopes)
        return any(len(scope) > len(scope.without(place, at=at, now=now)) for scope in scopes)

    def admission(self, authorisations: Iterable[str], place: Place, *, at: int, now: int) -> Admission:
        """Return what may be compared under authorisations that are in force at this place and moment."""
        under = [(name, self._scopes[name]) for name in authorisations if name in self._scopes]
        total, size, without = 0, 0, set[str]()
        for _, scope in under:
            out = scope.without(place, at=at, now=now)
            total += scope.total - (scope.worth(out) if out else 0)
            size += len(scope) - len(out)
            without |= out
        names = frozenset(name for name, _ in under)
        return Admission(names, frozenset(without), f"{total % MODULUS:064x}"[:DIGITS], size)


def mark(entry: WatchlistEntry) -> int:
    """Return the hash of what is compared of an entry."""
    line = f"{entry['entry_id']}\x1f{entry.get('updated_at')}\x1f{entry.get('plate')}"
    return int.from_bytes(hashlib.sha256(line.encode()).digest())
