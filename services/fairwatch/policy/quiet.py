"""The file quiet.yaml: how long who may silence, and what else keeps alerts from being told. It may be missing."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.duration import Duration

FILE = "quiet.yaml"
LONGEST_EVER = timedelta(days=60)  # a silence lies on its topic for 90 days after it was written
_MICROSECOND = timedelta(microseconds=1)


class Strict(BaseModel):
    """A model in which a typing error is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Quiet(Strict):
    """The file.

    Attributes:
        silence_at_most: The longest silence by the role of its author; a role that is not named may silence nothing.
    """

    silence_at_most: Mapping[str, Annotated[Duration, Field(gt=timedelta(0), le=LONGEST_EVER)]] = {
        "operator": timedelta(hours=12),
        "admin": timedelta(days=7),
    }

    @classmethod
    def read(cls, path: Path) -> "Quiet":
        """Return the file's content, or what holds without one.

        Raises:
            ConfigurationError: Names file, path and value.
        """
        return read_yaml(path, cls) if path.exists() else cls()

    def longest(self, role: str) -> int | None:
        """Return how long a role may silence, in microseconds; None for not at all."""
        longest = self.silence_at_most.get(role)
        return None if longest is None else longest // _MICROSECOND
