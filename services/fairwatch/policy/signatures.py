"""Ed25519 keys: made, kept in files, used to sign and to check."""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What checks signatures."""

    raw: bytes

    @property
    def key_id(self) -> str:
        """Its id: the same key has the same one everywhere."""
        return stable_id("signing-key", self.raw.hex())

    @property
    def text(self) -> str:
        """The 32 bytes in base64, as records carry them."""
        return base64.b64encode(self.raw).decode()

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Return the key that a record carries, or None where it is none."""
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
        return cls(raw) if len(raw) == 32 else None  # noqa: PLR2004  bytes of Ed25519

    def signed(self, data: bytes, signature: str) -> bool:
        """Tell whether the private half of this key signed these bytes; whatever the signature is."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(base64.b64decode(signature, validate=True), data)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


class PrivateKey:
    """What signs; never printed, never logged."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def generate(cls) -> Self:
        """Return a new one."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def of(cls, seed: bytes) -> Self:
        """Return the one that 32 secret bytes make."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a PEM file, as `fairwatch keys` and `openssl genpkey -algorithm ed25519` write it.

        Raises:
            ConfigurationError: It cannot be read, or holds something else.
        """
        try:
            return cls.read(path.read_bytes(), str(path))
        except OSError as error:
            raise ConfigurationError(f"{path}: is no private key in PEM: {error}") from None

    @classmethod
    def read(cls, pem: bytes, name: str) -> Self:
        """Return the key that a text in PEM holds; ConfigurationError, with this name, where it holds another thing."""
        try:
            found = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ConfigurationError(f"{name}: is no private key in PEM: {error}") from None
        if not isinstance(found, Ed25519PrivateKey):
            raise ConfigurationError(f"{name}: is no Ed25519 key; make one with `fairwatch keys init`")
        return cls(found)

    def write(self, path: Path) -> None:
        """Write the file, readable by its owner alone; ConfigurationError where one is there already."""
        data = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from error

    def sign(self, data: bytes) -> str:
        """Return the signature in base64."""
        return base64.b64encode(self._key.sign(data)).decode()
