"""Many listed plates in sorted arrays of hashes: eighty bytes an entry, and no cost that grows with the list."""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.plate_hashes import Keys, hashes, shortened_hashes
from fairwatch.matching.plate_text import normalise, skeleton

SHORTEST = 3  # fewer characters are no plate


def listed_plate(entry: WatchlistEntry) -> str:
    """Return the plate of an entry as it is compared; empty when it has none that could be."""
    plate = normalise(entry.get("plate") or "")
    return plate if len(plate) >= SHORTEST else ""


def tolerated(entry: WatchlistEntry) -> int:
    """Return how many characters may be wrong, missing or too much: 0 or 1."""
    return min(1, entry.get("plate_edits", 0))


def shortened(key: str) -> set[str]:
    """Return a skeleton with each of its characters left out in turn."""
    return {key[:i] + key[i + 1 :] for i in range(len(key))}


class PlateRows:
    """Listed plates by skeleton; those that tolerate an edit also by each skeleton with one character left out.

    Args:
        entries: Each with a plate that can be compared.

    Attributes:
        alive: Which rows are still listed.
        ids: Hashes of the entries' ids, by row.
        whole, short: Sorted hashes of skeletons, whole ones and shortened ones, and the row of each.
    """

    def __init__(self, entries: Sequence[WatchlistEntry]) -> None:
        self._entries = list(entries)
        self.alive = np.ones(len(self._entries), bool)
        self.ids = np.array([hash(entry["entry_id"]) for entry in self._entries], np.int64)
        keys = [skeleton(listed_plate(entry)) for entry in self._entries]
        tolerant = np.array([row for row, entry in enumerate(self._entries) if tolerated(entry)], np.uint32)
        self.whole = _sorted(hashes(keys), np.arange(len(keys), dtype=np.uint32))
        short, owners = shortened_hashes([keys[row] for row in tolerant])
        self.short = _sorted(short, tolerant[owners])

    def __len__(self) -> int:
        """Return the number of plates."""
        return int(self.alive.sum())

    @classmethod
    def merged(cls, parts: Sequence[Self]) -> Self:
        """Return the living plates of several, without looking at their texts again."""
        made = cls([])
        made._entries = [entry for part in parts for entry in part]
        made.ids = np.concatenate([part.ids[part.alive] for part in parts])
        made.alive = np.ones(len(made._entries), bool)
        starts = np.cumsum([0, *map(len, parts[:-1])])
        made.whole = _joined([_living(part.whole, part.alive, at) for part, at in zip(parts, starts, strict=True)])
        made.short = _joined([_living(part.short, part.alive, at) for part, at in zip(parts, starts, strict=True)])
        return made

    def __iter__(self) -> Iterator[WatchlistEntry]:
        """Give the entries that are still listed."""
        return (entry for entry, alive in zip(self._entries, self.alive.tolist(), strict=True) if alive)

    def remove(self, entry_ids: Sequence[str]) -> None:
        """Forget the plates of entries."""
        hashes = np.array([hash(entry_id) for entry_id in entry_ids], np.int64)
        found = np.flatnonzero(self.ids == hashes[0] if len(hashes) == 1 else np.isin(self.ids, hashes))
        wanted = set(entry_ids)
        for row in found.tolist():
            if self._entries[row]["entry_id"] in wanted:
                self.alive[row] = False

    def find(self, keys: Keys) -> Iterator[tuple[int, WatchlistEntry]]:
        """Give the place of a key and an entry that may have it, for each there is; more than once perhaps.

        Args:
            keys: Hashes of skeletons that were read and of each with a character left out (`hashes`).
        """
        order = np.argsort(keys)
        keys = keys[order]  # neighbours are looked up one after the other: the processor has them in its cache
        for sorted_keys, rows in (self.whole, self.short):
            if not len(sorted_keys):
                continue
            places = np.searchsorted(sorted_keys, keys)
            places[places == len(sorted_keys)] = 0
            for number in np.flatnonzero(sorted_keys[places] == keys).tolist():
                place, key = int(places[number]), keys[number]
                while place < len(sorted_keys) and sorted_keys[place] == key:
                    if self.alive[rows[place]]:
                        yield int(order[number]), self._entries[rows[place]]
                    place += 1


def _sorted(keys: Keys, rows: Keys) -> tuple[Keys, Keys]:
    both = np.sort((keys.astype(np.uint64) << np.uint64(32)) | rows)  # many times faster than the order of the keys
    return (both >> np.uint64(32)).astype(np.uint32), both.astype(np.uint32)


def _living(index: tuple[Keys, Keys], alive: NDArray[np.bool_], start: int) -> tuple[Keys, Keys]:
    keys, rows = index
    kept = alive[rows] if len(rows) else np.zeros(0, bool)
    moved = (np.cumsum(alive) - 1 + start).astype(np.uint32)
    return keys[kept], moved[rows[kept]] if len(rows) else rows


def _joined(parts: Sequence[tuple[Keys, Keys]]) -> tuple[Keys, Keys]:
    return _sorted(np.concatenate([keys for keys, _ in parts]), np.concatenate([rows for _, rows in parts]))
