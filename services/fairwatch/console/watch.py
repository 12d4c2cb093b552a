"""Says on every page, within seconds, that something behind it has stopped: Redis, the broker, what fills the lists."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from fairwatch.console.desk import answer
from fairwatch.domain.errors import RetryableError
from fairwatch.stores.health import Health
from fairwatch.stores.read_model import RedisReadModel

LOOK_S = 0.5  # between two looks
PATIENCE_S = 1.0  # for one answer
QUIET_S = 2.5  # so long nothing is said of it: a worker beats once a second
SENTENCES: Mapping[str, str] = {
    "redis": "Redis does not answer: what you see is old.",
    "broker": "The broker does not answer: decisions and answers are not taken.",
    "project": "Nothing fills these lists (project is silent): what you see is old.",
}
Asks = Callable[[], Awaitable[bool]]


class Watch:
    """What was last heard of each thing that the pages depend on.

    Args:
        asks: By name, a question that is answered with whether all is well; it may hang.
        now: A clock that only goes forward, in seconds.
    """

    def __init__(self, asks: Mapping[str, Asks], now: Callable[[], float] = time.monotonic) -> None:
        self._asks = asks
        self._now = now
        self._good = dict.fromkeys(asks, now())

    def troubles(self) -> list[str]:
        """Return the names of what was not heard of lately; what follows from Redis being away is not named too."""
        late = [name for name, heard in self._good.items() if self._now() - heard > QUIET_S]
        return [name for name in late if name != "project" or "redis" not in late]

    async def look(self) -> None:
        """Ask once, all at a time."""
        await asyncio.gather(*(self._ask(name, asks) for name, asks in self._asks.items()))

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def _ask(self, name: str, asks: Asks) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                good = await asks()
        except (TimeoutError, RetryableError, OSError):
            good = False
        if good:
            self._good[name] = self._now()


WATCH: web.AppKey[Watch] = web.AppKey("watch", Watch)


async def pulse(request: web.Request) -> web.Response:
    """Return what is wrong right now; asked by every page every second or two, and itself a sign of life."""
    troubles = request.app[WATCH].troubles()
    return answer({"troubles": [{"name": name, "message": SENTENCES[name]} for name in troubles]})


def redis_answers(read_model: RedisReadModel) -> Asks:
    """Return a question after the read model."""

    async def asks() -> bool:
        await read_model.epoch()
        return True

    return asks


def project_beats(health: Health) -> Asks:
    """Return a question after `project`: whether it has said something new since the last one."""
    known: set[tuple[str, int]] = set()

    async def asks() -> bool:
        beats = {
            (str(beat["instance"]), int(beat.get("at", 0)))
            for beat in await health.read_all()
            if "project" in str(beat["component"]).split("+")
        }
        news = bool(beats - known)
        known.clear()
        known.update(beats)
        return news

    return asks
