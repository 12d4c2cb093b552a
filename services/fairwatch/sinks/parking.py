"""Where ledgers wait for room in their lane."""

from collections import defaultdict
from heapq import heappop, heappush
from itertools import count

from fairwatch.sinks.lane import Place


class Parking:
    """Ledgers that wait, by receiver, in the order in which they first came.

    One that is taken out and finds that another was quicker keeps its place: what is EXTREME came first and stays so.
    """

    def __init__(self) -> None:
        self._order: dict[Place, int] = defaultdict(count().__next__)
        self._waiting: dict[str, list[tuple[int, Place]]] = defaultdict(list)

    def put(self, name: str, place: Place) -> None:
        """Let a ledger of a receiver wait."""
        heappush(self._waiting[name], (self._order[place], place))

    def take(self, name: str, most: int | None = None) -> list[Place]:
        """Take out the first so many that wait for a receiver, or all."""
        waiting = self._waiting[name]
        return [heappop(waiting)[1] for _ in range(len(waiting) if most is None else min(most, len(waiting)))]
