"""Templates in rows, with whose they are, and which of them may be compared."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.admission import Admission
from fairwatch.matching.codes import Floats
from fairwatch.matching.reach import EXCLUDED, Known, Mask, Reach
from fairwatch.matching.readied import Readied
from fairwatch.matching.shard import ROUNDING, Shard

REMEMBERED = 16  # admissions whose rows are remembered


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows as they were at a moment.

    Attributes:
        values: float32 [n,d].
        groups: int32 [n]: numbers of the authorisations that their entries rest on.
    """

    values: Floats
    entries: list[str]
    pictures: list[str]
    groups: NDArray[np.int32]


class Rows:
    """Templates that are searched together.

    Args:
        piece: What it begins with.
        threads: Make a shard of it, which is multiplied by so many; then no row can be added. None for no shard.
    """

    def __init__(self, piece: Piece, *, threads: int | None = None) -> None:
        self.entries, self.pictures = list(piece.entries), list(piece.pictures)
        self._values, self._groups = piece.values, piece.groups
        self._alive = np.ones(len(self.entries), bool)
        if threads and len(piece.groups):
            self._groups = _narrowed(piece.groups)
            self._alive = np.broadcast_to(np.True_, len(self.entries))  # until one is gone
        self._hashes = np.fromiter(map(_mark, self.entries), np.uint16, len(self.entries))
        self._masks: OrderedDict[str, Mask] = OrderedDict()
        self._shard = Shard(piece.values, threads) if threads and len(piece.values) else None

    def __len__(self) -> int:
        """Return the number of rows, those that are gone included."""
        return len(self.entries)

    @property
    def living(self) -> int:
        """Rows that are not gone."""
        return int(self._alive[: len(self)].sum())

    @property
    def values(self) -> Floats:
        """The templates, float32 [n,d]."""
        return self._values[: len(self)]

    def add(self, entry_id: str, picture: str, group: int, values: Floats) -> None:
        """Put a row behind the others."""
        place = len(self)
        if place == len(self._values):
            self._grow()
        self._values[place], self._groups[place] = values, group
        self._alive[place], self._hashes[place] = True, _mark(entry_id)
        self.entries.append(entry_id)
        self.pictures.append(picture)
        self._masks.clear()

    def extend(self, piece: Piece) -> None:
        """Put rows behind the others."""
        place, more = len(self), len(piece.entries)
        if place + more > len(self._values):
            self._grow(more)
        there = slice(place, place + more)
        self._values[there], self._groups[there], self._alive[there] = piece.values, piece.groups, True
        self._hashes[there] = np.fromiter(map(_mark, piece.entries), np.uint16, more)
        self.entries += piece.entries
        self.pictures += piece.pictures
        self._masks.clear()

    def _grow(self, least: int = 16) -> None:
        more = max(least, len(self))
        self._values = np.pad(self._values, ((0, more), (0, 0)))
        self._groups, self._alive, self._hashes = (
            np.pad(each, (0, more)) for each in (self._groups, self._alive, self._hashes)
        )

    def remove(self, entry_id: str, picture: str) -> bool:
        """Take the row of a picture away, and its numbers with it; return whether there was one."""
        of_entry = np.flatnonzero(self._hashes[: len(self)] == _mark(entry_id))
        for place in of_entry[self._alive[of_entry]]:
            if self.entries[place] == entry_id and self.pictures[place] == picture:
                self.forget(np.array([place]))
                return True
        return False

    def forget(self, places: NDArray[np.intp]) -> None:
        """Take rows away."""
        if not len(places):
            return
        if not self._alive.flags.writeable:
            self._alive = self._alive.copy()
        self._alive[places] = False
        self._values[places] = 0
        self._masks.clear()

    def living_places(self) -> NDArray[np.intp]:
        """Return the places of the rows that are not gone."""
        return np.flatnonzero(self._alive[: len(self)])

    def gone(self, places: NDArray[np.intp]) -> Mask:
        """Tell which of these rows are gone by now."""
        return ~self._alive[places]

    def piece(self, places: NDArray[np.intp]) -> Piece:
        """Return a copy of these rows."""
        entries, pictures = [self.entries[place] for place in places], [self.pictures[place] for place in places]
        return Piece(self._values[places].copy(), entries, pictures, self._groups[places].astype(np.int32))

    def admitted(self, admission: Admission, groups: Mask) -> Mask:
        """Return which rows may be compared.

        Args:
            admission: Which entries.
            groups: Whether its authorisations are those of the admission, by their numbers.
        """
        mask = self._masks.get(admission.version)
        if mask is None:
            mask = groups[self._groups[: len(self)]]
            if self._alive.flags.writeable:
                mask &= self._alive[: len(self)]
            if admission.without:
                mask[self._places_of(admission.without)] = False
            if mask.all():
                mask = self._alive[: len(self)]  # the same, without a byte a row for each admission
            self._masks[admission.version] = mask
            if len(self._masks) > REMEMBERED:
                self._masks.popitem(last=False)
        return mask

    def _places_of(self, entries: frozenset[str]) -> list[int]:
        hashes = np.fromiter(map(_mark, entries), np.uint16, len(entries))
        places = np.flatnonzero(np.isin(self._hashes[: len(self)], hashes))
        return [int(place) for place in places if self.entries[place] in entries]

    def reach(self, probes: Readied, mask: Mask) -> Reach:
        """Return what x·q - |x|²/2 is at most for each probe and each row of the mask."""
        if self._shard is not None:
            return self._shard.reach(probes, mask)
        places = np.flatnonzero(mask)
        some = self.values[places]
        bounds = np.full((len(probes.values), len(self)), EXCLUDED, np.float32)
        if len(places):
            squares = np.einsum("nd,nd->n", some, some)
            longest = np.sqrt(squares.max())
            slack = ROUNDING * (probes.lengths * longest + longest**2)
            bounds[:, places] = probes.values @ some.T - squares / 2 + slack[:, None]
        return Known(bounds)


def _narrowed(groups: NDArray[np.int32]) -> NDArray[Any]:
    """Return the same numbers in as few bytes as they need: none for each row where they are all alike."""
    least, most = int(groups.min()), int(groups.max())
    narrow = groups.astype(np.min_scalar_type(most))
    return narrow if least < most else np.broadcast_to(narrow[0], len(groups))


def joined(pieces: Sequence[Piece]) -> Piece:
    """Return all rows, one piece after the other."""
    return Piece(
        np.concatenate([piece.values for piece in pieces]),
        [entry_id for piece in pieces for entry_id in piece.entries],
        [picture for piece in pieces for picture in piece.pictures],
        np.concatenate([piece.groups for piece in pieces]),
    )


def empty(dimensions: int) -> Piece:
    """Return no rows."""
    return Piece(np.zeros((0, dimensions), np.float32), [], [], np.zeros(0, np.int32))


def _mark(entry_id: str) -> int:
    """Return 16 bits by which the rows of an entry are found; the few others that share them are told by the id."""
    return hash(entry_id) & 0xFFFF
