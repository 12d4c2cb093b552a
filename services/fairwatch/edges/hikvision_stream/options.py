"""What an operator says of a device whose stream is read."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, model_validator

from fairwatch.edges.auth.passwords import read_password

PATH = "/ISAPI/Event/notification/alertStream"


class AlertStream(BaseModel):
    """Where the stream is, and as whom to ask for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^/@\s]+/?$")] = Field(
        description="scheme, host and port of the device; credentials do not belong here"
    )
    username: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    password_file: Path | None = None
    password_env: str | None = None
    path: Annotated[str, StringConstraints(pattern=r"^/\S+$")] = PATH
    silence_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        30, description="it sends a heartbeat every few seconds; after so long without anything it is silent"
    )
    verify_tls: bool = Field(True, description="false for a device whose certificate nobody has signed")
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
        """Read the password; ConfigurationError: there is none, or it is too short."""
        self._password = read_password(folder, self.username, self.password_file, self.password_env)
