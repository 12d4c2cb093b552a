"""The file quiet.yaml: how long who may silence, and what else keeps alerts from being told. It may be missing."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.duration import Duration
from fairwatch.policy.matchers import LABELS, Matcher, matcher, takes_everything

FILE = "quiet.yaml"
LONGEST_EVER = timedelta(days=60)  # a silence lies on its topic for 90 days after it was written
MICROSECOND = timedelta(microseconds=1)


class Strict(BaseModel):
    """A model in which a typing error is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _matcher(value: object) -> object:
    return value if isinstance(value, Matcher) else matcher(str(value))


def _pairs(value: object) -> object:
    """Read a list of labels as pairs of the same label."""
    return {label: label for label in value} if isinstance(value, list | tuple) else value


AMatcher = Annotated[Matcher, BeforeValidator(_matcher)]


class Inhibition(Strict):
    """While an alert that `source` fits is open, what `target` fits is told to nobody.

    Attributes:
        name: Of the rule.
        source, target: Matchers, all of which must hold; no target takes everything. What fits `source` is never a
            target itself.
        equal: Label of the target to label of the source; both have the same value. A list names labels of both.
        stale: The source says that a device is gone: conditions that it had reported are given up as stale.
        extreme: It holds back what is EXTREME, too.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    source: tuple[AMatcher, ...] = Field(min_length=1)
    target: tuple[AMatcher, ...] = ()
    equal: Annotated[Mapping[str, str], BeforeValidator(_pairs)] = {"device_id": "device_id"}
    stale: bool = False
    extreme: bool = False

    @model_validator(mode="after")
    def _is_sound(self) -> "Inhibition":
        if takes_everything(self.source):
            raise ValueError(f"inhibit {self.name!r}: source has to ask for something")
        for label in (*self.equal, *self.equal.values()):
            if label not in LABELS:
                raise ValueError(f"inhibit {self.name!r}: equal names {label!r}, which no alert has")
        if not self.equal and not self.target:
            raise ValueError(f"inhibit {self.name!r}: without equal and target it would silence everything")
        if self.stale and "device_id" not in self.equal:
            raise ValueError(f"inhibit {self.name!r}: stale is about a device: equal has to name device_id")
        return self


class StormLimit(Strict):
    """At most so many messages within a time for each rule, site or receiver; the rest is told in a digest.

    Attributes:
        per: What each have a limit of their own.
        most: Messages, the digest included.
        within: In any time of this length.
        bypass: What is as severe as this is told at all events; it counts all the same.
    """

    per: tuple[Literal["rule", "site_id", "receiver"], ...] = Field(default=("receiver",), min_length=1)
    most: int = Field(ge=2, le=100_000)
    within: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(days=1))] = timedelta(minutes=1)
    bypass: Literal["MODERATE", "SEVERE", "EXTREME"] = "EXTREME"


class Quiet(Strict):
    """The file.

    Attributes:
        silence_at_most: The longest silence by the role of its author; a role that is not named may silence nothing.
        inhibit: Alerts that keep others from being told.
        storm: How many messages are told before the rest is collected.
    """

    silence_at_most: Mapping[str, Annotated[Duration, Field(gt=timedelta(0), le=LONGEST_EVER)]] = {
        "operator": timedelta(hours=12),
        "admin": timedelta(days=7),
    }
    inhibit: tuple[Inhibition, ...] = ()
    storm: tuple[StormLimit, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Quiet":
        names = [rule.name for rule in self.inhibit]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"inhibit {twice[0]!r} is there twice")
        return self

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
        return None if longest is None else longest // MICROSECOND
