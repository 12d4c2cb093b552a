"""Which picture of an observation shows the face or the vehicle that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from fairwatch.domain.records import Box, MediaRef, MediaRole, Observation

CROPS: tuple[MediaRole, ...] = ("FACE", "PERSON")
SCENES: tuple[MediaRole, ...] = ("SCENE", "THUMBNAIL", "OTHER")
VEHICLES: tuple[MediaRole, ...] = ("PLATE", "VEHICLE", "SCENE", "THUMBNAIL", "OTHER")
PEOPLE = frozenset({"FACE", "PERSON"})


@dataclass(frozen=True, slots=True)
class Probe:
    """A picture, and where to look in it; None for everywhere."""

    media: MediaRef
    box: Box | None


def face_probe(observation: Observation) -> Probe | None:
    """Return the picture of the face: its own crop, the person's, or the scene with the box; None where there is none.

    An observation that is not about a person or a face has none, whoever may be in its scene.
    """
    media = observation.get("media", [])
    crop = pick(media, CROPS)
    if crop:
        return Probe(crop, None)
    if observation.get("object_class", "UNKNOWN") not in PEOPLE and not observation.get("face"):
        return None
    scene = pick(media, SCENES)
    shape = observation.get("shape")
    return Probe(scene, shape.get("box") if shape else None) if scene else None


def plate_probe(observation: Observation, box: Box | None) -> Probe | None:
    """Return the picture of the plate; its box where the picture is the one that the box is relative to."""
    media = pick(observation.get("media", []), VEHICLES)
    if media is None:
        return None
    return Probe(media, box if media.get("role") == "SCENE" else None)


def corners(box: Box | None) -> tuple[float, float, float, float] | None:
    """Return a box as x0, y0, x1, y1."""
    return (box["x0"], box["y0"], box["x1"], box["y1"]) if box else None


def pick(media: Sequence[MediaRef], roles: Sequence[MediaRole]) -> MediaRef | None:
    """Return the first picture of the first role that there is one of."""
    return next((m for role in roles for m in media if m.get("role", "OTHER") == role), None)
