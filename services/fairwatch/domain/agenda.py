"""When which key of a keyed state is due, so that a tick does not have to read the whole state."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State

RESCAN = 60_000_000
SLACK = 1024  # entries of a queue that may be out of date


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
        self._queues: dict[int, list[tuple[int, str]]] = {}  # the same, earliest first; some are out of date
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
        for partition in self._times.keys() - set(partitions):
            for known in (self._times, self._queues, self._scanned):
                known.pop(partition, None)
        for partition in partitions:
            if abs(now - self._scanned.get(partition, -RESCAN)) >= RESCAN:
                self._scan(partition, now)
            for key in self._late(partition, now):
                value = self._state.get(partition, key)
                if value is None:
                    self._times[partition].pop(key, None)
                elif (at := self._due_at(value)) is not None and at <= now:
                    yield partition, key, value
                else:  # what was put was rolled back
                    self._note(partition, key, value)

    def next_at(self) -> int | None:
        """Return when the next key is due, in microseconds; None when none is known."""
        return min((first[0] for number in self._queues if (first := self._first(number)) is not None), default=None)

    def _late(self, partition: int, now: int) -> Sequence[str]:
        """Return the keys that are due; they stay in the queue until they are put or deleted."""
        late: dict[tuple[int, str], None] = {}
        while (first := self._first(partition)) is not None and first[0] <= now:
            late[heappop(self._queues[partition])] = None
        for entry in late:
            heappush(self._queues[partition], entry)
        return [key for _, key in late]

    def _first(self, partition: int) -> tuple[int, str] | None:
        queue, times = self._queues[partition], self._times[partition]
        while queue and times.get(queue[0][1]) != queue[0][0]:
            heappop(queue)
        return queue[0] if queue else None

    def _scan(self, partition: int, now: int) -> None:
        self._scanned[partition] = now
        self._times[partition], self._queues[partition] = {}, []
        for key, value in self.items(partition):
            self._note(partition, key, value)

    def _note(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        at = self._due_at(value)
        times, queue = self._times.setdefault(partition, {}), self._queues.setdefault(partition, [])
        if at is None:
            times.pop(key, None)
        elif times.get(key) != at:
            times[key] = at
            heappush(queue, (at, key))
        if len(queue) > 2 * len(times) + SLACK:  # each time that was put off has left an entry behind
            queue[:] = [(at, key) for key, at in times.items()]
            heapify(queue)
