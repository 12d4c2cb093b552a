"""Which models find and describe faces: configuration, checked against the files before anything is compared."""

import hashlib
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fairwatch.domain.errors import ConfigurationError


class Strict(BaseModel):
    """Part of models.yaml: unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFile(Strict):
    """An ONNX file."""

    path: Path = Field(description="absolute, or relative to FAIRWATCH_MODEL_DIR")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the file; another file is refused")


class DetectorConfig(ModelFile):
    """A CenterFace model: float32 [N,3,H,W], RGB 0..255."""

    score: float = Field(default=0.5, ge=0, le=1, description="faces that the detector is less sure of are none")
    longest_side: int = Field(default=640, ge=64, description="pictures are scaled down to it, in pixels")


class EmbedderConfig(ModelFile):
    """A model from an aligned face, float32 [N,3,side,side], to a template compared by its L2 distance."""

    template_space: str = Field(min_length=1, description="name and version; the file's hash is added to it")
    side: int = Field(default=150, ge=32, description="pixels of the aligned face")
    dimensions: int = Field(default=128, ge=1, description="length of a template")
    mean: float = Field(default=0.0, description="subtracted from RGB 0..255")
    scale: float = Field(default=1.0, gt=0, description="and divided by")
    landmarks: tuple[tuple[float, float], ...] = Field(
        default=((48.0, 44.6), (102.0, 44.6), (75.0, 79.0), (51.5, 103.0), (98.5, 103.0)),
        min_length=5,
        max_length=5,
        description="where eyes, nose and corners of the mouth lie in the aligned face, left in the picture first",
    )


class ThresholdPolicy(Strict):
    """When two templates may be of one person.

    A score is `1 - distance / (2 * same_person)`, cut to [0,1]: 1 for the same template, 0.5 at the distance at which
    the model's author calls two faces the same person.
    """

    id: str = Field(default="dlib-l2-2026-11", description="written into every candidate")
    same_person: float = Field(default=0.6, gt=0, description="L2 distance of the author's rule")
    distance: float = Field(default=0.55, gt=0, description="L2 distance from which on nothing is a candidate")
    calibration: str = Field(
        default="7 pictures of 3 people: same person 0.21..0.44, others 0.75..0.89. No claim of accuracy: calibrate",
        description="what the threshold rests on",
    )
    expected_fpir: float | None = Field(
        default=None, ge=0, le=1, description="false positive identification rate, where it was measured"
    )

    def score(self, distance: float) -> float:
        """Return the score in [0,1] of an L2 distance."""
        return min(1.0, max(0.0, 1 - distance / (2 * self.same_person)))

    @property
    def threshold(self) -> float:
        """The score that a candidate needs."""
        return self.score(self.distance)


class QualityPolicy(Strict):
    """What a face must be to be compared (after ISO/IEC 29794-5). Below any of them it is rejected, with the reason."""

    eye_distance_px: float = Field(default=18.0, description="pixels between the eyes in the picture")
    sharpness: float = Field(
        default=18.0, description="variance of the Laplacian of the aligned face in grey, scaled to 96 px"
    )
    turned: float = Field(default=0.45, description="nose off the middle of the eyes, in eye distances (yaw)")
    rolled_deg: float = Field(default=35.0, description="eyes off the horizontal, degrees")
    dark: float = Field(default=30.0, description="mean grey, 0..255")
    bright: float = Field(default=225.0, description="mean grey, 0..255")


class FaceConfig(Strict):
    """The file models.yaml; without one, what `make models` builds."""

    detector: DetectorConfig = DetectorConfig(
        path=Path("centerface.onnx"), sha256="5c1d2b541ff8604b88622cc8d0c1013a7e3c01b2d28ad90aa30d50843459ad52"
    )
    embedder: EmbedderConfig = EmbedderConfig(
        path=Path("dlib_resnet_face_128.onnx"),
        sha256="1cdee064c81c335f9e21696de6f7f875285ec6b80f395f7471a61c7e425e189f",
        template_space="dlib-resnet-v1",
    )
    threshold: ThresholdPolicy = ThresholdPolicy()
    quality: QualityPolicy = QualityPolicy()
    threads: int = Field(default=1, ge=1, description="threads of each model run")

    @property
    def template_space(self) -> str:
        """Name of the space: the configured one and the hash of the model. Others are never compared with it."""
        return f"{self.embedder.template_space}+{self.embedder.sha256[:12]}"

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a models.yaml; the default without one. ConfigurationError names file, path and value."""
        if path is None or not path.exists():
            return cls()
        try:
            content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls.model_validate(content or {})
        except (ValidationError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path}: {error}") from error


def read_model(file: ModelFile, folder: Path) -> bytes:
    """Return the bytes of a model; ConfigurationError when it is missing or not the configured one."""
    path = folder / file.path
    if not path.is_file():
        raise ConfigurationError(f"{path} is missing: run `make models`, or set FAIRWATCH_MODEL_DIR")
    content = path.read_bytes()
    if (actual := hashlib.sha256(content).hexdigest()) != file.sha256:
        raise ConfigurationError(f"{path} has SHA-256 {actual}, configured is {file.sha256}")
    return content
