"""The templates of listed faces, in memory only, and the exact search among those that may be compared."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.faces import Template

BLOCK = 16_384  # rows multiplied at once: what the cache holds
SLACK = 1e-2  # far more than single precision can be off: what it finds within is measured again in double


@dataclass(frozen=True, slots=True)
class FaceHit:
    """A listed face that is near enough.

    Attributes:
        entry_id: Watchlist entry.
        picture: Key of its nearest enrolment picture.
        distance: L2 distance.
        runner_up: L2 distance of the nearest entry that is farther away, whether near enough or not; None for none.
    """

    entry_id: str
    picture: str
    distance: float
    runner_up: float | None


class Gallery:
    """Templates of one space. The search is exact: it compares with every row that it is given."""

    def __init__(self, space: str, dimensions: int) -> None:
        self.space = space
        self._dimensions = dimensions
        self._templates: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._owners: list[tuple[str, str]] = []
        self._matrix: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """Return the number of templates."""
        return len(self._templates)

    def enrolled(self, entry_ids: Iterable[str]) -> set[str]:
        """Return those of the entries that have a template."""
        return {entry_id for entry_id, _ in self._templates} & set(entry_ids)

    def put(self, entry_id: str, picture: str, template: Template) -> None:
        """Enrol a template; ValueError when it is of another space."""
        if template.space != self.space or template.values.shape != (self._dimensions,):
            raise ValueError(f"template of space {template.space} put into a gallery of {self.space}")
        self._templates[entry_id, picture] = template.values
        self._matrix = None

    def remove(self, entry_id: str, picture: str) -> None:
        """Forget a template."""
        if self._templates.pop((entry_id, picture), None) is not None:
            self._matrix = None

    def search(self, probe: Template, admitted: Collection[str], distance: float) -> list[FaceHit]:
        """Return the admitted entries nearer than `distance`, the nearest first, each with its nearest picture.

        Entries that are not admitted are not compared. ValueError when the probe is of another space.
        """
        if probe.space != self.space:
            raise ValueError(f"probe of space {probe.space} compared with a gallery of {self.space}")
        matrix = self._rows()
        rows = np.array([n for n, (entry_id, _) in enumerate(self._owners) if entry_id in admitted], np.intp)
        if not rows.size:
            return []
        rough = _distances(matrix if rows.size == len(matrix) else matrix[rows], probe.values)
        near: dict[str, tuple[float, str]] = {}
        for row in rows[rough <= distance + SLACK]:
            entry_id, picture = self._owners[row]
            exact = float(np.linalg.norm(matrix[row].astype(np.float64) - probe.values))
            if exact < distance:
                near[entry_id] = min(near.get(entry_id, (exact, picture)), (exact, picture))
        others = rough[[self._owners[row][0] not in near for row in rows]]
        return _ranked(near, float(others.min()) if others.size else None)

    def _rows(self) -> NDArray[np.float32]:
        if self._matrix is None:
            self._owners = list(self._templates)
            stacked = np.array(list(self._templates.values()), np.float32)
            self._matrix = stacked.reshape(len(self._owners), self._dimensions)
        return self._matrix


def _distances(matrix: NDArray[np.float32], probe: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the L2 distances [n] of rows [n,d] to a probe [d], in single precision."""
    parts = [matrix[start : start + BLOCK] for start in range(0, len(matrix), BLOCK)]
    squares = [np.einsum("nd,nd->n", part, part) - 2 * (part @ probe) for part in parts]
    distances: NDArray[np.float32] = np.sqrt(np.maximum(np.concatenate(squares) + probe @ probe, 0))
    return distances


def _ranked(near: dict[str, tuple[float, str]], beyond: float | None) -> list[FaceHit]:
    """Return hits, nearest first, each with the distance of the next; `beyond` follows the last."""
    order = sorted((distance, entry_id, picture) for entry_id, (distance, picture) in near.items())
    following = [*(distance for distance, _, _ in order[1:]), beyond]
    return [FaceHit(e, picture, d, following[rank]) for rank, (d, e, picture) in enumerate(order)]
