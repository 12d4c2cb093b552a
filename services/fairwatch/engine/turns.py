"""One piece of work at a time, and a way to end it when partitions are given up."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from fairwatch.domain.errors import RetryableError

T = TypeVar("T")
log = structlog.get_logger()


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

        Work that gives its partitions up closes the turns.

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
                self._closing.set()  # what came after it would be acknowledged together with it
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

    async def insist(
        self, work: Callable[[], Awaitable[T]], what: str, retry_s: tuple[float, float], failed: Callable[[], None]
    ) -> T:
        """Do the work as often as it takes while it raises RetryableError, with growing pauses; return what it does.

        Args:
            work: Is called anew each time.
            what: Names it in the log, which says once that it is waited for.
            retry_s: First and longest pause.
            failed: Is called after each failure.

        Raises:
            ReleasedError: Turns were closed meanwhile.
        """
        delay, longest = retry_s
        said, resumed, waiting = f"{what}.waiting", f"{what}.resumed", False
        while True:
            try:
                done = await work()
            except RetryableError as error:
                if not waiting:
                    log.warning(said, error=str(error))
                waiting = True
                failed()
                await self.pause(delay)
                delay = min(delay * 2, longest)
            else:
                if waiting:
                    log.info(resumed)
                return done

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
