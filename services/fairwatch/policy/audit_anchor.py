"""Checkpoints of the audit log, signed and kept where whoever can write to Kafka cannot.

A checkpoint names, for each chain, how many records it had, the hash of the last one, and root and peaks of the Merkle
tree (RFC 6962, see `merkle`) over the hashes of all of them. Held against it, a log that was rewritten from its
beginning, cut off at its end, emptied, or left without one of its chains is found. Each checkpoint also names the
one before, so that none can be taken out of their file, but for the last.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairwatch.policy.audit_chain import Fault
from fairwatch.policy.merkle import FIRST, Tree
from fairwatch.policy.signatures import PrivateKey, PublicKey

PURPOSE = b"fairwatch/1 audit checkpoint\0"


def checkpoint(trees: Mapping[str, Tree], key: PrivateKey, *, at: int, previous: str = FIRST) -> dict[str, Any]:
    """Return a signed checkpoint; `at` in microseconds UTC, `previous` is the `digest` of the one before."""
    return sealed({name: tree.said() for name, tree in trees.items() if tree.size}, key, at=at, previous=previous)


def sealed(chains: Mapping[str, Mapping[str, Any]], key: PrivateKey, *, at: int, previous: str) -> dict[str, Any]:
    """Return the same of what is said of each chain."""
    said = {"at": at, "chains": dict(sorted(chains.items())), "previous": previous, "key_id": key.public.key_id}
    return {**said, "signature": key.sign(_bytes(said))}


def digest(said: Mapping[str, Any]) -> str:
    """Return what the next checkpoint names this one by."""
    return hashlib.sha256(_bytes(said)).hexdigest()


def is_signed(said: Mapping[str, Any], trusted: Iterable[PublicKey]) -> bool:
    """Tell whether one of these keys signed a checkpoint."""
    key = next((key for key in trusted if key.key_id == said.get("key_id")), None)
    return key is not None and key.signed(_bytes(said), str(said.get("signature")))


def faults_of(
    checkpoints: Iterable[Mapping[str, Any]], trusted: Iterable[PublicKey], *, first: int = 1, previous: str = FIRST
) -> Iterator[Fault]:
    """Yield what is wrong with the checkpoints themselves: order, signature, key.

    Args:
        checkpoints: Oldest first.
        trusted: Keys that may sign them.
        first: Number of the first of them.
        previous: `digest` of the one before.
    """
    known = list(trusted)
    for number, said in enumerate(checkpoints, first):
        if not is_signed(said, known):
            yield Fault("checkpoints", number, "edited", "it is not signed with a key that is trusted here")
        if said.get("previous") != previous:
            yield Fault("checkpoints", number, "removed", "it does not follow from the one before")
        previous = digest(said)


@dataclass(slots=True)
class Uncovered:
    """Records that are newer than every checkpoint: nothing vouches for them.

    Attributes:
        since: Time of the oldest of them, in microseconds UTC, as it says itself; 0 where there is none.
    """

    records: int = 0
    since: int = 0


class Held:
    """Holds a log against checkpoints, record by record, as it is read.

    Args:
        checkpoints: What was said of the log, oldest first.
        from_start: Whether the beginning must be there. Without it a chain that begins later is taken up at the first
            checkpoint that it comes to, by the peaks of its tree; where a checkpoint has none, only the hash of its
            last record is compared.
    """

    def __init__(self, checkpoints: Sequence[Mapping[str, Any]], *, from_start: bool = True) -> None:
        self._from_start = from_start
        self.trees: dict[str, Tree] = {}
        self.faults: list[Fault] = []
        self.uncovered = Uncovered()
        self._begun_late: set[str] = set()
        self._wanted: dict[str, dict[int, Mapping[str, Any]]] = {}
        self._most: dict[str, int] = {}
        for said in checkpoints:
            for chain, head in said.get("chains", {}).items():
                self.want(chain, head)

    def watch(self, records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Hand records on and look at each; a record that comes again is looked at once."""
        for record in records:
            self.look(record)
            yield record

    def look(self, record: Mapping[str, Any]) -> bool:
        """Take the next record of its chain; tell whether it was that."""
        chain, sequence = str(record.get("chain", "")), record.get("sequence")
        tree = self.trees.setdefault(chain, Tree())
        if not tree.size and not self._from_start and isinstance(sequence, int) and sequence > 1:
            tree = self._begin_late(chain, sequence)
        if sequence != tree.size + 1:
            return False
        tree.add(str(record.get("hash")))
        self._compare(chain, tree)
        if tree.size > self._most.get(chain, 0):
            self._note_uncovered(record)
        return True

    def is_late(self, chain: str) -> bool:
        """Tell whether the beginning of a chain is gone, and no checkpoint has been met from which its tree goes on."""
        return chain in self._begun_late

    def end(self) -> list[Fault]:
        """Return what is missing or other than it was said to be; nothing is looked at after that."""
        self.faults = self.found()
        return self.faults

    def found(self) -> list[Fault]:
        """Return the same of what was looked at until now."""
        missing = []
        for chain, most in self._most.items():
            size = self.trees[chain].size if chain in self.trees else 0
            if most > size:
                what = f"records {size + 1} to {most} were there at a checkpoint and are not any more"
                missing.append(Fault(chain, size + 1, "removed", what))
        return [*self.faults, *missing]

    def most(self, chain: str) -> int:
        """Return how many records of a chain the checkpoints know; 0 for none."""
        return self._most.get(chain, 0)

    def want(self, chain: str, head: Mapping[str, Any]) -> None:
        """Compare a chain with what a further checkpoint says of it, when it comes to be read so far."""
        heads, size = self._wanted.setdefault(chain, {}), int(head["sequence"])
        self._most[chain] = max(size, self._most.get(chain, 0))
        if chain in self.trees and size == self.trees[chain].size:
            heads[size] = head
            self._compare(chain, self.trees[chain])
            return
        known = heads.get(size)
        if known is not None and (known["hash"], known["root"]) != (head["hash"], head["root"]):
            self.faults.append(Fault(chain, size, "edited", "two checkpoints say different things of it"))
        if known is None or head.get("peaks"):
            heads[size] = head

    def forget_compared(self) -> None:
        """Forget what was said of records that were looked at; the log is not read again."""
        for chain, heads in self._wanted.items():
            size = self.trees[chain].size if chain in self.trees else 0
            self._wanted[chain] = {at: head for at, head in heads.items() if at > size}

    def _begin_late(self, chain: str, sequence: int) -> Tree:
        """Return the tree of what lies before a record; of the right size only, until a checkpoint is met."""
        before = self._wanted.get(chain, {}).get(sequence - 1)
        tree = Tree.of(before) if before is not None else None
        if tree is None:
            tree = Tree(size=sequence - 1)
            self._begun_late.add(chain)
        self.trees[chain] = tree
        return tree

    def _note_uncovered(self, record: Mapping[str, Any]) -> None:
        at = record.get("at")
        self.uncovered.records += 1
        if isinstance(at, int) and (not self.uncovered.since or at < self.uncovered.since):
            self.uncovered.since = at

    def _compare(self, chain: str, tree: Tree) -> None:
        head = self._wanted.get(chain, {}).get(tree.size)
        if head is None:
            return
        late = chain in self._begun_late
        root = head["root"] if late else tree.root()
        if (head["hash"], head["root"]) != (tree.last, root):
            what = "it, or a record before it, is not what it was at a checkpoint"
            self.faults.append(Fault(chain, tree.size, "edited", what))
        elif late and (known := Tree.of(head)) is not None:
            self.trees[chain] = known
            self._begun_late.discard(chain)


def _bytes(said: Mapping[str, Any]) -> bytes:
    covered = {name: value for name, value in said.items() if name != "signature"}
    return PURPOSE + json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
