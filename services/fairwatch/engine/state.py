"""Keyed state of the partitions that this worker owns, kept in a compacted changelog topic."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from fairwatch.domain.errors import ConfigurationError

Rows = dict[str, bytes]


class PartitionedState:
    """The State port: plain dictionaries of JSON bytes, so that what a processor was given cannot change them.

    Changes since the last savepoint can be rolled back (an event that failed half way), and the keys changed since
    the last flush are known (what has to go to the changelog).
    """

    def __init__(self) -> None:
        self._partitions: dict[int, Rows] = {}
        self._undo: dict[tuple[int, str], bytes | None] = {}
        self._dirty: dict[tuple[int, str], None] = {}

    def get(self, partition: int, key: str) -> dict[str, Any] | None:
        """Return a copy of the value, or None."""
        value = self._rows(partition).get(key)
        return None if value is None else orjson.loads(value)

    def put(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        """Set the value, which must be a JSON object."""
        self._write(partition, key, orjson.dumps(value))

    def delete(self, partition: int, key: str) -> None:
        """Forget the key."""
        if key in self._rows(partition):
            self._write(partition, key, None)

    def items(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over a snapshot of a partition."""
        for key, value in list(self._rows(partition).items()):
            yield key, orjson.loads(value)

    @property
    def partitions(self) -> list[int]:
        """Those restored."""
        return sorted(self._partitions)

    def restore(self, partition: int, rows: Rows) -> None:
        """Take over a partition with what its changelog holds."""
        self._partitions[partition] = rows

    def drop(self) -> None:
        """Forget every partition: another worker may own them next."""
        self._partitions.clear()
        self._undo.clear()
        self._dirty.clear()

    def savepoint(self) -> None:
        """Keep the changes so far."""
        self._undo.clear()

    def rollback(self) -> None:
        """Undo the changes since the last savepoint."""
        for (partition, key), value in self._undo.items():
            rows = self._partitions[partition]
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value
        self._undo.clear()

    def changes(self) -> list[tuple[int, str, bytes | None]]:
        """Return partition, key and value (None: deleted) of what changed since `flushed`."""
        return [(partition, key, self._partitions[partition].get(key)) for partition, key in self._dirty]

    def flushed(self) -> None:
        """Say that the changelog has acknowledged `changes`."""
        self._dirty.clear()

    def _rows(self, partition: int) -> Rows:
        try:
            return self._partitions[partition]
        except KeyError:
            raise ConfigurationError(
                f"state of partition {partition} is not held: topics read together with state need equally many"
            ) from None

    def _write(self, partition: int, key: str, value: bytes | None) -> None:
        rows = self._rows(partition)
        self._undo.setdefault((partition, key), rows.get(key))
        self._dirty[partition, key] = None
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
