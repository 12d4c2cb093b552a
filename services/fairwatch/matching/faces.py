"""From a picture to the template of the face in it, or the reason why there is none."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fairwatch.matching.detector import Detector
from fairwatch.matching.embedder import Embedder
from fairwatch.matching.models import FaceConfig
from fairwatch.matching.pictures import Box, align, crop, decode, pad
from fairwatch.matching.quality import assess

Absence = Literal["no_face", "several_faces", "quality_rejected", "no_better_shot"]

FRAME = 0.3  # grey around a picture in which no face was found at first
MARGIN = 0.5  # around a box that a device drew, which may be tight
ENOUGH_PIXELS = 2048  # a face is found at 640 and taken from the larger picture


@dataclass(frozen=True)
class Template:
    """A face as numbers: lives in memory only, as long as somebody may compare it.

    Attributes:
        values: float32 [dimensions].
        space: Templates of different spaces are never compared.
        quality: In [0,1].
    """

    values: NDArray[np.float32]
    space: str
    quality: float


@dataclass(frozen=True, slots=True)
class NoTemplate:
    """Why there is no template; `faults` say what was wrong with the face."""

    reason: Absence
    faults: tuple[str, ...] = ()

    @property
    def counted_as(self) -> str:
        """The reason, with the component of quality that is worst: a bounded word such as `quality_blurred`."""
        return f"quality_{self.faults[0]}" if self.faults else self.reason


class FaceReader:
    """The loaded models. `read` computes, so call it in a thread; it lets go of the interpreter lock."""

    def __init__(self, config: FaceConfig, folder: Path) -> None:
        import onnxruntime  # noqa: PLC0415  see detector.session

        self.config = config
        self.template_space = config.template_space
        self.runtime = f"onnxruntime {onnxruntime.__version__} CPU"
        self._detector = Detector(config.detector, folder, config.threads)
        self._embedder = Embedder(config.embedder, folder, config.threads)

    def read(
        self, content: bytes, box: Box | None = None, *, alone: bool = False, above: float = -1.0
    ) -> Template | NoTemplate:
        """Return the template of the largest face; RejectedError when the picture cannot be decoded.

        Args:
            content: An encoded picture.
            box: Where to look, in [0,1]; None for everywhere.
            alone: True when there must be one face only, as in an enrolment picture.
            above: Quality that the face must exceed to be worth a template; it is in [0,1].
        """
        picture = decode(content, 0 if box else ENOUGH_PIXELS)
        if box:
            picture = crop(picture, box, MARGIN)
        faces = self._detector.find(picture)
        if not faces:
            picture = pad(picture, FRAME)
            faces = self._detector.find(picture)
        if not faces:
            return NoTemplate("no_face")
        if alone and len(faces) > 1:
            return NoTemplate("several_faces")
        aligned = align(picture, faces[0].landmarks, self.config.embedder.landmarks, self.config.embedder.side)
        quality = assess(faces[0], aligned, self.config.quality)
        if quality.faults:
            return NoTemplate("quality_rejected", quality.faults)
        if quality.value <= above:
            return NoTemplate("no_better_shot")
        return Template(self._embedder.embed(aligned), self.template_space, quality.value)
