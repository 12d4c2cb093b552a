"""Whether a face is good enough to be compared at all (measures after ISO/IEC 29794-5)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from fairwatch.matching.detector import Face
from fairwatch.matching.models import QualityPolicy

Fault = Literal["too_small", "blurred", "turned", "rolled", "dark", "bright"]

SIDE = 96  # sharpness depends on scale: always measured at this one
GOOD = 3.0  # a measure so many times better than the policy asks is as good as any


@dataclass(frozen=True, slots=True)
class Quality:
    """What is wrong with a face, the worst first, and its quality in [0,1]: that of its weakest measure."""

    value: float
    faults: tuple[Fault, ...]


def assess(face: Face, aligned: Image.Image, policy: QualityPolicy) -> Quality:
    """Return the quality of a face.

    Args:
        face: As detected, in pixels of the picture.
        aligned: The square of the face, RGB.
        policy: What is asked.
    """
    left, right, nose = face.landmarks[:3]
    eyes = right - left
    distance = float(np.hypot(*eyes))
    along = eyes / max(distance, 1e-9)
    turned = abs(float((nose - (left + right) / 2) @ along)) / max(distance, 1e-9)
    rolled = abs(float(np.degrees(np.arctan2(eyes[1], eyes[0]))))
    grey = np.asarray(aligned.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float64)
    light = float(grey.mean())
    measures: dict[Fault, float] = {  # below 1: rejected
        "too_small": distance / policy.eye_distance_px,
        "blurred": _sharpness(grey) / policy.sharpness,
        "turned": policy.turned / max(turned, 1e-9),
        "rolled": policy.rolled_deg / max(rolled, 1e-9),
        "dark": light / policy.dark,
        "bright": (255 - light) / (255 - policy.bright),
    }
    faults = tuple(name for name in sorted(measures, key=lambda one: measures[one]) if measures[name] < 1)
    return Quality(round(min(1.0, min(measures.values()) / GOOD), 4), faults)


def _sharpness(grey: np.ndarray) -> float:
    """Return the variance of the Laplacian of a grey picture [h,w]."""
    middle = grey[1:-1, 1:-1]
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle
    return float(edges.var())
