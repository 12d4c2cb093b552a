"""As whom a device is asked, or proves itself: a user name, and a password that lies elsewhere."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, StringConstraints, model_validator

from fairwatch.edges.auth.passwords import read_password


class Account(BaseModel):
    """User name and password for one device; the password comes from a file or the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    password_file: Path | None = None
    password_env: str | None = None
    _password: str = PrivateAttr("")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.password_file is None) == (self.password_env is None):
            raise ValueError("exactly one of password_file and password_env must be set")
        return self

    @property
    def password(self) -> str:
        """Return the password that `load` read."""
        return self._password

    def load(self, folder: Path) -> None:
        """Read the password; a relative file is looked up beside devices.yaml.

        Raises:
            ConfigurationError: There is none, or it is too short.
        """
        self._password = read_password(folder, self.username, self.password_file, self.password_env)
