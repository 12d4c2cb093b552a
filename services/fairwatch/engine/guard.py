"""Stops a worker that turns too much into dead letters, so that a bad deploy does not empty a topic into them."""

from collections import deque
from collections.abc import Collection

from fairwatch.domain.errors import RejectedError


class TooManyDeadError(Exception):
    """The limit is passed; the message says which."""


class DeadLetterGuard:
    """Counts the dead among the last events.

    Args:
        share: Largest share of the last `window` events.
        run: Most dead in a row.
        open_topics: Full names of the topics of whose events only our own faults (`internal`) count.
    """

    def __init__(self, share: float, window: int, run: int, *, open_topics: Collection[str] = ()) -> None:
        self._open_topics = frozenset(open_topics)
        self._share = share
        self._window = window
        self._run = run
        self._batches: deque[tuple[int, int]] = deque()
        self._events = 0
        self._dead = 0
        self._in_a_row = 0

    def counts(self, error: RejectedError | None, topic: str) -> bool:
        """Return whether the death of an event of that topic, None for none, counts against the limits."""
        if error is None or error.reason == "not_authentic":  # forgeries stop nobody
            return False
        return error.reason == "internal" or topic not in self._open_topics

    def check(self, dead: list[bool]) -> None:
        """Take a batch into account: for each event in its order, whether it died.

        Raises:
            TooManyDeadError: A limit is passed; nothing of this batch should be written.
        """
        for died in dead:
            self._in_a_row = self._in_a_row + 1 if died else 0
            if self._in_a_row > self._run:
                raise TooManyDeadError(
                    f"{self._in_a_row} events in a row became dead letters (dead_letter_run={self._run})"
                )
        self._look(len(dead), sum(dead))

    def passed(self, events: int) -> None:
        """Take a batch into account of which nothing died; raises as `check` does."""
        self._in_a_row = 0 if events else self._in_a_row
        self._look(events, 0)

    def _look(self, events: int, dead: int) -> None:
        self._add(events, dead)
        if self._events >= self._window and self._dead > self._share * self._events:
            raise TooManyDeadError(
                f"{self._dead} of the last {self._events} events became dead letters (dead_letter_share={self._share})"
            )

    def _add(self, events: int, dead: int) -> None:
        self._batches.append((events, dead))
        self._events += events
        self._dead += dead
        while self._events - self._batches[0][0] >= self._window:
            old_events, old_dead = self._batches.popleft()
            self._events -= old_events
            self._dead -= old_dead
