"""One piece of work at a time, and a way to end it when partitions are given up."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class ReleasedError(Exception):
    """The partitions are being given up: stop trying and acknowledge nothing."""


class Turns:
    """Lets batches, ticks and rebalances alternate.

    Args:
        drain_s: Seconds that running work may go on once turns are closed; then it is cancelled.
    """

    def __init__(self, drain_s: float) -> None:
        self._drain_s = drain_s
        self._lock = asyncio.Lock()
        self._closing = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._closing.set()

    @property
    def busy(self) -> bool:
        """Whether work is running."""
        return self._running is not None

    def open(self) -> None:
        """Let work begin."""
        self._closing.clear()

    async def run(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do the work when it is its turn; return whether it was done (not when closed before or during it).

        Raises:
            Exception: Whatever the work raises.
        """
        try:
            await self._lock.acquire()
        except asyncio.CancelledError:
            work.close()  # it never began
            raise
        try:
            if self._closing.is_set():
                work.close()
                return False
            self._running = task = asyncio.ensure_future(work)
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                task.cancel()
                raise
            finally:
                self._running = None
            if task.cancelled():
                return False
            try:
                task.result()
            except ReleasedError:
                return False
            return True
        finally:
            self._lock.release()

    async def pause(self, seconds: float) -> None:
        """Wait before trying again.

        Raises:
            ReleasedError: Turns were closed meanwhile.
        """
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return
        raise ReleasedError

    async def close(self) -> bool:
        """Let nothing begin any more and wait for what runs; return whether it ended in time.

        Whoever had a turn that was done has also drawn its conclusions then: a batch is acknowledged.
        """
        self._closing.set()
        task = self._running
        if task is not None and not task.done():
            done, _ = await asyncio.wait({task}, timeout=self._drain_s)
            if not done:
                task.cancel()
                await asyncio.wait({task}, timeout=self._drain_s)
                return False
        async with self._lock:  # held until the one who ran it goes on, which happens after the work's own end
            return True
