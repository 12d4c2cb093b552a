"""Pictures as they lie in the store: sealed under the data key of their day, or under one of their own.

What a camera sends is sealed under the key of its day, which is deleted when the day's pictures are too old: then they
are gone in every backup. What is kept for longer, or may have to go sooner, has a key of its own.
"""

import os
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairwatch.domain.errors import RejectedError
from fairwatch.stores.data_keys import DataKeys
from fairwatch.stores.master_key import NONCE

MAGIC = b"FWS1"  # no picture begins so
HEAD = len(MAGIC) + 1 + 100  # bytes within which the name of the key is found
OVERHEAD = HEAD + NONCE + 16


class MediaSeal:
    """Seals and opens the objects of one store.

    Args:
        keys: Where data keys lie.
        store: Name of the store; the raw bodies' days end sooner than those of pictures.
    """

    def __init__(self, keys: DataKeys, store: str) -> None:
        self.keys = keys
        self._days = f"{store}-day-"
        self._own = f"{store}-own-"

    async def close(self, digest: str, data: bytes, *, own: bool = False) -> bytes:
        """Return the bytes that are kept; `digest` is the SHA-256 in hex of what they are.

        Raises:
            RetryableError: The store of keys does not answer.
        """
        name = self._own + digest if own else self._days + datetime.now(UTC).date().isoformat()
        nonce, key = os.urandom(NONCE), await self.keys.of(name)
        head = MAGIC + bytes([len(name)]) + name.encode()
        return head + nonce + AESGCM(key).encrypt(nonce, data, digest.encode())

    async def open(self, digest: str, kept: bytes) -> bytes:
        """Return the bytes that were given to `close`; what was never sealed is returned as it is.

        Raises:
            RejectedError: media_unavailable: its key was deleted, or it was altered.
            RetryableError: The store of keys does not answer.
        """
        name = key_name(kept)
        if name is None:
            return kept
        key = await self.keys.known(name) if name.startswith((self._days, self._own)) else None
        if key is None:
            raise RejectedError("media_unavailable", "its data key was deleted", "uri")
        begin = len(MAGIC) + 1 + len(name)
        try:
            return AESGCM(key).decrypt(kept[begin : begin + NONCE], kept[begin + NONCE :], digest.encode())
        except (InvalidTag, ValueError):
            raise RejectedError("media_unavailable", "it was altered in the media store", "uri") from None

    def owns(self, kept: bytes) -> bool:
        """Tell whether an object, or its beginning, is under a key of its own."""
        return (key_name(kept) or "").startswith(self._own)

    async def own_keys(self) -> frozenset[str]:
        """Return the names of the keys that objects have of their own."""
        return frozenset(name for name in await self.keys.names() if name.startswith(self._own))

    async def forget(self, digests: list[str], known: AbstractSet[str] | None = None) -> int:
        """Delete the own keys of these objects, and return how many there were.

        Args:
            digests: Of the objects.
            known: What `own_keys` returned, for whoever asks again and again; asked now by default.
        """
        wanted = {self._own + digest for digest in digests}
        if not wanted:
            return 0
        return await self.keys.delete(sorted(wanted & (await self.own_keys() if known is None else known)))

    async def forget_days(self, before: datetime) -> int:
        """Delete the keys of days that ended before a moment, and return how many there were."""
        last = before.date() - timedelta(days=1)
        return await self.keys.delete([name for name in sorted(await self.keys.names()) if self._is_over(name, last)])

    def _is_over(self, name: str, last: date) -> bool:
        try:
            return name.startswith(self._days) and date.fromisoformat(name.removeprefix(self._days)) < last
        except ValueError:
            return False


def key_name(kept: bytes) -> str | None:
    """Return the name of the key that an object is sealed under; None for one that is not sealed."""
    if not kept.startswith(MAGIC):
        return None
    begin = len(MAGIC) + 1
    return kept[begin : begin + kept[len(MAGIC)]].decode("ascii", "replace") if len(kept) >= begin else ""
