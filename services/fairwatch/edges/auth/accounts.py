"""As whom a device is asked, or proves itself: a user name, and a password that lies elsewhere or is sealed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.passwords import read_password
from fairwatch.edges.auth.sealing import Seal

HASHES: Final[Mapping[str, str]] = {"MD5": "md5", "SHA-256": "sha256"}
REALMS: Final = ("fairwatch-http", "fairwatch-viid")


class Account(BaseModel):
    """User name and password for one device; the password comes from a file, the environment or a seal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    password_file: Path | None = None
    password_env: str | None = None
    sealed: Base64Bytes | None = Field(None, repr=False)
    _password: str = PrivateAttr("")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(one is not None for one in (self.password_file, self.password_env, self.sealed)) != 1:
            raise ValueError("exactly one of password_file and password_env must be set, or sealed")
        return self

    @property
    def password(self) -> str:
        """Return the password that `load` read."""
        return self._password

    def load(self, folder: Path, device_id: str = "", seal: Seal | None = None) -> None:
        """Read the password; a relative file is looked up beside devices.yaml.

        Raises:
            ConfigurationError: There is none, it is too short, or it was sealed for another device or with another key.
        """
        if self.sealed is None:
            self._password = read_password(folder, self.username, self.password_file, self.password_env)
        else:
            self._take((seal or Seal("")).open(self.bound_to(device_id), self.sealed))

    def bound_to(self, device_id: str) -> str:
        """Return what a seal is bound to: it opens nothing at another device, user or purpose."""
        return f"{type(self).__name__}\n{device_id}\n{self.username}"

    def _take(self, opened: str) -> None:
        self._password = opened


class DigestLogin(Account):
    """What a device proves itself with by HTTP digest: a password, or only the hashes that answers are checked with."""

    _hashes: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def ha1(self, algorithm: str, realm: str) -> str:
        """Return the hash of user, realm and password (RFC 7616, section 3.4.2), in hex; empty without a secret."""
        if self._password:
            return ha1(self.username, self._password, algorithm, realm)
        return self._hashes.get(f"{algorithm} {realm}", "")

    def _take(self, opened: str) -> None:
        try:
            self._hashes = dict(json.loads(opened))
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"what was sealed of user {self.username!r} are no hashes") from error


def ha1(username: str, password: str, algorithm: str, realm: str) -> str:
    """Return HA1 of RFC 7616 in hex."""
    text = f"{username}:{realm}:{password}".encode()
    return hashlib.new(HASHES[algorithm], text, usedforsecurity=False).hexdigest()


def all_ha1(username: str, password: str) -> str:
    """Return the hashes by which any gateway checks an answer, as what is sealed: the password is not among them."""
    return json.dumps({f"{name} {realm}": ha1(username, password, name, realm) for name in HASHES for realm in REALMS})
