"""Lets writes of one key begin one after the other, in the order in which they were asked for."""

import asyncio
from types import TracebackType

Key = tuple[str, bytes | None]


class Turns:
    """Who writes under which key, and who waits for that.

    A client that connects, learns where a topic lies or has a full batch lets its callers wait, and wakes them in an
    order of its own: what came later may find it ready and go ahead.
    """

    def __init__(self) -> None:
        self._locks: dict[Key, tuple[asyncio.Lock, int]] = {}

    def of(self, topic: str, key: bytes | None) -> "Turn":
        """Return the turn of one write; it holds as a context manager until the client has taken the record."""
        return Turn(self._locks, (topic, key))


class Turn:
    """One write's turn: it begins when those before it under its key have ended."""

    __slots__ = ("_key", "_lock", "_locks")

    def __init__(self, locks: dict[Key, tuple[asyncio.Lock, int]], key: Key) -> None:
        self._locks, self._key = locks, key

    async def __aenter__(self) -> None:
        """Wait for those before it; asyncio's lock lets nobody overtake."""
        self._lock, waiting = self._locks.get(self._key) or (asyncio.Lock(), 0)
        self._locks[self._key] = self._lock, waiting + 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the next one begin."""
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        lock, waiting = self._locks[self._key]
        if waiting > 1:
            self._locks[self._key] = lock, waiting - 1
        else:
            del self._locks[self._key]
