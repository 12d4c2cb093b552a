"""Where time comes from, so that tests never wait for it."""

import time
from typing import Protocol


class Clock(Protocol):
    """The wall clock."""

    def now(self) -> int:
        """Return microseconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: int = 1_767_225_600_000_000) -> None:
        self._now = at

    def now(self) -> int:
        """Return microseconds since 1970-01-01 UTC."""
        return self._now

    def advance(self, *, seconds: float) -> int:
        """Move forward and return the new time."""
        self._now += round(seconds * 1_000_000)
        return self._now

    def move_to(self, at: int) -> None:
        """Move forward to a time in microseconds; one that has passed changes nothing."""
        self._now = max(self._now, at)
