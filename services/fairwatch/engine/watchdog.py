"""Notices a worker that has stopped making progress although the broker is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Stall:
    """A partition that has more than was fetched, and stands still.

    Attributes:
        position: Where.
        since: Seconds, monotonic.
        idle_s: For how long the worker had nothing else to do.
        turns: At least so often others had their turn.
    """

    position: int | None
    since: float
    idle_s: float = 0.0
    turns: int = 0


@dataclass
class Watchdog:
    """Compares what was handled with what is committed, and what is there with what was handled.

    Faust and aiokafka have ways to go quiet for good (see the decision record); a restart heals all of them.

    Attributes:
        patience_s: How long something may stand still. A partition may do so for longer while a batch is handled, since
            batches may be slow; but not when each of the others could have had its turn twice, for turns are fair.
    """

    patience_s: float
    _uncommitted: dict[Any, tuple[int | None, float]] = field(default_factory=dict)
    _stalls: dict[Any, Stall] = field(default_factory=dict)
    _positions: Mapping[Any, int] = field(default_factory=dict)
    _looked: float | None = None

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
            ends: End of each partition that is to be fetched.
            busy: A batch is being handled (it may be slow, and says so itself).
        """
        return self._commits(now, handled, committed) or self._fetches(now, positions, ends, busy=busy)

    def forget(self) -> None:
        """Begin anew: partitions have changed hands or the broker was away."""
        self._uncommitted.clear()
        self._stalls.clear()
        self._positions, self._looked = {}, None

    def _commits(self, now: float, handled: Mapping[Any, int], committed: Mapping[Any, int | None]) -> str | None:
        for tp, done in handled.items():
            reached = committed.get(tp)
            if done <= (reached or 0):
                self._uncommitted.pop(tp, None)
                continue
            seen, since = self._uncommitted.setdefault(tp, (reached, now))
            if seen != reached:
                self._uncommitted[tp] = (reached, now)
            elif now - since >= self.patience_s:
                return f"{tp} is handled up to {done} but committed only up to {reached}"
        return None

    def _fetches(self, now: float, positions: Mapping[Any, int], ends: Mapping[Any, int], *, busy: bool) -> str | None:
        moved = any(positions.get(tp) != position for tp, position in self._positions.items())
        passed_s = 0.0 if self._looked is None else now - self._looked
        self._positions, self._looked = dict(positions), now
        stalls: dict[Any, Stall] = {}
        for tp, end in ends.items():
            position = positions.get(tp)
            if position is not None and position >= end:
                continue
            stall = self._stalls.get(tp)
            if stall is None or stall.position != position:
                stalls[tp] = Stall(position, now)
                continue
            stalls[tp] = stall
            stall.turns += moved
            stall.idle_s += 0.0 if busy or moved else passed_s
            out_of_turn = stall.turns > 2 * len(ends) and now - stall.since >= self.patience_s
            if out_of_turn or stall.idle_s >= self.patience_s:
                return f"{tp} ends at {end} but nothing from {position} on is fetched"
        self._stalls = stalls
        return None
