"""From what rows are at most to what they are: the hits of one probe, and who comes next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.codes import AT_ONCE, Floats
from fairwatch.matching.gallery_rows import EXCLUDED, Rows
from fairwatch.matching.shard import ROUNDING

BESIDE = 64  # rows among which the runner-up is sought first


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


@dataclass(frozen=True, slots=True)
class Found:
    """Rows, and what x·q - |x|²/2 is at most for each; -inf for rows that may not be compared."""

    rows: Rows
    bounds: Floats


def hits(parts: Sequence[Found], probe: Floats, distance: float) -> list[FaceHit]:
    """Return the entries nearer than `distance`, the nearest first."""
    exact_probe = probe.astype(np.float64)
    square = float(exact_probe @ exact_probe)
    needed = (square - distance * distance) / 2  # |x-q|² = |q|² - 2 (x·q - |x|²/2)
    floor = np.nextafter(np.float32(needed), np.float32(-np.inf))
    near: dict[str, tuple[float, str]] = {}
    for part in parts:
        for place in np.flatnonzero(part.bounds >= floor).tolist():
            exact = measured(part.rows, place, exact_probe)
            if exact < distance:
                entry_id, picture = part.rows.entries[place], part.rows.pictures[place]
                near[entry_id] = min(near.get(entry_id, (exact, picture)), (exact, picture))
    return ranked(near, _beyond(parts, exact_probe, square, near) if near else None)


def measured(rows: Rows, place: int, probe: NDArray[np.float64]) -> float:
    """Return the L2 distance of a row, in double precision."""
    return float(np.linalg.norm(rows.values[place].astype(np.float64) - probe))


def _beyond(
    parts: Sequence[Found], probe: NDArray[np.float64], square: float, near: dict[str, tuple[float, str]]
) -> float | None:
    """Return the distance of the nearest entry that is not near enough; None when there is none.

    The rows that look nearest give a first answer; only rows that may be nearer than it are measured too.
    """
    best = np.inf
    for part in parts:
        some = min(BESIDE, len(part.bounds))
        order = np.argpartition(part.bounds, len(part.bounds) - some)[len(part.bounds) - some :]
        best = _nearest(part, order, probe, near, best)
    for part in parts:
        floor = np.float32((square - best * best) / 2) if best < np.inf else EXCLUDED
        best = _nearest(part, np.flatnonzero(part.bounds >= floor), probe, near, best)
    return None if best == np.inf else best


def _nearest(
    part: Found, places: NDArray[np.intp], probe: NDArray[np.float64], near: dict[str, tuple[float, str]], best: float
) -> float:
    """Return the least distance of these rows, or `best` where that is less."""
    places = places[part.bounds[places] > EXCLUDED]
    for start in range(0, len(places), AT_ONCE):
        some = places[start : start + AT_ONCE]
        apart = np.linalg.norm(part.rows.values[some] - probe.astype(np.float32), axis=1)
        for which in np.argsort(apart).tolist():
            if apart[which] > best * (1 + ROUNDING) + ROUNDING:
                break
            if part.rows.entries[some[which]] not in near:
                best = min(best, measured(part.rows, int(some[which]), probe))
    return best


def ranked(near: dict[str, tuple[float, str]], beyond: float | None) -> list[FaceHit]:
    """Return hits, nearest first, each with the distance of the next; `beyond` follows the last."""
    order = sorted((distance, entry_id, picture) for entry_id, (distance, picture) in near.items())
    following = [*(distance for distance, _, _ in order[1:]), beyond]
    return [FaceHit(e, picture, d, following[rank]) for rank, (d, e, picture) in enumerate(order)]
