"""A header that says which processors of a chain have handled a record already, and that nobody else can write.

The proof is an HMAC over where the record lies, what it is and who handled it: whoever may write to an open topic can
neither mark a record of his own, so that it lies there as if it had been handled, nor move a mark to another record.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from fairwatch.wire.headers import HANDLED

PROOF_BYTES = 16
NOBODY: frozenset[str] = frozenset()


class Marks:
    """Writes and believes marks.

    Args:
        key: Secret that all processors of a deployment share; without one no mark is written or believed.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __bool__(self) -> bool:
        """Tell whether there are marks."""
        return bool(self._key)

    def header(self, names: Sequence[str], topic: str, partition: int, record_id: bytes, value: bytes | None) -> bytes:
        """Return the value of the header: names, then their proof.

        Args:
            names: Processors that have handled it.
            topic: Full name.
            partition: Where it is written to.
            record_id: Its `ce_id`.
            value: The record.
        """
        said = ",".join(names).encode()
        return said + b" " + self._proof(said, topic, partition, record_id, value).hex().encode()

    def read(self, record: Any) -> frozenset[str]:
        """Return the processors that have handled a record off the wire; none where the mark is not ours."""
        if not record.headers or record.headers[-1][0] != HANDLED or not self._key:
            return NOBODY
        said, _, proof = (record.headers[-1][1] or b"").rpartition(b" ")
        record_id = dict(record.headers).get("ce_id") or b""
        wanted = self._proof(said, record.topic, record.partition, record_id, record.value).hex().encode()
        return frozenset(said.decode().split(",")) if hmac.compare_digest(wanted, proof) else NOBODY

    def _proof(self, said: bytes, topic: str, partition: int, record_id: bytes, value: bytes | None) -> bytes:
        told = b"\0".join((said, topic.encode(), b"%d" % partition, record_id, value or b""))
        return hmac.digest(self._key, told, sha256)[:PROOF_BYTES]
