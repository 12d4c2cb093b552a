"""When which key of a keyed state is due, so that a tick does not have to read the whole state."""

from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Any

from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State
from fairwatch.domain.taken_back import Returns

BESIDE = HIDDEN + "\1"  # begins keys of an agenda that earlier releases do not know, and pass over
RESCAN = 60_000_000
MANY = 1_000
RESCAN_MANY = 10_000_000  # more for each thousand keys: reading them takes 10 ms
SLICE = 500  # keys of a large partition that are read again at a time
SLACK = 1024  # entries of a queue that may be out of date


class Agenda:
    """Keyed state that remembers when each key is due.

    The state is read whole when a partition comes or goes back to what it was, and once a minute after, or less often
    where it is large; in between only the keys that were put are known.
    A large partition is read again in slices, one in each look, so that what is due meanwhile is not late.
    Keys may stand in several lanes, so that what is due in one is found without a look at what waits in another.

    Args:
        state: The state of the processor.
        due_at: Says of a value when it is due, in microseconds; None for never.
        lane_of: Says of a key and its value in which lane it stands; all in one by default.
        is_sole: Nobody else ever changes the state, so that it is read whole only once.
    """

    def __init__(
        self,
        state: State,
        due_at: Callable[[Mapping[str, Any]], int | None],
        lane_of: Callable[[str, Mapping[str, Any]], Hashable] = lambda _key, _value: "",
        *,
        is_sole: bool = False,
    ) -> None:
        self._state = state
        self._returns = Returns(state)
        self._is_sole = is_sole
        self._due_at = due_at
        self._lane_of = lane_of
        self._times: dict[int, dict[str, tuple[int, Hashable]]] = {}
        # The same by lane, earliest first; some are out of date.
        self._queues: dict[int, dict[Hashable, list[tuple[int, str]]]] = {}
        self._scanned: dict[int, int] = {}
        self._reading: dict[int, Iterator[tuple[str, dict[str, Any]]]] = {}  # what is read again, slice by slice
        self._looked_at: int | None = None

    def __len__(self) -> int:
        """How many keys are known to be due at some time."""
        return sum(len(times) for times in self._times.values())

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
        self.hold(partition, key)

    def hold(self, partition: int, key: str) -> None:
        """Let a key be due no more until it is put again, or its partition read whole."""
        self._times.get(partition, {}).pop(key, None)

    def items(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over a snapshot of what was put; the state also holds the memory of what was done."""
        return ((key, value) for key, value in self._state.items(partition) if _is_due(key))

    def look(self, partitions: Sequence[int], now: int) -> None:
        """Forget the partitions that are not ours any more, and read those again that were not read lately."""
        if self._is_sole and self._scanned.keys() == set(partitions):
            return
        for partition in self._times.keys() - set(partitions):
            for known in (self._times, self._queues, self._scanned, self._reading):
                known.pop(partition, None)
        for partition in partitions:
            if self._returns.of(partition):
                self._reading.pop(partition, None)
                self._scan(partition, now)
            thousands = len(self._times.get(partition, ())) // MANY
            pause = RESCAN + RESCAN_MANY * thousands
            if abs(now - self._scanned.get(partition, -pause)) < pause:
                continue
            if thousands and partition in self._scanned:
                self._scanned[partition], self._reading[partition] = now, self._state.items(partition)
            else:
                self._scan(partition, now)
        if self._reading and now != self._looked_at:
            self._read_on(next(iter(self._reading)))
        self._looked_at = now

    def due(
        self, partitions: Sequence[int], now: int, lane: Hashable = "", most: int | None = None
    ) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Iterate over (partition, key, value) of what is due now in a lane, earliest first within a partition.

        Args:
            partitions: Those that are ours.
            now: Our clock, in microseconds.
            lane: Where to look.
            most: Of each partition, the earliest only.
        """
        self.look(partitions, now)
        for partition in partitions:
            for key in self._late(partition, now, lane, most):
                value = self._state.get(partition, key)
                if value is None:
                    self._times[partition].pop(key, None)
                elif (at := self._due_at(value)) is not None and at <= now:
                    yield partition, key, value
                else:  # what was put was rolled back
                    self._note(partition, key, value)

    def later(self, partitions: Sequence[int], now: int, lanes: Container[Hashable]) -> list[tuple[int, str]]:
        """Return (partition, key) of what stands in these lanes and is not due yet."""
        return [
            (partition, key)
            for partition in partitions
            for key, (at, lane) in self._times.get(partition, {}).items()
            if at > now and lane in lanes
        ]

    def next_at(self, lane: Hashable = "") -> int | None:
        """Return when the next key of a lane is due, in microseconds; None when none is known."""
        earliest: int | None = None  # asked for each trigger of a back-test: a plain loop is three times as quick
        for number in self._queues:
            first = self._first(number, lane)
            if first is not None and (earliest is None or first[0] < earliest):
                earliest = first[0]
        return earliest

    def keys(self, partition: int, lane: Hashable) -> list[str]:
        """Return the keys of a lane that wait; those of a partition that was not looked at are not known."""
        return [key for key, (_, own) in self._times.get(partition, {}).items() if own == lane]

    def lanes(self) -> Iterator[Hashable]:
        """Iterate over the lane of each key that waits."""
        return (lane for times in self._times.values() for _, lane in times.values())

    def _late(self, partition: int, now: int, lane: Hashable, most: int | None) -> Sequence[str]:
        """Return the keys that are due; they stay in the queue until they are put or deleted."""
        late: dict[tuple[int, str], None] = {}
        while (first := self._first(partition, lane)) is not None and first[0] <= now:
            if most is not None and len(late) >= most:
                break
            late[heappop(self._queues[partition][lane])] = None
        for entry in late:
            heappush(self._queues[partition][lane], entry)
        return [key for _, key in late]

    def _first(self, partition: int, lane: Hashable) -> tuple[int, str] | None:
        queue, times = self._queues[partition].get(lane, []), self._times[partition]
        while queue and times.get(queue[0][1]) != (queue[0][0], lane):
            heappop(queue)
        return queue[0] if queue else None

    def _scan(self, partition: int, now: int) -> None:
        self._scanned[partition] = now
        self._times[partition], self._queues[partition] = {}, {}
        for key, value in self.items(partition):
            self._note(partition, key, value)

    def _read_on(self, partition: int) -> None:
        """Read one more slice of a partition again; keys that are known meanwhile stay so."""
        rows, read = self._reading[partition], 0
        for key, _ in islice(rows, SLICE):
            read += 1
            if not _is_due(key):
                continue
            value = self._state.get(partition, key)  # it may have changed since the reading began
            if value is None:
                self.hold(partition, key)
            else:
                self._note(partition, key, value)
        if read < SLICE:
            del self._reading[partition]

    def _note(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        at, times = self._due_at(value), self._times.setdefault(partition, {})
        queues = self._queues.setdefault(partition, {})
        if at is None:
            times.pop(key, None)
        elif times.get(key) != (entry := (at, lane := self._lane_of(key, value))):
            times[key] = entry
            queue = queues.setdefault(lane, [])
            heappush(queue, (at, key))
            if len(queue) > 2 * len(times) + SLACK:  # each time that was put off has left an entry behind
                queue[:] = [(at, key) for key, (at, own) in times.items() if own == lane]
                heapify(queue)


def _is_due(key: str) -> bool:
    return key[:1] != HIDDEN or key.startswith(BESIDE)
