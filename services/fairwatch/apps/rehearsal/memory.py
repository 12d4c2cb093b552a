"""State and references that live in memory, for whatever plays processors without Kafka."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.domain.history import History


class MemoryState:
    """domain.ports.State whose values pass through JSON, as they do through a changelog topic."""

    def __init__(self) -> None:
        self.partitions: dict[int, dict[str, str]] = {}
        self._generation = 0

    def get(self, partition: int, key: str) -> dict[str, Any] | None:
        """Return the value, or None."""
        text = self.partitions.get(partition, {}).get(key)
        return None if text is None else dict(json.loads(text))

    def put(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        """Set the value."""
        self.partitions.setdefault(partition, {})[key] = json.dumps(value)

    def delete(self, partition: int, key: str) -> None:
        """Forget the key."""
        self.partitions.get(partition, {}).pop(key, None)

    def items(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over a snapshot of a partition."""
        return iter([(key, json.loads(text)) for key, text in self.partitions.get(partition, {}).items()])

    def generation(self, partition: int) -> int:  # noqa: ARG002  # all go back together
        """Grow each time everything goes back."""
        return self._generation

    def snapshot(self) -> dict[int, dict[str, str]]:
        """Return a copy, to go back to with `restore`: a crash before the state was saved."""
        return copy.deepcopy(self.partitions)

    def restore(self, snapshot: dict[int, dict[str, str]]) -> None:
        """Go back to a snapshot."""
        self.partitions = copy.deepcopy(snapshot)
        self._generation += 1


class MemoryReference:
    """domain.ports.Reference over a dict."""

    def __init__(self, records: Mapping[str, Any] | None = None) -> None:
        self.records: dict[str, Any] = dict(records or {})
        self._version = len(self.records)
        self._history = History()

    @property
    def version(self) -> int:
        """Grow by one at each change."""
        return self._version

    def changed_since(self, version: int) -> list[str] | None:
        """Return the keys that changed after a version; None when that is not known."""
        return self._history.since(self._version - version)

    def get(self, key: str) -> Any | None:
        """Return the record, or None."""
        return self.records.get(key)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over all records by key."""
        return iter(list(self.records.items()))

    def put(self, key: str, record: Any) -> None:
        """Set a record."""
        self.records[key] = record
        self._changed(key)

    def remove(self, key: str) -> None:
        """Take a record out."""
        self.records.pop(key, None)
        self._changed(key)

    def _changed(self, key: str) -> None:
        self._version += 1
        self._history.note(key)
