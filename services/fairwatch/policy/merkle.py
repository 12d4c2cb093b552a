"""Merkle trees as in RFC 6962: one root says what every record of a log was, and short proofs say what belongs to it.

A leaf is SHA-256 over a zero byte and the record's hash in hex; a node is SHA-256 over a one byte and its two halves.
A tree of n leaves splits at the greatest power of two below n. Its *peaks* are the whole subtrees that it consists of,
the widest first: with them it grows without the records that are in it already.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

FIRST = "0" * 64


def leaf(record_hash: str) -> bytes:
    """Return the leaf of a record by its hash in hex."""
    return hashlib.sha256(b"\0" + record_hash.encode()).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the node above two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


def split(size: int) -> int:
    """Return the greatest power of two below a size above one.

    >>> [split(size) for size in (2, 3, 4, 5, 8, 9)]
    [1, 2, 2, 4, 4, 8]
    """
    return 1 << ((size - 1).bit_length() - 1)


def widths(size: int) -> list[int]:
    """Return how many leaves each peak of a tree covers.

    >>> widths(11)
    [8, 2, 1]
    """
    return [1 << bit for bit in reversed(range(size.bit_length())) if size >> bit & 1]


@dataclass(slots=True)
class Tree:
    """The tree of one chain; it holds one hash for each bit of its size, and grows record by record."""

    size: int = 0
    last: str = FIRST
    _peaks: list[tuple[int, bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self | None:
        """Return the tree that a checkpoint speaks of; None where its peaks are missing or do not give its root."""
        size, peaks = int(said["sequence"]), said.get("peaks") or []
        if len(peaks) != len(widths(size)):
            return None
        try:
            found = [(width, bytes.fromhex(peak)) for width, peak in zip(widths(size), peaks, strict=True)]
        except (ValueError, TypeError):
            return None
        tree = cls(size, str(said["hash"]), found)
        return tree if tree.root() == said["root"] else None

    def add(self, record_hash: str) -> None:
        """Add the next record by its hash."""
        self.size, self.last = self.size + 1, record_hash
        top = (1, leaf(record_hash))
        while self._peaks and self._peaks[-1][0] == top[0]:
            width, left = self._peaks.pop()
            top = (2 * width, node(left, top[1]))
        self._peaks.append(top)

    def root(self) -> str:
        """Return the root over everything that was added."""
        if not self._peaks:
            return hashlib.sha256(b"").hexdigest()
        found = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            found = node(left, found)
        return found.hex()

    def said(self, *, peaks: bool = True) -> dict[str, Any]:
        """Return what a checkpoint says of it."""
        said: dict[str, Any] = {"sequence": self.size, "hash": self.last, "root": self.root()}
        return said | ({"peaks": [peak.hex() for _, peak in self._peaks]} if peaks else {})


class Leaves:
    """What is known of a tree: its leaves from some place on, and the peaks of everything before.

    Args:
        hashes: Hashes in hex of the records, the first one behind `before`.
        before: Tree of the records that are not there any more.
    """

    def __init__(self, hashes: Sequence[str], before: Tree | None = None) -> None:
        self._first = before.size if before else 0
        self._hashes = hashes
        self._known: dict[tuple[int, int], bytes] = {}
        at = 0
        for width, peak in before._peaks if before else ():  # noqa: SLF001  of the same module
            self._known[at, at + width] = peak
            at += width

    def inclusion(self, index: int, size: int) -> list[str]:
        """Return the nodes that lead from a leaf, counted from 0, to the root of the first `size` leaves.

        Raises:
            LookupError: They need leaves that are not there any more, or not yet.
        """
        return [found.hex() for found in self._path(index, 0, size)]

    def consistency(self, old: int, new: int) -> list[str]:
        """Return the nodes by which the tree of the first `new` leaves is seen to begin with the tree of `old` ones.

        Raises:
            LookupError: As `inclusion`.
        """
        return [found.hex() for found in self._subproof(old, 0, new, whole=True)] if 0 < old < new else []

    def _path(self, index: int, low: int, high: int) -> list[bytes]:
        if high - low == 1:
            return []
        middle = low + split(high - low)
        if index < middle:
            return [*self._path(index, low, middle), self._node(middle, high)]
        return [*self._path(index, middle, high), self._node(low, middle)]

    def _subproof(self, old: int, low: int, high: int, *, whole: bool) -> list[bytes]:
        if old == high:
            return [] if whole else [self._node(low, high)]
        middle = low + split(high - low)
        if old <= middle:
            return [*self._subproof(old, low, middle, whole=whole), self._node(middle, high)]
        return [*self._subproof(old, middle, high, whole=False), self._node(low, middle)]

    def _node(self, low: int, high: int) -> bytes:
        if (known := self._known.get((low, high))) is not None:
            return known
        if high - low == 1:
            if not 0 <= low - self._first < len(self._hashes):
                raise LookupError(f"record {low + 1} is not there")
            return leaf(self._hashes[low - self._first])
        middle = low + split(high - low)
        return node(self._node(low, middle), self._node(middle, high))


def included(record_hash: str, index: int, size: int, path: Sequence[str], root: str) -> bool:
    """Tell whether a path leads from a record to a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    found, at, last = leaf(record_hash), index, size - 1
    for text in path:
        if last == 0:
            return False
        beside = bytes.fromhex(text)
        if at & 1 or at == last:
            found = node(beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and found.hex() == root


def consistent(old: int, old_root: str, new: int, new_root: str, path: Sequence[str]) -> bool:
    """Tell whether the tree of `new` leaves begins with the tree of `old` ones (RFC 9162, 2.1.4.2)."""
    if old == new:
        return old_root == new_root and not path
    nodes = [bytes.fromhex(text) for text in path]
    if not 0 < old < new or not nodes:
        return False
    if old & (old - 1) == 0:
        nodes.insert(0, bytes.fromhex(old_root))
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = nodes[0]
    for beside in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node(beside, before), node(beside, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node(after, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and before.hex() == old_root and after.hex() == new_root
