"""What the options of every sink have in common: nothing unknown is let through, secrets lie elsewhere."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.duration import Duration
from fairwatch.sinks.sink import Sink

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Timeout = Annotated[Duration, Field(ge=timedelta(milliseconds=10), le=timedelta(minutes=5))]  # for one delivery
Picture = tuple[bytes, str]  # its bytes and media type
Pictures = Callable[[Mapping[str, Any]], Awaitable[list[Picture]]]


class Strict(BaseModel):
    """A model in which a typing error is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sink is opened in.

    Attributes:
        clock: For what is signed with a time.
        environment: Where secrets are looked up.
        pictures: Gives those pictures of an alert that may leave the hub; None where there is no media store.
    """

    clock: Clock
    environment: Mapping[str, str]
    pictures: Pictures | None = None


class SinkOptions(Strict):
    """Options of one kind of sink.

    A value `x` that is secret, or may be, is given as `x_file: PATH` or `x_env: NAME`: the variable NAME, or the file
    that NAME_FILE names. An address may be written as `x`, too.

    Attributes:
        looked_up: Names of values that have to be given in one of these ways.
        may_be_looked_up: Those that may be left out.
    """

    looked_up: ClassVar[tuple[str, ...]] = ()
    may_be_looked_up: ClassVar[tuple[str, ...]] = ()

    timeout: Timeout = timedelta(seconds=10)

    @model_validator(mode="after")
    def _says_each_once(self) -> "SinkOptions":
        for name in (*self.looked_up, *self.may_be_looked_up):
            ways = self._ways(name)
            given = sum(getattr(self, way) is not None for way in ways)
            if given > 1 or (given == 0 and name in self.looked_up):
                least = "exactly" if name in self.looked_up else "at most"
                raise ValueError(f"{least} one of {', '.join(ways[:-1])} and {ways[-1]} must be given")
        return self

    def _signs_in(self, kind: str) -> None:
        """Raise ValueError where a user name stands without a password, or the other way round."""
        if bool(getattr(self, "username", None)) != any(getattr(self, way) for way in self._ways("password")):
            raise ValueError(f"{kind}.username and {kind}.password belong together")

    def look_up(self, name: str, environment: Mapping[str, str]) -> str:
        """Return a value; ConfigurationError says where it is missing. Empty when it may be left out and is."""
        written = getattr(self, name, None)
        file, variable = getattr(self, f"{name}_file"), getattr(self, f"{name}_env")
        if written is not None or (file is None and variable is None):
            return written or ""
        kind = type(self).__name__.removesuffix("Options").lower()
        return _look_up(f"{kind}.{name}", file, variable, environment)

    def open(self, surroundings: Surroundings) -> Sink:
        """Return the sink; nothing is connected yet.

        Raises:
            ConfigurationError: A value is missing or cannot be used; it is never told itself.
        """
        raise NotImplementedError

    def _ways(self, name: str) -> list[str]:
        return [way for way in (name, f"{name}_file", f"{name}_env") if way in type(self).model_fields]


def in_validation(check: Callable[[], object]) -> None:
    """Make a check of a value, so that what is wrong is told with its place in the file."""
    try:
        check()
    except ConfigurationError as error:
        raise ValueError(str(error)) from error


def _look_up(what: str, file: Path | None, variable: str | None, environment: Mapping[str, str]) -> str:
    if variable and not environment.get(variable):
        twin = environment.get(f"{variable}_FILE")
        file = Path(twin) if twin else None
    text = environment.get(variable or "", "") if file is None else _content(what, file)
    if not text.strip():
        raise ConfigurationError(
            f"{what}: set {variable} or {variable}_FILE" if variable else f"{what}: {file} is empty"
        )
    return text.strip()


def _content(what: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{what}: cannot read {file}") from error
