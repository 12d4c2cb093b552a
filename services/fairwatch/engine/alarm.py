"""Wakes a ticking processor when something is due, so that nothing waits for the next round of a timer."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from fairwatch.domain.clock import Clock

SHORTEST_S = 0.02  # between two ticks, however much is due


class Alarm:
    """Says when it is time for a tick.

    Args:
        longest_s: Between two ticks, when nothing is due earlier or nobody knows.
        due_at: Says when something is due, in microseconds of the clock; None for not known.
        clock: The processor's.
    """

    def __init__(self, longest_s: float, due_at: Callable[[], int | None], clock: Clock) -> None:
        self._longest_s = longest_s
        self._due_at = due_at
        self._clock = clock
        self._changed = asyncio.Event()
        self._rung_for: int | None = None

    def look_again(self) -> None:
        """Tell that what is due may have changed."""
        self._changed.set()

    async def wait(self) -> None:
        """Return when it is time for a tick.

        What a tick has left due, for it has failed or has done as much as it may, waits for the longest pause.
        """
        end = time.monotonic() + self._longest_s
        await asyncio.sleep(min(SHORTEST_S, self._longest_s))
        while (left := min(end - time.monotonic(), self._until_due())) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

    def _until_due(self) -> float:
        due = self._due_at()
        if due is None or due == self._rung_for:
            return self._longest_s
        left = (due - self._clock.now()) / 1e6
        if left <= 0:
            self._rung_for = due
        return left
