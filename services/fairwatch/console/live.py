"""Live updates: one subscription per process, handed on to every open page as server-sent events."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

import structlog
from aiohttp import web

from fairwatch.console.access import may
from fairwatch.console.desk import DESK, SIGNED_IN, refusal
from fairwatch.console.people import Person
from fairwatch.domain.errors import RetryableError
from fairwatch.stores.read_model import RedisReadModel

BEAT_S = 10.0
AGAIN_S = 1.0
WAITING = 256
PAGES = 8  # of one session
RESYNC = {"kind": "all", "id": ""}
log = structlog.get_logger()

News = dict[str, str]


class Live:
    """Hands changes on; who is too slow to take them is told to read everything anew."""

    def __init__(self) -> None:
        self._pages: dict[asyncio.Queue[News | None], Person] = {}
        self._sessions: Counter[str] = Counter()

    @contextmanager
    def page(self, person: Person, session: str) -> Iterator[asyncio.Queue[News | None]]:
        """Give the queue of one page; None in it means that the console is about to stop."""
        queue: asyncio.Queue[News | None] = asyncio.Queue(WAITING)
        self._pages[queue] = person
        self._sessions[session] += 1
        try:
            yield queue
        finally:
            del self._pages[queue]
            self._sessions[session] -= 1

    def pages_of(self, session: str) -> int:
        """Return how many pages a session has open."""
        return self._sessions[session]

    def tell(self, news: News) -> None:
        """Hand on to every page whose person may know."""
        for queue, person in self._pages.items():
            if news["kind"] == "candidate" and not may(person, "candidate.view"):
                continue
            if news["kind"] in ("alert", "incident") and not may(person, "alert.view"):
                continue
            _put(queue, news)

    def close(self) -> None:
        """Let every page go."""
        for queue in self._pages:
            _put(queue, None)

    async def listen(self, read_model: RedisReadModel) -> None:
        """Follow the read model for ever; after each gap everybody reads everything anew."""
        while True:
            with suppress(RetryableError):
                self.tell(RESYNC)
                async for news in read_model.changes():
                    self.tell(news)
            await asyncio.sleep(AGAIN_S)


LIVE: web.AppKey[Live] = web.AppKey("live", Live)


async def stream(request: web.Request) -> web.StreamResponse:
    """Send changes until the page or the session goes away."""
    desk, visitor, live = request.app[DESK], request[SIGNED_IN], request.app[LIVE]
    if live.pages_of(visitor.token) >= PAGES:
        return refusal(429, "too_many_pages", f"At most {PAGES} pages of one session are kept up to date.")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    with live.page(visitor.person, visitor.token) as queue, suppress(ConnectionError):
        await response.write(b"retry: 2000\n\n")
        async for news in _until_closed(queue):
            if news is not None:
                await response.write(f"event: change\ndata: {json.dumps(news)}\n\n".encode())
            elif await desk.sessions.find(visitor.token) is None:
                await response.write(b"event: signed-out\ndata: {}\n\n")
                break
            else:
                await response.write(b": still here\n\n")
    return response


async def _until_closed(queue: asyncio.Queue[News | None]) -> AsyncIterator[News | None]:
    """Yield news, and None whenever there was none for a while."""
    while True:
        try:
            news = await asyncio.wait_for(queue.get(), BEAT_S)
        except TimeoutError:
            yield None
            continue
        if news is None:
            return
        yield news


def _put(queue: asyncio.Queue[News | None], news: News | None) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(RESYNC)
    queue.put_nowait(news)
