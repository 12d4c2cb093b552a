"""The audit log as it comes, held against what was anchored, and what of it may be anchored next."""

from collections.abc import Iterable, Mapping
from typing import Any

from fairwatch.policy.audit_anchor import Held, digest, sealed
from fairwatch.policy.audit_chain import Fault
from fairwatch.policy.merkle import FIRST
from fairwatch.policy.signatures import PrivateKey

KEPT = 256  # checkpoints without peaks that are compared again at a start; `audit verify` compares all
DAY = 86_400_000_000  # microseconds


class History:
    """The checkpoints that were made, thinned out: what a start compares the log with, whatever its age.

    Attributes:
        last: What the newest one says of each chain.
        previous: Its digest.
        at: Its time in microseconds UTC; 0 where there is none.
    """

    def __init__(self, checkpoints: Iterable[Mapping[str, Any]]) -> None:
        self.last: dict[str, Mapping[str, Any]] = {}
        self.previous, self.at = FIRST, 0
        self._whole: list[Mapping[str, Any]] = []
        self._plain: list[Mapping[str, Any]] = []
        for said in checkpoints:
            self.add(said)

    def add(self, said: Mapping[str, Any]) -> None:
        """Take the next one."""
        self.last.update(said["chains"])
        self.previous, self.at = digest(said), int(said["at"])
        (self._whole if has_peaks(said) else self._plain).append(said)
        if len(self._plain) > KEPT:
            self._plain[:] = [*self._plain[:-1:2], self._plain[-1]]

    def kept(self) -> list[Mapping[str, Any]]:
        """Return those that are still known whole."""
        return [*self._whole, *self._plain]


def has_peaks(said: Mapping[str, Any]) -> bool:
    """Tell whether trees can go on from a checkpoint."""
    return any(head.get("peaks") for head in said["chains"].values())


class AnchoredLog:
    """Takes the log record by record; what does not fit what was anchored is a fault, and its chain stands still.

    Args:
        history: What was anchored before.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.broken: dict[str, Fault] = {}
        self._held = Held(history.kept(), from_start=False)
        self._grew = 0

    @property
    def grew(self) -> int:
        """How many records came since the last checkpoint."""
        return self._grew

    def look(self, record: Mapping[str, Any]) -> Fault | None:
        """Take a record; return what it shows to be wrong with its chain, once for each chain."""
        chain, sequence = str(record.get("chain", "")), record.get("sequence")
        if chain in self.broken or not isinstance(sequence, int):
            return None
        tree = self._held.trees.get(chain)
        if sequence == 1 and tree is not None and tree.size:
            tree = self._held.trees.pop(chain)  # read again, or written anew: what was anchored tells which
            if chain in self.history.last:
                self._held.want(chain, self.history.last[chain])
        size = tree.size if tree is not None else 0
        begins_late = tree is None and sequence <= int(self.history.last.get(chain, {"sequence": 0})["sequence"]) + 1
        if sequence > size + 1 and not begins_late:
            what = f"records {size + 1} to {sequence - 1} are missing, and no checkpoint speaks of them"
            return self._break(Fault(chain, size + 1, "removed", what))
        if self._held.look(record):
            self._grew += 1
        if self._held.faults:
            return self._break(self._held.faults.pop())
        return None

    def missing(self, chain: str) -> Fault | None:
        """Return what a chain lacks, once everything that there is was read; once for each chain."""
        if chain in self.broken or chain not in self.history.last:
            return None
        tree, most = self._held.trees.get(chain), int(self.history.last[chain]["sequence"])
        size = tree.size if tree is not None else 0
        if size >= most:
            return None
        what = f"records {size + 1} to {most} were there at a checkpoint and are not any more"
        return self._break(Fault(chain, size + 1, "removed", what))

    def checkpoint(self, key: PrivateKey, at: int) -> dict[str, Any] | None:
        """Return the next checkpoint, signed; None where no chain grew beyond the last one.

        A chain that is broken, or shorter than it was (it is still being read), is said to be what it was. Peaks are
        said once a day.
        """
        peaks = at // DAY != self.history.at // DAY
        chains, grown = dict(self.history.last), False
        for chain, tree in self._held.trees.items():
            if chain in self.broken or self._held.is_late(chain):
                continue
            known = int(self.history.last.get(chain, {"sequence": 0})["sequence"])
            if tree.size >= known and tree.size:
                chains[chain] = tree.said(peaks=peaks)
                grown = grown or tree.size > known
        self._grew = 0
        if not grown:
            return None
        made = sealed(chains, key, at=at, previous=self.history.previous)
        self.history.add(made)
        return made

    def size(self) -> int:
        """Return how many records the log holds."""
        return sum(tree.size for tree in self._held.trees.values())

    def _break(self, fault: Fault) -> Fault:
        self.broken[fault.chain] = fault
        return fault


def covered(said: Mapping[str, Any]) -> int:
    """Return how many records a checkpoint vouches for."""
    return sum(int(head["sequence"]) for head in said["chains"].values())
