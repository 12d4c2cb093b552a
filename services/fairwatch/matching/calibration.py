"""From measured distances to a threshold, with what the sample can and cannot tell.

Terms of ISO/IEC 19795-1: the false match rate (FMR) is the share of pairs of different people below a distance; the
false positive identification rate (FPIR) is the share of probes of unlisted people that find anybody in a gallery of
N; the false negative identification rate (FNIR) the share of probes of listed people that are not found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log1p
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Distances = NDArray[np.float64]
FEWEST_PAIRS = 30  # of a kind; fewer say nothing about a distribution
RULE_OF_THREE = 3.0  # nothing among n: with 95 % confidence the rate is below 3/n


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold and what it rests on.

    Attributes:
        distance: L2 distance from which on nothing is a candidate.
        fpir: Expected at the gallery's size.
        fmr: Of one comparison, at this distance.
        fnir: Of the sample's own pairs; None without any.
        extrapolated: The rate lies below what the pairs can show; it rests on a fitted normal distribution.
        impostors, genuine: Pairs of different people, and of the same.
        people, pictures: In the sample.
    """

    distance: float
    fpir: float
    fmr: float
    fnir: float | None
    extrapolated: bool
    impostors: int
    genuine: int
    people: int
    pictures: int

    @property
    def sentence(self) -> str:
        """What candidates say about it."""
        text = f"{self.pictures} pictures of {self.people} people, {self.impostors} pairs of different ones"
        if self.impostors < FEWEST_PAIRS or self.genuine < FEWEST_PAIRS:
            return f"{text}: do not rely on it"
        return f"{text}; rate extrapolated from a normal distribution" if self.extrapolated else text


def pairs(templates: Sequence[NDArray[np.float32]], people: Sequence[str]) -> tuple[Distances, Distances]:
    """Return the L2 distances of all pairs of different people, and of all pairs of the same, each in order."""
    if not len(templates):
        return np.zeros(0), np.zeros(0)
    values = np.array(templates, np.float64)
    names = np.array(people)
    first, second = np.triu_indices(len(values), 1)
    distances = np.linalg.norm(values[first] - values[second], axis=1)
    same = names[first] == names[second]
    return np.sort(distances[~same]), np.sort(distances[same])


def calibrate(
    impostors: Distances, genuine: Distances, *, fpir: float, gallery: int, people: int, pictures: int
) -> Calibration:
    """Return the distance at which a gallery has a wanted false positive identification rate.

    A probe meets `gallery` comparisons, taken as independent: FPIR = 1 - (1 - FMR)^N. Where the pairs are too few to
    show so low a rate, it is read off a normal distribution fitted to them, and the result says so.

    Args:
        impostors: Distances of pairs of different people.
        genuine: Of the same.
        fpir: Wanted, in (0,1).
        gallery: Templates that a probe is compared with.
        people: In the sample.
        pictures: In the sample.

    Raises:
        ValueError: There are fewer than two pairs of different people, or the rate lies outside (0,1).
    """
    if len(impostors) < 2 or not 0 < fpir < 1 or gallery < 1:  # noqa: PLR2004  # no spread without two
        raise ValueError("it takes two pairs of different people, a rate between 0 and 1 and a gallery")
    fmr = -np.expm1(log1p(-fpir) / gallery)
    extrapolated = bool(fmr < RULE_OF_THREE / len(impostors))
    if extrapolated:
        fitted = NormalDist(float(np.mean(impostors)), max(float(np.std(impostors, ddof=1)), 1e-9))
        distance = max(fitted.inv_cdf(float(fmr)), 0.0)
    else:
        distance = float(np.quantile(impostors, fmr, method="lower"))
    missed = float(np.mean(genuine >= distance)) if len(genuine) else None
    return Calibration(distance, fpir, float(fmr), missed, extrapolated, len(impostors), len(genuine), people, pictures)
