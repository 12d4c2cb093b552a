"""What an operator may set about matching: the file matching.yaml."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import MatchMode
from fairwatch.matching.models import Strict
from fairwatch.policy.configuration import read_yaml

FILE = "matching.yaml"
DEFAULT_PLATES = 0.75


class MatchPolicy(Strict):
    """The file matching.yaml; without one, the values below."""

    plate_threshold: float = Field(
        default=DEFAULT_PLATES, gt=0, le=1, description="likelihood that a plate needs to become a candidate"
    )
    plate_policy: str = Field(
        default="plates-2026-11", min_length=1, description="name of that threshold, written into every candidate"
    )
    review_s: int = Field(default=4 * 3600, ge=60, description="seconds that people have to decide on a candidate")
    every_shot: bool = Field(
        default=False,
        description="search each picture of a face on a track, not only those better than what was searched before",
    )
    mode: MatchMode = Field(default="REALTIME", description="RETROSPECTIVE for a worker that goes through recordings")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (
            self.plate_threshold != DEFAULT_PLATES
            and self.plate_policy == type(self).model_fields["plate_policy"].default
        ):
            raise ValueError("another plate_threshold needs another plate_policy: candidates name what they rest on")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file, or the default without one; ConfigurationError names file, path and value."""
        try:
            return read_yaml(path, cls) if path.exists() else cls()
        except OSError as error:
            raise ConfigurationError(f"{path}: {error}") from error
