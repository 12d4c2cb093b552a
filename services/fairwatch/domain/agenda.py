"""When which key of a keyed state is due, so that a tick does not have to read the whole state."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State

RESCAN = 60_000_000


class Agenda:
    """Keyed state that remembers when each key is due.

    The state is read whole when a partition is first seen and once a minute after, since another worker may have
    changed it between two assignments; in between only the keys that were put are known.

    Args:
        state: The state of the processor.
        due_at: Says of a value when it is due, in microseconds; None for never.
    """

    def __init__(self, state: State, due_at: Callable[[Mapping[str, Any]], int | None]) -> None:
        self._state = state
        self._due_at = due_at
        self._times: dict[int, dict[str, int]] = {}
        self._scanned: dict[int, int] = {}

    def get(self, partition: int, key: str) -> dict[str, Any] | None:
        """Return the value, or None."""
        return self._state.get(partition, key)

    def put(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        """Set the value and note when it is due."""
        self._state.put(partition, key, value)
        self._note(partition, key, value)

    def delete(self, partition: int, key: str) -> None:
        """Forget the key."""
        self._state.delete(partition, key)
        self._times.get(partition, {}).pop(key, None)

    def items(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over a snapshot of what was put; the state also holds the memory of what was done."""
        return ((key, value) for key, value in self._state.items(partition) if not key.startswith(HIDDEN))

    def due(self, partitions: Sequence[int], now: int) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Iterate over (partition, key, value) of what is due now, earliest first."""
        self._times = {partition: self._times.get(partition, {}) for partition in partitions}
        self._scanned = {partition: at for partition, at in self._scanned.items() if partition in self._times}
        for partition in partitions:
            if abs(now - self._scanned.get(partition, -RESCAN)) >= RESCAN:
                self._scan(partition, now)
            late = sorted((at, key) for key, at in self._times[partition].items() if at <= now)
            for _, key in late:
                value = self._state.get(partition, key)
                if value is None:
                    self._times[partition].pop(key, None)
                elif (at := self._due_at(value)) is not None and at <= now:
                    yield partition, key, value

    def _scan(self, partition: int, now: int) -> None:
        self._scanned[partition] = now
        self._times[partition] = {}
        for key, value in self.items(partition):
            self._note(partition, key, value)

    def _note(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        at = self._due_at(value)
        times = self._times.setdefault(partition, {})
        if at is None:
            times.pop(key, None)
        else:
            times[key] = at
