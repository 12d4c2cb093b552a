"""Finds faces and their five landmarks with a CenterFace model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.models import DetectorConfig, ModelFile, read_model

STRIDE = 4  # pixels of the input for each cell of the outputs
DIMENSIONS = 4  # picture, channel, row, column
MULTIPLE = 32  # the input's sides must be multiples of it
CHANNELS = (1, 2, 2, 10)  # of its outputs: heat, size, shift, landmarks
OVERLAP = 0.3  # faces that share more of their area are one


@dataclass(frozen=True)
class Face:
    """A face in a picture, in pixels from the top left.

    Attributes:
        box: x0, y0, x1, y1.
        landmarks: float64 [5,2]: eyes, nose, corners of the mouth; left in the picture first.
        score: Of the detector, in [0,1].
    """

    box: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    score: float

    @property
    def area(self) -> float:
        """Pixels of the box."""
        return float((self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))


def session(file: ModelFile, folder: Path, threads: int) -> Any:
    """Return a CPU session that uses `threads` threads and leaves the processor alone while it waits.

    Raises:
        ConfigurationError: The file is missing, is not the configured one, or is no model.
    """
    import onnxruntime  # noqa: PLC0415  who compares plates only neither loads nor installs it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    model = read_model(file, folder)
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # each of its faults is a class of its own, and none of ours
        raise ConfigurationError(f"{file.path} is no model that can be loaded: {error}") from error


class Detector:
    """A loaded CenterFace model; calls may come from several threads."""

    def __init__(self, config: DetectorConfig, folder: Path, threads: int = 1) -> None:
        self._config = config
        self._session = session(config, folder, threads)
        self._input = self._session.get_inputs()[0].name
        channels = tuple(output.shape[1] for output in self._session.get_outputs() if len(output.shape) == DIMENSIONS)
        if channels != CHANNELS:
            raise ConfigurationError(f"{config.path} has outputs of {channels} channels; CenterFace has {CHANNELS}")

    def find(self, picture: Image.Image) -> list[Face]:
        """Return the faces of an RGB picture, the largest first."""
        scale = min(1.0, self._config.longest_side / max(picture.size))
        width, height = (max(1, -(-round(side * scale) // MULTIPLE)) * MULTIPLE for side in picture.size)
        pixels = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), np.float32)
        maps = self._session.run(None, {self._input: pixels.transpose(2, 0, 1)[None]})
        faces = _decode([each[0] for each in maps], self._config.score, (width, height))
        stretch = np.array([picture.width / width, picture.height / height])
        kept = _without_overlaps(faces)
        scaled = [Face(f.box * np.tile(stretch, 2), f.landmarks * stretch, f.score) for f in kept]
        return sorted(scaled, key=lambda face: -face.area)


def _decode(maps: Sequence[NDArray[np.float32]], threshold: float, frame: tuple[int, int]) -> list[Face]:
    """Turn the four output maps ([1,h,w], [2,h,w], [2,h,w], [10,h,w]) into faces in pixels of the input."""
    (heat,), sizes, offsets, points = maps
    faces = []
    for row, column in np.argwhere(heat >= threshold):
        size = np.exp(sizes[:, row, column].astype(float))[::-1] * STRIDE  # the maps say y before x
        shift = offsets[:, row, column].astype(float)[::-1]
        centre = (np.array([column, row]) + shift + 0.5) * STRIDE
        corner = np.maximum(centre - size / 2, 0)
        landmarks = points[:, row, column].astype(float).reshape(5, 2)[:, ::-1] * size + corner
        box = np.concatenate([corner, np.minimum(centre + size / 2, frame)])
        faces.append(Face(box, landmarks, float(heat[row, column])))
    return faces


def _without_overlaps(faces: list[Face]) -> list[Face]:
    """Keep the surest of faces that overlap."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: -f.score):
        if all(_overlap(face, other) <= OVERLAP for other in kept):
            kept.append(face)
    return kept


def _overlap(one: Face, other: Face) -> float:
    """Return the area that two boxes share, as a part of the area that they cover."""
    sides = np.minimum(one.box[2:], other.box[2:]) - np.maximum(one.box[:2], other.box[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / max(one.area + other.area - shared, 1e-9)
