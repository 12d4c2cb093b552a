"""Finds listed plates that a reading may be, at a cost that does not grow with the list."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fairwatch.domain.records import PlateReading, WatchlistEntry
from fairwatch.matching.plate_likelihood import Comparison, Reading, compare
from fairwatch.matching.plate_text import normalise, skeleton

ALGORITHM = "fairwatch-plates/1"
SHORTEST = 3  # fewer characters are no plate


@dataclass(frozen=True, slots=True)
class PlateHit:
    """One listed plate that a reading may be."""

    entry_id: str
    listed: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class _Listed:
    plate: str
    country: str | None
    edits: int


def reading(plate: PlateReading) -> Reading | None:
    """Return a plate of an observation as it is compared, or None when there is nothing to compare.

    Confidences per character count where there is one for each character that is left after normalising; else the
    confidence of the whole plate stands for each of them.
    """
    text = normalise(plate["text"])
    if len(text) < SHORTEST or plate.get("state", "READ") in {"NONE", "UNREADABLE", "COVERED"}:
        return None
    return Reading(text, _confidences(plate, text), plate.get("country"))


class PlateIndex:
    """Listed plates by skeleton; those that tolerate an edit also by each skeleton with one character left out."""

    def __init__(self) -> None:
        self._listed: dict[str, _Listed] = {}
        self._whole: dict[str, set[str]] = {}
        self._shortened: dict[str, set[str]] = {}

    def __len__(self) -> int:
        """Return the number of plates."""
        return len(self._listed)

    def put(self, entry: WatchlistEntry) -> bool:
        """List the plate of an entry, in place of an earlier one; False when it has none that could be compared."""
        self.remove(entry["entry_id"])
        plate = normalise(entry.get("plate") or "")
        if len(plate) < SHORTEST:
            return False
        listed = _Listed(plate, entry.get("plate_country"), min(1, entry.get("plate_edits", 0)))
        self._listed[entry["entry_id"]] = listed
        for index, key in self._keys(listed):
            index.setdefault(key, set()).add(entry["entry_id"])
        return True

    def remove(self, entry_id: str) -> None:
        """Forget the plate of an entry."""
        listed = self._listed.pop(entry_id, None)
        for index, key in self._keys(listed) if listed else ():
            index[key].discard(entry_id)
            if not index[key]:
                del index[key]

    def search(self, read: Reading, admit: Callable[[str], bool], threshold: float) -> list[PlateHit]:
        """Return the plates at least as likely as `threshold`, the likeliest first.

        Args:
            read: What was read.
            admit: Says of an entry id whether it may be compared at all; asked before anything is compared.
            threshold: Likelihood in [0,1].
        """
        hits = []
        for entry_id in self._candidates(read.text):
            if not admit(entry_id):
                continue
            listed = self._listed[entry_id]
            found = compare(read, listed.plate, country=listed.country, edits=listed.edits)
            if found and found.likelihood >= threshold:
                hits.append(PlateHit(entry_id, listed.plate, found))
        return sorted(hits, key=lambda hit: (-hit.comparison.likelihood, hit.entry_id))

    def _candidates(self, text: str) -> set[str]:
        key = skeleton(text)
        found = self._whole.get(key, set()) | self._shortened.get(key, set())
        for shorter in _shortened(key):
            found |= self._shortened.get(shorter, set())  # one character wrong
            found |= self._whole.get(shorter, set())  # one too many in the reading
        return found

    def _keys(self, listed: _Listed) -> Iterator[tuple[dict[str, set[str]], str]]:
        key = skeleton(listed.plate)
        yield self._whole, key
        if listed.edits:
            yield from ((self._shortened, shorter) for shorter in _shortened(key))


def _shortened(key: str) -> set[str]:
    return {key[:i] + key[i + 1 :] for i in range(len(key))}


def _confidences(plate: PlateReading, text: str) -> tuple[float | None, ...]:
    values = [c["value"] for c in plate.get("characters", []) if normalise(c["char"])]
    if len(values) == len(text):
        return tuple(min(1.0, max(0.0, value)) for value in values)
    whole = plate.get("confidence")
    known = whole is not None and whole.get("scale", "VENDOR") != "SIMILARITY" and 0 <= whole["value"] <= 1
    return (whole["value"] if whole and known else None,) * len(text)
