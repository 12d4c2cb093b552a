"""Checkpoints of the audit log, signed and kept where whoever can write to Kafka cannot.

A checkpoint names, for each chain, how many records it had, the hash of the last one, and the root of the Merkle tree
(RFC 6962) over the hashes of all of them. Held against it, a log that was rewritten from its beginning, cut off at its
end, emptied, or left without one of its chains is found. Each checkpoint also names the one before, so that none can be
taken out of their file, but for the last.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairwatch.policy.audit_chain import Fault
from fairwatch.policy.signatures import PrivateKey, PublicKey

FIRST = "0" * 64
PURPOSE = b"fairwatch/1 audit checkpoint\0"


@dataclass(slots=True)
class Tree:
    """The Merkle tree of one chain; it holds one hash for each bit of its size, and grows record by record."""

    size: int = 0
    last: str = FIRST
    _peaks: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, record_hash: str) -> None:
        """Add the next record by its hash."""
        self.size, self.last = self.size + 1, record_hash
        node = (1, hashlib.sha256(b"\0" + record_hash.encode()).digest())
        while self._peaks and self._peaks[-1][0] == node[0]:
            width, left = self._peaks.pop()
            node = (2 * width, hashlib.sha256(b"\1" + left + node[1]).digest())
        self._peaks.append(node)

    def root(self) -> str:
        """Return the root over everything that was added."""
        if not self._peaks:
            return hashlib.sha256(b"").hexdigest()
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = hashlib.sha256(b"\1" + left + node).digest()
        return node.hex()

    def said(self) -> dict[str, Any]:
        """Return what a checkpoint says of it."""
        return {"sequence": self.size, "hash": self.last, "root": self.root()}


def checkpoint(trees: Mapping[str, Tree], key: PrivateKey, *, at: int, previous: str = FIRST) -> dict[str, Any]:
    """Return a signed checkpoint; `at` in microseconds UTC, `previous` is the `digest` of the one before."""
    said = {
        "at": at,
        "chains": {name: tree.said() for name, tree in sorted(trees.items()) if tree.size},
        "previous": previous,
        "key_id": key.public.key_id,
    }
    return {**said, "signature": key.sign(_bytes(said))}


def digest(said: Mapping[str, Any]) -> str:
    """Return what the next checkpoint names this one by."""
    return hashlib.sha256(_bytes(said)).hexdigest()


def faults_of(checkpoints: Sequence[Mapping[str, Any]], trusted: Iterable[PublicKey]) -> Iterator[Fault]:
    """Yield what is wrong with the checkpoints themselves: order, signature, key."""
    known = {key.key_id: key for key in trusted}
    previous = FIRST
    for number, said in enumerate(checkpoints, 1):
        key = known.get(str(said.get("key_id")))
        if key is None or not key.signed(_bytes(said), str(said.get("signature"))):
            yield Fault("checkpoints", number, "edited", "it is not signed with a key that is trusted here")
        if said.get("previous") != previous:
            yield Fault("checkpoints", number, "removed", "it does not follow from the one before")
        previous = digest(said)


class Held:
    """Holds a log against checkpoints, record by record, as it is read.

    Args:
        checkpoints: What was said of the log, oldest first.
        from_start: Whether the beginning must be there; without it only the hash of each last record is compared.
    """

    def __init__(self, checkpoints: Sequence[Mapping[str, Any]], *, from_start: bool = True) -> None:
        self._from_start = from_start
        self.trees: dict[str, Tree] = {}
        self.faults: list[Fault] = []
        self._wanted: dict[str, dict[int, Mapping[str, Any]]] = {}
        for said in checkpoints:
            for chain, head in said.get("chains", {}).items():
                self._wanted.setdefault(chain, {})[int(head["sequence"])] = head

    def watch(self, records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Hand records on and look at each; a record that comes again is looked at once."""
        for record in records:
            tree = self.trees.setdefault(str(record.get("chain", "")), Tree())
            sequence = record.get("sequence")
            if not tree.size and not self._from_start and isinstance(sequence, int):
                tree.size = sequence - 1
            if sequence == tree.size + 1:
                tree.add(str(record.get("hash")))
                self._compare(str(record.get("chain", "")), tree)
            yield record

    def end(self) -> list[Fault]:
        """Return what is missing or other than it was said to be."""
        for chain, heads in self._wanted.items():
            size = self.trees[chain].size if chain in self.trees else 0
            if (most := max(heads)) > size:
                what = f"records {size + 1} to {most} were there at a checkpoint and are not any more"
                self.faults.append(Fault(chain, size + 1, "removed", what))
        return self.faults

    def _compare(self, chain: str, tree: Tree) -> None:
        head = self._wanted.get(chain, {}).get(tree.size)
        if head is None:
            return
        root = tree.root() if self._from_start else head["root"]
        if (head["hash"], head["root"]) != (tree.last, root):
            what = "it, or a record before it, is not what it was at a checkpoint"
            self.faults.append(Fault(chain, tree.size, "edited", what))


def _bytes(said: Mapping[str, Any]) -> bytes:
    covered = {name: value for name, value in said.items() if name != "signature"}
    return PURPOSE + json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
