"""Probes made ready once, for all parts of a gallery."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.codes import Floats, on_grid

Lengths = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Readied:
    """Some probes, and the same on the grid on which coded rows are multiplied with them.

    Attributes:
        values: float32 [m,d].
        lengths: |q| [m].
        gridded: q', float32 [m, filled].
        reach: |q'| [m].
        lost: |q-q'| [m].
    """

    values: Floats
    lengths: Lengths
    gridded: Floats
    reach: Lengths
    lost: Lengths

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Return probes [m,d] made ready."""
        gridded, lost = on_grid(values)
        return cls(values, lengths(values), gridded, lengths(gridded), lost)


def lengths(rows: Floats) -> Lengths:
    """Return the lengths of rows [m]."""
    found: Lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))
    return found
