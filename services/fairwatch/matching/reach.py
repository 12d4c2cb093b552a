"""What rows are at most to a probe: the bound that proves that a row is too far away, worked out for as few as can be.

For a row x and a probe q the bound is on x·q - |x|²/2. The product of coded numbers is there for every row; what has to
be added for what the codes lose differs little from row to row. So most rows are left out by one comparison with the
most that it can be, and only the others get a bound of their own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.codes import Floats

EXCLUDED = np.float32(-np.inf)
STEPS = 255  # in which a remainder is kept: one byte, rounded up
ALIKE = 1e-5  # of a square: templates of length 1 differ by less

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]


class Margins:
    """What is added to the products of a shard's rows: |r||q'| - |x|²/2. One byte a row where all have one length.

    Args:
        remainder: float32 [n]: |r|.
        half_square: float32 [n]: |x|²/2.
    """

    def __init__(self, remainder: Floats, half_square: Floats) -> None:
        most = float(remainder.max())
        self._step = most / STEPS or 1.0
        self._steps = np.minimum(np.ceil(remainder / np.float64(self._step)), STEPS).astype(np.uint8)
        self._least_square = float(half_square.min())
        alike = float(half_square.max()) - self._least_square <= ALIKE * self._least_square
        self._half_square = None if alike else half_square
        self._most = most

    def most(self, length: float) -> float:
        """Return what is added to a row's product at most, for a probe of this length."""
        return self._most * length - self._least_square

    def of(self, length: float, places: Places | slice) -> Floats:
        """Return what is added to the products of these rows, float32."""
        added: Floats = self._steps[places].astype(np.float32)
        added *= np.float32(self._step * length)
        added -= np.float32(self._least_square) if self._half_square is None else self._half_square[places]
        return added


@dataclass(frozen=True, slots=True)
class Known:
    """Bounds that are there: float32 [m,n], -inf for rows that may not be compared."""

    known: Floats

    def places(self, number: int, needed: float) -> Places:
        """Return the rows whose bound for a probe reaches a number."""
        return np.flatnonzero(self.known[number] >= below(needed))

    def bounds(self, number: int) -> Floats:
        """Return the bounds of all rows for a probe, float32 [n]."""
        row: Floats = self.known[number]
        return row


@dataclass(frozen=True, slots=True)
class Coded:
    """Products of coded numbers, with what makes bounds of them.

    Attributes:
        products: float32 [m,n].
        margins: Of the rows.
        lengths: |q'| of the probes, [m].
        slack: What is added to each row for rounding, and for the grid that the probe was put on, [m].
        mask: Which rows may be compared.
    """

    products: Floats
    margins: Margins
    lengths: NDArray[np.float64]
    slack: NDArray[np.float64]
    mask: Mask

    def places(self, number: int, needed: float) -> Places:
        """Return the rows that may be compared and whose bound for a probe reaches a number."""
        products, length, slack = self.products[number], float(self.lengths[number]), float(self.slack[number])
        near = np.flatnonzero(products >= below(needed - slack - self.margins.most(length)))
        near = near[self.mask[near]]
        bounds = products[near] + self.margins.of(length, near) + np.float32(slack)
        left: Places = near[bounds >= below(needed)]
        return left

    def bounds(self, number: int) -> Floats:
        """Return the bounds of all rows for a probe, float32 [n]; -inf for rows that may not be compared."""
        bounds = self.margins.of(float(self.lengths[number]), slice(None))
        bounds += self.products[number]
        bounds += np.float32(self.slack[number])
        np.copyto(bounds, EXCLUDED, where=~self.mask)
        return bounds


Reach = Known | Coded


def below(needed: float) -> np.float32:
    """Return a number in single precision that is not above the one given."""
    lower: np.float32 = np.nextafter(np.float32(needed), np.float32(-np.inf))
    return lower
