"""Notices a worker that has stopped making progress although the broker is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Watchdog:
    """Compares what was handled with what is committed, and what is there with what was handled.

    Faust and aiokafka have ways to go quiet for good (see the decision record); a restart heals all of them.

    Attributes:
        patience_s: How long something may stand still.
    """

    patience_s: float
    _since: dict[tuple[str, Any], tuple[int | None, float]] = field(default_factory=dict)

    def stuck(
        self,
        now: float,
        *,
        handled: Mapping[Any, int],
        committed: Mapping[Any, int | None],
        positions: Mapping[Any, int],
        ends: Mapping[Any, int],
        busy: bool,
    ) -> str | None:
        """Return what stands still for too long, or None.

        Args:
            now: Seconds, monotonic.
            handled: Next offset to be handled, by partition, where something was.
            committed: Next offset as committed.
            positions: Next offset to be fetched, where known.
            ends: End of each partition.
            busy: A batch is being handled (it may be slow, and says so itself).
        """
        for tp, done in handled.items():
            if done > (committed.get(tp) or 0) and self._still(("commit", tp), committed.get(tp), now):
                return f"{tp} is handled up to {done} but committed only up to {committed.get(tp)}"
            if done <= (committed.get(tp) or 0):
                self._since.pop(("commit", tp), None)
        for tp, end in ends.items():
            position = positions.get(tp)
            if busy or (position is not None and position >= end):
                self._since.pop(("fetch", tp), None)
            elif self._still(("fetch", tp), position, now):
                return f"{tp} ends at {end} but nothing from {position} on is fetched"
        return None

    def forget(self) -> None:
        """Begin anew: partitions have changed hands or the broker was away."""
        self._since.clear()

    def _still(self, what: tuple[str, Any], value: int | None, now: float) -> bool:
        seen, since = self._since.setdefault(what, (value, now))
        if seen != value:
            self._since[what] = (value, now)
            return False
        return now - since >= self.patience_s
