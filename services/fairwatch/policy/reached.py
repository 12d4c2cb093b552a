"""Up to when the steps of each partition were read, so that a timer does not run ahead of what lies unread."""

from collections.abc import Callable, Iterable, Sequence

from fairwatch.domain.ports import State
from fairwatch.domain.taken_back import Returns

BEHIND = 2_000_000  # a step that was heard of this long ago is the newest there is, as far as a timer cares


class Reached:
    """How far each partition was read, by when its newest step was heard of; in microseconds.

    Args:
        state: The state of the processor.
        unread: How many steps of partitions lie unread; None where that is not known.
    """

    def __init__(self, state: State, unread: Callable[[Sequence[int]], int | None]) -> None:
        self._returns = Returns(state)
        self._unread = unread
        self._newest: dict[int, int] = {}

    def begin(self, partitions: Iterable[int]) -> list[int]:
        """Begin a batch or tick; return the partitions that came or went back: their steps come again."""
        back = [partition for partition in partitions if self._returns.of(partition)]
        for partition in back:
            self._newest.pop(partition, None)
        return back

    def note(self, partition: int, known_at: int) -> None:
        """Note that a step was read which was heard of at a time."""
        self._newest[partition] = max(self._newest.get(partition, 0), known_at)

    def known_until(self, partition: int, now: int) -> int:
        """Return up to when every step was read: until now, unless there are more and the last one is old."""
        newest = self._newest.get(partition, 0)
        return now if now - newest <= BEHIND or self._unread([partition]) == 0 else min(now, newest)
