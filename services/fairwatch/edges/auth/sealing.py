"""Encrypts what a device's record may not say in clear, under the hub's key."""

import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Final

from fairwatch.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SHORTEST: Final = 32  # characters: what a person thinks of is no key
_NONCE: Final = 12


class Seal:
    """AES-256-GCM under a key derived from a secret.

    Args:
        secret: At least 32 random characters; empty where there is none, and then nothing can be sealed or opened.
    """

    def __init__(self, secret: str) -> None:
        if secret and len(secret) < SHORTEST:
            raise ConfigurationError(f"FAIRWATCH_DEVICES_SECRET: at least {SHORTEST} characters are needed")
        self._key = hmac.digest(secret.encode(), b"fairwatch devices", hashlib.sha256) if secret else b""

    def close(self, bound_to: str, text: str) -> bytes:
        """Return the sealed text.

        Raises:
            ConfigurationError: There is no secret.
        """
        nonce = os.urandom(_NONCE)
        return nonce + self._known().encrypt(nonce, text.encode(), bound_to.encode())

    def open(self, bound_to: str, sealed: bytes) -> str:
        """Return what was sealed.

        Raises:
            ConfigurationError: There is no secret or another one, or it was sealed for somebody else.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  as below

        try:
            return self._known().decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode()).decode()
        except (InvalidTag, ValueError):
            raise ConfigurationError("a password was sealed with another key, or for another device or user") from None

    def _known(self) -> "AESGCM":
        # A gateway on a small site has 144 MiB: those without sealed passwords do without these 8.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        if not self._key:
            raise ConfigurationError("sealed passwords need FAIRWATCH_DEVICES_SECRET")
        return AESGCM(self._key)
