"""A header that proves which processor of the hub wrote a record: whoever merely may write to a topic cannot make it.

The proof is a keyed hash (BLAKE2b) of the writer, the topic, the key, the record's `ce_id`, which names the partition
and offset that it follows from, and its bytes. Records that people may be harmed by bear one: see `BOUND`.
"""

import hmac
from collections.abc import Mapping
from hashlib import blake2b, sha256

BOND = "fw_bond"
PROOF_BYTES = 16
PURPOSE = b"fairwatch bond"  # the same secret proves marks of chains: neither is ever taken for the other

# What only processors write, and what is acted on: a foreign record of these is no candidate, verdict or alert.
BOUND = frozenset(
    {
        "candidates", "verdicts", "correlation-steps", "alert-triggers", "alerts", "audit", "inhibitions",
        "incident-steps",
    }
)  # fmt: skip

SHARD = "-shard-"  # behind the name of a processor that holds a part of the lists


def without_shard(writer: str) -> str:
    """Return the processor, whichever part of the lists it holds."""
    return writer.partition(SHARD)[0]


class Bonds:
    """Writes and believes bonds.

    Args:
        key: Secret that all processors of a deployment share; without one nothing is bound, and nothing is refused.
        accepts: Records without a bond are taken, for the time of an upgrade.

    Attributes:
        said: In a word what becomes of these: `none` are asked for, `accepted`, `asked`.
    """

    def __init__(self, key: bytes = b"", *, accepts: bool = False) -> None:
        self._key = hmac.digest(key, PURPOSE, sha256) if key else b""
        self._unknown = None if accepts or not key else ""
        self.said = "none" if not key else "accepted" if accepts else "asked"

    def __bool__(self) -> bool:
        """Tell whether there are bonds."""
        return bool(self._key)

    def header(self, writer: str, topic: str, key: bytes, record_id: bytes, value: bytes) -> bytes:
        """Return the value of the header: the writer, then its proof.

        Args:
            writer: Name of the processor.
            topic: Logical name.
            key: Of the record.
            record_id: Its `ce_id`.
            value: Its bytes; none where it takes away what is under the key.
        """
        said = writer.encode()
        return said + b" " + self._proof(said, topic, key, record_id, value)

    def writer(self, topic: str, key: bytes | None, headers: Mapping[str, bytes], value: bytes | None) -> str | None:
        """Return who wrote a record of a bound topic: "" where nobody of ours did, None where that is not asked."""
        if not self._key:
            return None
        said, _, proof = (headers.get(BOND) or b"").rpartition(b" ")
        wanted = self._proof(said, topic, key or b"", headers.get("ce_id") or b"", value or b"")
        return said.decode() if said and hmac.compare_digest(wanted, proof) else self._unknown

    def _proof(self, said: bytes, topic: str, key: bytes, record_id: bytes, value: bytes) -> bytes:
        where = topic.encode()
        told = b"%d %d %d %d " % (len(said), len(where), len(key), len(record_id))
        proof = blake2b(told + said + where + key + record_id + value, digest_size=PROOF_BYTES, key=self._key)
        return proof.hexdigest().encode()
