"""Master keys: what keeps data keys from whoever reads their store; one that wraps, and one more that is read.

To change the master key, everybody first learns to read the new one, then to write it; then the data keys are wrapped
anew (`key_rotation`), and the old one is forgotten.
"""

import base64
import binascii
import hashlib
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairwatch.domain.errors import ConfigurationError

KEY, NONCE = 32, 12
CURRENT, OTHER = "FAIRWATCH_MEDIA_KEY", "FAIRWATCH_MEDIA_KEY_OTHER"


class Wrapping(Protocol):
    """What keeps data keys from whoever reads their store: a master key here, or a KMS."""

    def wrap(self, name: str, key: bytes) -> bytes:
        """Return the key as it may lie in the store."""
        ...

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Return the key; ConfigurationError where it was wrapped by another, or for another name."""
        ...


class MasterKey:
    """Wraps with AES-256-GCM.

    Args:
        secret: 32 bytes in base64, as `openssl rand -base64 32` writes them.
        source: The setting that it came from, for whoever has to correct it.

    Raises:
        ConfigurationError: It is something else; does not say what.
    """

    def __init__(self, secret: str, source: str = CURRENT) -> None:
        try:
            raw = base64.b64decode(secret.strip(), validate=True)
        except binascii.Error:
            raw = b""
        if len(raw) != KEY:
            raise ConfigurationError(f"{source}: is no key of 32 bytes; make one: openssl rand -base64 32")
        self._cipher = AESGCM(raw)
        self.key_id = hashlib.sha256(b"fairwatch master key\0" + raw).hexdigest()[:8]

    def wrap(self, name: str, key: bytes) -> bytes:
        """Return the key as it may lie in the store."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, key, name.encode())

    def opened(self, name: str, wrapped: bytes) -> bytes | None:
        """Return the key; None where another wrapped it, or for another name."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE], wrapped[NONCE:], name.encode())
        except (InvalidTag, ValueError):
            return None

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Return the key; ConfigurationError where it was wrapped by another, or for another name."""
        return MasterKeys(self).unwrap(name, wrapped)


class MasterKeys:
    """The master key that wraps, and another that is read beside it while the two change places.

    Args:
        current: Wraps.
        other: Only unwraps; None for none.
    """

    def __init__(self, current: MasterKey, other: MasterKey | None = None) -> None:
        self.current, self.other = current, other

    def wrap(self, name: str, key: bytes) -> bytes:
        """Return the key as it may lie in the store."""
        return self.current.wrap(name, key)

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Return the key; ConfigurationError where neither wrapped it, or for another name."""
        for master in (self.current, self.other):
            key = master.opened(name, wrapped) if master else None
            if key is not None:
                return key
        none = "" if self.other else f", and there is no {OTHER}"
        raise ConfigurationError(
            f"the data key {name} was wrapped by another {CURRENT}{none}: nothing under it can be read without that"
        )
