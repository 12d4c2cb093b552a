"""Settings that are read from FAIRWATCH_* environment variables; a secret may come from a file by its *_FILE twin."""

from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from fairwatch.domain.errors import ConfigurationError


class FromEnvironment(BaseSettings):
    """Settings of one program or one edge. A field `x_file` beside a field `x` names the file that holds it."""

    model_config = SettingsConfigDict(env_prefix="FAIRWATCH_", frozen=True, extra="forbid")

    @classmethod
    def read(cls) -> Self:
        """Return the settings of this process.

        Raises:
            ConfigurationError: One is wrong; names the variable, and what it may be, but not what it is.
        """
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = f"FAIRWATCH_{str(first['loc'][0]).upper()}: " if first["loc"] else ""
            raise ConfigurationError(f"{name}{first['msg'].removeprefix('Value error, ')}") from None

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, object]) -> dict[str, object]:
        for name in cls.model_fields:
            path = values.get(f"{name}_file")
            if path and values.get(name):
                raise ValueError(
                    f"at most one of FAIRWATCH_{name.upper()} and FAIRWATCH_{name.upper()}_FILE may be set"
                )
            if path:
                values[name] = _content(name, Path(str(path)))
        return values


def _content(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"FAIRWATCH_{name.upper()}_FILE: {path} cannot be read: {error}") from error
