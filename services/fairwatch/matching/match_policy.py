"""What an operator may set about matching: the file matching.yaml."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import MatchMode
from fairwatch.matching.list_policies import doubled
from fairwatch.matching.models import Strict
from fairwatch.matching.reader_model import ReaderModel
from fairwatch.matching.strictness import DEFAULT_PLATES, DEFAULT_POLICY, ListPolicy, PlateStrictness
from fairwatch.policy.configuration import read_yaml

FILE = "matching.yaml"


class MatchPolicy(Strict):
    """The file matching.yaml; without one, the values below."""

    plate_threshold: float = Field(
        default=DEFAULT_PLATES, gt=0, le=1, description="likelihood that a plate needs to become a candidate"
    )
    plate_policy: str = Field(
        default=DEFAULT_POLICY, min_length=1, description="name of that threshold, written into every candidate"
    )
    review_s: int = Field(default=4 * 3600, ge=60, description="seconds that people have to decide on a candidate")
    every_shot: bool = Field(
        default=False,
        description="search each picture of a face on a track, not only those better than what was searched before",
    )
    mode: MatchMode = Field(default="REALTIME", description="POST for a worker that goes through recordings")
    reader: ReaderModel = Field(default=ReaderModel(), description="how often the plate reader is wrong")
    lists: tuple[ListPolicy, ...] = Field(default=(), description="what holds for some lists in place of the above")

    @property
    def plates(self) -> PlateStrictness:
        """What a reading of a plate needs on lists that have nothing of their own."""
        return PlateStrictness(threshold=self.plate_threshold, policy=self.plate_policy)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.plate_threshold != DEFAULT_PLATES and self.plate_policy == DEFAULT_POLICY:
            raise ValueError("another plate_threshold needs another plate_policy: candidates name what they rest on")
        if twice := doubled(self.lists):
            raise ValueError(f"more than one of `lists` names {', '.join(twice)}")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file, or the default without one; ConfigurationError names file, path and value."""
        try:
            return read_yaml(path, cls) if path.exists() else cls()
        except OSError as error:
            raise ConfigurationError(f"{path}: {error}") from error
