"""Who is on call now, and who would be called after how long if nobody answered."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from fairwatch.console.desk import DESK, answer

Calls = Callable[[int], Mapping[str, Any]]  # at a moment, in microseconds


def nobody(_moment: int) -> Mapping[str, Any]:
    """Return that nobody is called."""
    return {"schedules": [], "policies": []}


@dataclass(frozen=True)
class OnCallDesk:
    """What the console needs to say who is called.

    Attributes:
        calls: Says so.
    """

    calls: Calls = nobody


CALLS: web.AppKey[OnCallDesk] = web.AppKey("calls", OnCallDesk)


async def who_is_called(request: web.Request) -> web.Response:
    """Return schedules with their people, and the steps of each policy."""
    calls, moment = request.app[CALLS].calls, request.app[DESK].clock.now()
    return answer(dict(await asyncio.to_thread(calls, moment)))
