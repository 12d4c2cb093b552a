"""The templates of listed faces, in memory only, and the exact search among those that may be compared.

Rows that came lately are compared one by one; the rest lies in shards, each searched by one product of coded numbers
that leaves the few rows which may be near enough. These are measured in double precision, so nothing is missed.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from fairwatch.matching.admission import Admission
from fairwatch.matching.codes import Floats
from fairwatch.matching.faces import Template
from fairwatch.matching.gallery_hits import FaceHit, Found, hits, listed
from fairwatch.matching.gallery_rows import Piece, Rows, empty
from fairwatch.matching.reach import Mask, Reach
from fairwatch.matching.readied import Readied
from fairwatch.matching.settling import TOGETHER, Settling

SHARD = 131_072  # most rows of a shard: what one thread multiplies in a millisecond
FRESH = 4096  # rows that are compared one by one before they become part of a shard
PROBES = 32  # multiplied at a time: the products with a shard are 17 MB, in memory that the next ones get again
FEW = 8  # probes whose products with all rows are kept, four bytes each

Parts = Sequence[tuple[Rows, Mask]]
Done = TypeVar("Done")

__all__ = ["FaceHit", "Gallery"]


@dataclass(frozen=True, slots=True)
class Listed:
    """The template of a listed face, of the gallery's own space: float32 [dimensions]."""

    entry_id: str
    picture: str
    authorisation_id: str
    values: Floats


class Gallery:
    """Templates of one space. The search is exact: it finds what comparing every row would find.

    Args:
        space: Of the templates.
        dimensions: Length of a template.
        fresh: Rows compared one by one before a shard is made of them.
        shard: Rows of a shard.
    """

    def __init__(self, space: str, dimensions: int, *, fresh: int = FRESH, shard: int = SHARD) -> None:
        self.space = space
        self._dimensions = dimensions
        self._most_fresh, self._shard = fresh, shard
        self._fresh = Rows(empty(dimensions))
        self._settled: list[Rows] = []
        self._groups: dict[str, int] = {}
        self._pool = ThreadPoolExecutor(TOGETHER, thread_name_prefix="gallery")

    def __len__(self) -> int:
        """Return the number of templates."""
        return sum(rows.living for rows in self._parts)

    @property
    def _parts(self) -> list[Rows]:
        return [*self._settled, self._fresh]

    def enrolled(self, admission: Admission) -> bool:
        """Return whether one of the admitted entries has a template."""
        groups = self._admitted_groups(admission)
        return any(rows.admitted(admission, groups).any() for rows in self._parts)

    def put(self, entry_id: str, picture: str, template: Template, authorisation_id: str = "") -> None:
        """Enrol a template; it is found from now on. ValueError when it is of another space."""
        if template.space != self.space or template.values.shape != (self._dimensions,):
            raise ValueError(f"template of space {template.space} put into a gallery of {self.space}")
        self.remove(entry_id, picture)
        group = self._groups.setdefault(authorisation_id, len(self._groups))
        self._fresh.add(entry_id, picture, group, template.values)

    def put_all(self, listed: Sequence[Listed]) -> None:
        """Enrol many templates, of pictures that have none so far: nothing is looked for that they might replace."""
        if not listed:
            return
        values = np.stack([each.values for each in listed])
        if values.shape[1] != self._dimensions:
            raise ValueError(f"templates of {values.shape[1]} numbers put into a gallery of {self._dimensions}")
        groups = [self._groups.setdefault(each.authorisation_id, len(self._groups)) for each in listed]
        entries, pictures = [each.entry_id for each in listed], [each.picture for each in listed]
        self._fresh.extend(Piece(values, entries, pictures, np.array(groups, np.int32)))

    def remove(self, entry_id: str, picture: str) -> None:
        """Forget a template."""
        any(rows.remove(entry_id, picture) for rows in self._parts)

    def pieces(self) -> list[Piece]:
        """Return a copy of all templates, with whose they are."""
        return [rows.piece(rows.living_places()) for rows in self._parts]

    def settling(self) -> Settling | None:
        """Return the work that makes shards of the rows that came lately, to be done in a thread; None for none.

        Give it to `settled` when it is done. Searches, puts and removals go on meanwhile.
        """
        wasted = [rows for rows in self._settled if rows.living < len(rows)]  # a shard remembers what was removed
        if len(self._fresh) <= self._most_fresh and not wasted:
            return None
        short = [rows for rows in self._settled if len(rows) < self._shard and rows not in wasted]
        alone = len(wasted) + len(short) == len(self._settled)
        return Settling([*wasted, *short, self._fresh], self._shard, alone=alone)

    def settled(self, done: Settling) -> None:
        """Search the new shards from now on, in the place of the rows they were made of."""
        self._settled = [rows for rows in self._settled if rows not in done.sources] + done.outcome()
        self._fresh = Rows(done.left(self._fresh))

    def search(self, probe: Template, admission: Admission, distance: float) -> list[FaceHit]:
        """Return the admitted entries nearer than `distance`, the nearest first, each with its nearest picture.

        Entries that are not admitted are not compared. ValueError when the probe is of another space.
        """
        return self.search_all([probe], admission, distance)[0]

    def search_all(self, probes: Sequence[Template], admission: Admission, distance: float) -> list[list[FaceHit]]:
        """Do the same for several probes at once, which costs less than one after the other."""
        for probe in probes:
            if probe.space != self.space:
                raise ValueError(f"probe of space {probe.space} compared with a gallery of {self.space}")
        values = np.array([probe.values for probe in probes], np.float32)
        groups = self._admitted_groups(admission)
        masks = [(rows, rows.admitted(admission, groups)) for rows in self._parts if len(rows)]
        parts = [(rows, mask) for rows, mask in masks if mask.any()]

        found: list[list[FaceHit]] = [[] for _ in values]
        near = self._listed(parts, values, distance) if len(values) > FEW else list(range(len(values)))
        for start in range(0, len(near), PROBES):
            numbers = near[start : start + PROBES]
            reach = self._reach(parts, Readied.of(values[numbers]))
            for place, number in enumerate(numbers):
                found[number] = hits([Found(rows, each, place) for rows, each in reach], values[number], distance)
        return found

    def _reach(self, parts: Parts, probes: Readied) -> list[tuple[Rows, Reach]]:
        def reached(rows: Rows, mask: Mask) -> tuple[Rows, Reach]:
            return rows, rows.reach(probes, mask)

        return self._each(parts, reached)

    def _listed(self, parts: Parts, values: Floats, distance: float) -> list[int]:
        """Return the numbers of the probes to which a row is nearer than `distance`: most have none.

        The thread that multiplied looks at the products and lets go of them: those of many probes with all rows are
        hundreds of megabytes, which the operating system would have to find anew each time.
        """
        starts = range(0, len(values), PROBES)
        some = [(start, Readied.of(values[start : start + PROBES])) for start in starts]

        def near(rows: Rows, mask: Mask) -> set[int]:
            return {
                start + place
                for start, probes in some
                for place in listed(rows, rows.reach(probes, mask), probes.values, distance)
            }

        return sorted(set[int]().union(*self._each(parts, near)))

    def _admitted_groups(self, admission: Admission) -> Mask:
        return np.array([name in admission.authorisations for name in self._groups] or [False], bool)

    def _each(self, parts: Parts, work: Callable[[Rows, Mask], Done]) -> list[Done]:
        """Do it with some parts at a time; this thread takes its share, so that one is woken and not two."""
        left = iter(parts)
        done: list[Done] = []

        def share() -> None:
            for rows, mask in left:
                done.append(work(rows, mask))

        others = [self._pool.submit(share) for _ in range(min(TOGETHER, len(parts)) - 1)]
        share()
        for other in others:
            other.result()
        return done
