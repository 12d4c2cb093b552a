"""From what rows are at most to what they are: the hits of one probe, and who comes next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.codes import AT_ONCE, Floats
from fairwatch.matching.gallery_rows import Rows
from fairwatch.matching.reach import EXCLUDED, Reach, below
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
    """Rows, and how near they may be to one of some probes."""

    rows: Rows
    reach: Reach
    number: int


def hits(parts: Sequence[Found], probe: Floats, distance: float) -> list[FaceHit]:
    """Return the entries nearer than `distance`, the nearest first."""
    exact_probe = probe.astype(np.float64)
    near: dict[str, tuple[float, str]] = {}
    for part in parts:
        for exact, place in nearer(part, exact_probe, distance):
            entry_id, picture = part.rows.entries[place], part.rows.pictures[place]
            near[entry_id] = min(near.get(entry_id, (exact, picture)), (exact, picture))
    square = float(exact_probe @ exact_probe)
    return ranked(near, _beyond(parts, exact_probe, square, near) if near else None)


def nearer(part: Found, probe: NDArray[np.float64], distance: float) -> Iterator[tuple[float, int]]:
    """Yield the rows nearer to a probe than `distance`: how far they are, and where."""
    needed = (float(probe @ probe) - distance * distance) / 2  # |x-q|² = |q|² - 2 (x·q - |x|²/2)
    for place in part.reach.places(part.number, needed).tolist():
        exact = measured(part.rows, place, probe)
        if exact < distance:
            yield exact, place


def listed(rows: Rows, reach: Reach, probes: Floats, distance: float) -> list[int]:
    """Return which of these probes [m,d] a row is nearer to than `distance`."""
    numbered = enumerate(probes.astype(np.float64))
    return [number for number, probe in numbered if next(nearer(Found(rows, reach, number), probe, distance), None)]


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
    bounded = [(part.rows, part.reach.bounds(part.number)) for part in parts]
    for rows, bounds in bounded:
        some = min(BESIDE, len(bounds))
        order = np.argpartition(bounds, len(bounds) - some)[len(bounds) - some :]
        best = _nearest(rows, order[bounds[order] > EXCLUDED], probe, near, best)
    for rows, bounds in bounded:
        floor = below((square - best * best) / 2) if best < np.inf else EXCLUDED
        places = np.flatnonzero(bounds >= floor)
        best = _nearest(rows, places[bounds[places] > EXCLUDED], probe, near, best)
    return None if best == np.inf else best


def _nearest(
    rows: Rows, places: NDArray[np.intp], probe: NDArray[np.float64], near: dict[str, tuple[float, str]], best: float
) -> float:
    """Return the least distance of these rows, or `best` where that is less."""
    for start in range(0, len(places), AT_ONCE):
        some = places[start : start + AT_ONCE]
        apart = np.linalg.norm(rows.values[some] - probe.astype(np.float32), axis=1)
        for which in np.argsort(apart).tolist():
            if apart[which] > best * (1 + ROUNDING) + ROUNDING:
                break
            if rows.entries[some[which]] not in near:
                best = min(best, measured(rows, int(some[which]), probe))
    return best


def ranked(near: dict[str, tuple[float, str]], beyond: float | None) -> list[FaceHit]:
    """Return hits, nearest first, each with the distance of the next; `beyond` follows the last."""
    order = sorted((distance, entry_id, picture) for entry_id, (distance, picture) in near.items())
    following = [*(distance for distance, _, _ in order[1:]), beyond]
    return [FaceHit(e, picture, d, following[rank]) for rank, (d, e, picture) in enumerate(order)]
