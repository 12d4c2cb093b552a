"""Probes near and at the threshold, in galleries of every shape: the search finds what comparing everything finds.

`python -m tests.matching.test_gallery_probes 100000` searches for so many, in galleries of a few thousand rows.
"""

import sys
from dataclasses import dataclass

import numpy as np
import pytest

from fairwatch.matching.admission import Admission
from fairwatch.matching.faces import Template
from fairwatch.matching.gallery import Gallery
from fairwatch.matching.gallery_rows import Piece, Rows

SPACE, LIMIT, TOGETHER = "probes", 0.6, 50
EDGE = 1e-9  # of a distance: two ways to compute it in double precision may differ by less
SHAPES = ("random", "clustered", "few directions", "all lengths")


@dataclass
class Crowd:
    """A gallery of one shape, of which an eighth may not be compared, and the same rows for comparing one by one."""

    shape: str
    rows: int
    dimensions: int
    seed: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng([self.seed, self.dimensions, SHAPES.index(self.shape)])
        self.values = self._values()
        names = [f"e{n}" for n in range(self.rows)]
        self.without = np.arange(self.rows) % 8 == 3
        piece = Piece(self.values.copy(), names, names, np.zeros(self.rows, np.int32))
        self.gallery = Gallery(SPACE, self.dimensions, fresh=0, shard=self.rows)
        self.gallery._groups["a"] = 0
        self.gallery._settled = [Rows(piece, threads=1)]
        self.admission = Admission.under(["a"], [name for name, out in zip(names, self.without, strict=True) if out])
        self.exact = self.values.astype(np.float64)
        self.squares = (self.exact**2).sum(1)

    def _values(self) -> np.ndarray:
        drawn = self.rng.normal(size=(self.rows, self.dimensions))
        if self.shape == "clustered":  # as the faces of families, or of one bad camera
            drawn = drawn * 0.3 + self.rng.normal(size=(20, self.dimensions))[self.rng.integers(20, size=self.rows)]
        elif self.shape == "few directions":  # as models make them: most of what differs lies in few of the numbers
            drawn = drawn / np.sqrt(1 + np.arange(self.dimensions)) @ self._turn()
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        if self.shape == "all lengths":
            drawn *= self.rng.uniform(0.3, 2, (self.rows, 1))
        return drawn.astype(np.float32)

    def _turn(self) -> np.ndarray:
        return np.linalg.qr(self.rng.normal(size=(self.dimensions, self.dimensions)))[0]

    def probes(self, count: int) -> np.ndarray:
        """Return probes of which most lie about as far from a row as the threshold is."""
        away = self.rng.normal(size=(count, self.dimensions))
        away *= LIMIT / np.linalg.norm(away, axis=1, keepdims=True)
        near = 1 + self.rng.normal(size=(count, 1)) * self.rng.choice([1e-5, 1e-2, 0.3], (count, 1))
        return (self.exact[self.rng.integers(self.rows, size=count)] + away * near).astype(np.float32)

    def check(self, count: int) -> int:
        """Search for probes, fail where an answer is wrong, and return how many entries were found."""
        probes = self.probes(count)
        found = self.gallery.search_all([Template(probe, SPACE, 1.0) for probe in probes], self.admission, LIMIT)
        doubles = probes.astype(np.float64)
        apart = np.sqrt(np.maximum((doubles**2).sum(1)[:, None] + self.squares - 2 * doubles @ self.exact.T, 0))
        apart[:, self.without] = np.inf
        for hits, distances in zip(found, apart, strict=True):
            places = np.array([int(hit.entry_id[1:]) for hit in hits], np.intp)
            assert set(np.flatnonzero(distances < LIMIT - EDGE)) <= set(places.tolist()), "somebody was missed"
            assert (distances[places] < LIMIT + EDGE).all(), "somebody was found who is too far away"
        return sum(map(len, found))


def search(count: int, rows: int, dimensions: int) -> int:
    """Search for so many probes in a gallery of each shape; return how many entries were found."""
    found = 0
    for shape in SHAPES:
        crowd = Crowd(shape, rows, dimensions)
        assert crowd.gallery._settled[0]._shard.coded  # type: ignore[union-attr]  # it is made with codes
        found += sum(crowd.check(TOGETHER) for _ in range(-(-count // TOGETHER)))
    return found


@pytest.mark.parametrize("dimensions", [128, 512])
def test_no_probe_near_the_threshold_is_answered_wrongly_in_a_gallery_of_any_shape(dimensions: int) -> None:
    assert search(TOGETHER, 700, dimensions) > TOGETHER


if __name__ == "__main__":
    each = -(-int(sys.argv[1]) // (2 * len(SHAPES)))
    total = sum(search(each, 4000, dimensions) for dimensions in (128, 512))
    sys.stdout.write(f"{2 * len(SHAPES) * each:,} probes, {total:,} entries found, none missed and none too far away\n")
