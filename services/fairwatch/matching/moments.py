"""Entries in the order of a moment of theirs: when they begin, or when they end."""

from bisect import bisect_right, insort
from math import inf
from operator import itemgetter

FEW = 64  # so many new ones are put in their places one by one; more are sorted together

_time = itemgetter(0)


class Moments:
    """Moments in microseconds, each with the id of its entry. A long list that comes at once is sorted once."""

    def __init__(self) -> None:
        self._ordered: list[tuple[int, str]] = []
        self._late: set[tuple[int, str]] = set()  # not yet in their places

    def put(self, at: int, entry_id: str) -> None:
        """Take up a moment."""
        self._late.add((at, entry_id))

    def drop(self, at: int, entry_id: str) -> None:
        """Forget a moment that was put."""
        moment = at, entry_id
        if moment in self._late:
            self._late.remove(moment)
        else:
            del self._ordered[bisect_right(self._ordered, moment) - 1]

    def between(self, one: int, other: int) -> list[str]:
        """Return the entries whose moment lies after the one time and not after the other, in whichever order."""
        self._take_up()
        low, high = sorted((one, other))
        first, last = (bisect_right(self._ordered, time, key=_time) for time in (low, high))
        return [entry_id for _, entry_id in self._ordered[first:last]]

    def around(self, time: int) -> tuple[float, float]:
        """Return the moments that a time lies between: the last one that is not after it, and the next."""
        self._take_up()
        place = bisect_right(self._ordered, time, key=_time)
        before = self._ordered[place - 1][0] if place else -inf
        return before, self._ordered[place][0] if place < len(self._ordered) else inf

    def _take_up(self) -> None:
        if len(self._late) > FEW:
            self._ordered = sorted([*self._ordered, *self._late])
        else:
            for moment in self._late:
                insort(self._ordered, moment)
        self._late.clear()
