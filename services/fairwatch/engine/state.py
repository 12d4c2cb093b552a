"""Keyed state of the partitions that this worker owns, kept in a compacted changelog topic."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fairwatch.domain.errors import ConfigurationError

MARK = "\0begun"  # not a key of any processor: says that a partition has been written to, by which version, since when
FOREIGN = 1 << 31  # version of a changelog that holds what no version that we know of writes

Rows = dict[str, bytes]


def snug(value: bytes) -> bytes:
    """Return a copy: what `orjson.dumps` returns keeps the whole buffer it was written in, 4 KiB for 600 bytes."""
    return bytes(memoryview(value))


@dataclass(slots=True)
class Held:
    """One partition: its changelog, folded up to (not including) the offset `position`.

    Attributes:
        begin: First offset that the changelog has.
        mark: What `begin` was when the changelog was written to first, or when its loss was accepted; None: never.
        version: Of the form of what is written, `Spec.state_version`.
        at: When that was last known to be true, in microseconds.
    """

    rows: Rows
    position: int = 0
    begin: int = 0
    mark: int | None = None
    version: int = 1
    at: int = 0


class PartitionedState:
    """The State port: plain dictionaries of JSON bytes, so that what a processor was given cannot change them.

    Changes since the last savepoint can be rolled back (an event that failed half way), and the keys changed since
    the last flush are known (what has to go to the changelog).

    Args:
        version: Of the form in which the processor keeps its state.
    """

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self._partitions: dict[int, Held] = {}
        self._kept: dict[int, Held] = {}
        self._undo: dict[tuple[int, str], bytes | None] = {}
        self._dirty: dict[tuple[int, str], None] = {}
        self._generations: dict[int, int] = {}

    def get(self, partition: int, key: str) -> dict[str, Any] | None:
        """Return a copy of the value, or None."""
        value = self._rows(partition).get(key)
        return None if value is None else orjson.loads(value)

    def put(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        """Set the value, which must be a JSON object."""
        self._write(partition, key, snug(orjson.dumps(value)))

    def delete(self, partition: int, key: str) -> None:
        """Forget the key."""
        if key in self._rows(partition):
            self._write(partition, key, None)

    def items(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over a snapshot of a partition."""
        for key, value in list(self._rows(partition).items()):
            yield key, orjson.loads(value)

    def generation(self, partition: int) -> int:
        """Grow each time a partition is restored or changes of it are undone."""
        return self._generations.get(partition, 0)

    @property
    def partitions(self) -> list[int]:
        """Those restored."""
        return sorted(self._partitions)

    @property
    def keys(self) -> int:
        """How many are held."""
        return sum(len(held.rows) for held in self._partitions.values())

    @property
    def kept(self) -> Mapping[int, Held]:
        """Partitions that were released and may come back: only what was written since has to be read then."""
        return self._kept

    def restore(self, found: Mapping[int, Held]) -> None:
        """Take over what the changelog holds of the partitions we own, and forget all others."""
        self._partitions = dict(found)
        self._kept = {}
        self._went_back(found)
        marked = {number for number, held in found.items() if (held.mark, held.version) == (held.begin, self.version)}
        self._dirty.update({(number, MARK): None for number in found.keys() - marked})

    def release(self) -> None:
        """Give every partition up; those with changes that did not reach the changelog are forgotten."""
        unsaved = {partition for partition, key in self._dirty if key != MARK}
        self._kept |= {number: held for number, held in self._partitions.items() if number not in unsaved}
        self._partitions = {}
        self._undo.clear()
        self._dirty.clear()

    def savepoint(self) -> None:
        """Keep the changes so far."""
        self._undo.clear()

    def rollback(self, *, ticked: bool = False) -> None:
        """Undo the changes since the last savepoint; where a tick failed, it has to look through everything again."""
        self._went_back(self._partitions if ticked else {partition for partition, _ in self._undo})
        for (partition, key), value in self._undo.items():
            rows = self._rows(partition)
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value
        self._undo.clear()

    def changes(self) -> list[tuple[int, str, bytes | None]]:
        """Return partition, key and value (None: deleted) of what changed since `flushed`."""
        return [(partition, key, self._value(partition, key)) for partition, key in self._dirty]

    def flushed(self, written: Iterable[tuple[int, int]], now: int, *, alone: bool = False) -> Collection[int]:
        """Say that the changelog has acknowledged `changes`.

        Args:
            written: Partition and offset of each, in order; a negative offset is not known.
            now: Microseconds.
            alone: Nobody else can have written: what lies between are marks of transactions.

        Returns:
            Partitions whose changelog begins anew under us: it was lost, and `changes` has everything again.
        """
        for partition in {partition for partition, key in self._dirty if key == MARK}:
            held = self._partitions[partition]
            held.mark, held.version = held.begin, self.version
        self._dirty.clear()
        anew: dict[int, None] = {}
        for partition, offset in written:
            held = self._partitions[partition]
            if 0 <= offset < held.position:
                anew[partition] = None
                held.position = 0
            # Where somebody else wrote in between, whoever reads on from here finds it.
            if offset == held.position or (alone and offset > held.position):
                held.position, held.at = offset + 1, now
        for partition in anew:
            self._dirty.update({(partition, key): None for key in (MARK, *self._partitions[partition].rows)})
        return anew

    def _went_back(self, partitions: Iterable[int]) -> None:
        for number in partitions:
            self._generations[number] = self.generation(number) + 1

    def _value(self, partition: int, key: str) -> bytes | None:
        held = self._partitions[partition]
        if key == MARK:
            return orjson.dumps({"begin": held.begin, "version": self.version})
        return held.rows.get(key)

    def _rows(self, partition: int) -> Rows:
        try:
            return self._partitions[partition].rows
        except KeyError:
            raise ConfigurationError(
                f"state of partition {partition} is not held: topics read together with state need equally many"
            ) from None

    def _write(self, partition: int, key: str, value: bytes | None) -> None:
        rows, place = self._rows(partition), (partition, key)
        self._undo.setdefault(place, rows.get(key))
        self._dirty[place] = None
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
