"""When the next batch is taken: when the worker is free for it, or a little sooner in a backlog."""

import asyncio
import time
from collections.abc import Sized

from fairwatch.engine.appetite import Appetite


class Handover:
    """Stands between the consumer, which takes batches, and the worker, which handles one after the other.

    A batch is taken when the worker has nothing to do: what comes while it works is taken with the next one, while a
    batch that was taken early would wait, and leave what comes after it to a further one. In a backlog that does not
    matter: there the next one is taken, and decoded, while the last one is written.

    Args:
        pace_s: Least seconds between the beginnings of two batches, where the first was not full.

    Attributes:
        free: A batch may be taken.
        writing: The worker waits for the broker.
    """

    def __init__(self, appetite: Appetite, pace_s: float = 0.0) -> None:
        self.free = asyncio.Event()
        self.free.set()
        self.writing = False
        self._appetite = appetite
        self._pace_s = pace_s
        self._timer: asyncio.TimerHandle | None = None
        self._taken: Sized | None = None
        self._began = 0.0

    def taken(self, batch: Sized) -> None:
        """Hear that a batch was taken."""
        self._taken = batch
        self._stop_timer()
        self.free.clear()

    def begins(self) -> None:
        """Hear that the worker begins to handle a batch."""
        self._began = time.monotonic()

    def handled(self, batch: Sized) -> None:
        """Hear that a batch was handled and is going to be written."""
        self._appetite.took(len(batch), time.monotonic() - self._began)
        self.writing = True
        if batch is self._taken and len(batch) >= self._appetite.least:
            self.free.set()

    def done(self, batch: Sized) -> None:
        """Hear that the worker has finished a batch, whatever became of it."""
        self.writing = False
        if batch is not self._taken:
            return
        pause_s = self._pace_s - (time.monotonic() - self._began)
        if pause_s <= 0 or len(batch) >= self._appetite.least:
            self.free.set()
        else:
            self._timer = asyncio.get_running_loop().call_later(pause_s, self.free.set)

    def reset(self) -> None:
        """Forget what was taken and not handled yet: it is dropped."""
        self._taken = None
        self._stop_timer()
        self.free.set()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
