"""Who is on call now, and who would be called after how long if nobody answered."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from fairwatch.console.access import may
from fairwatch.console.desk import DESK, SIGNED_IN, answer

SECOND = 1_000_000


class Calls(Protocol):
    """Knows who is called."""

    def __call__(self, moment: int, /) -> Mapping[str, Any]:
        """Return who is on call at a moment, in microseconds, and the steps of each policy."""
        ...

    def whom(self, policy: str, step: int, moment: int, /) -> Sequence[Mapping[str, str]]:
        """Return {person, receiver, way} for each whom a step, 1 first, would tell at a moment."""
        ...


class Nobody:
    """Nobody is called."""

    def __call__(self, _moment: int) -> Mapping[str, Any]:
        """Return nothing."""
        return {"schedules": [], "policies": []}

    def whom(self, _policy: str, _step: int, _moment: int) -> Sequence[Mapping[str, str]]:
        """Return nobody."""
        return ()


NOBODY = Nobody()


@dataclass(frozen=True)
class OnCallDesk:
    """What the console needs to say who is called.

    Attributes:
        calls: Says so.
    """

    calls: Calls = NOBODY


CALLS: web.AppKey[OnCallDesk] = web.AppKey("calls", OnCallDesk)


async def who_is_called(request: web.Request) -> web.Response:
    """Return schedules with their people, and the steps of each policy."""
    calls, moment = request.app[CALLS].calls, request.app[DESK].clock.now()
    return answer(dict(await asyncio.to_thread(calls, moment)))


async def next_call(request: web.Request, alert: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what comes next while nobody answers an alert; None where nothing does.

    That is {policy, state, step, at, in_s, whom}: `in_s` are the seconds until then by the hub's clock; `whom` lists
    {person, name, receiver, way}, for those who may answer alerts.
    """
    comes, desk = alert.get("escalation"), request.app[DESK]
    if comes is None:
        return None
    at, now, people = comes["due_at"], desk.clock.now(), list[Mapping[str, str]]()
    if at is not None and comes["state"] == "DUE" and may(request[SIGNED_IN].person, "alert.act"):
        whom = request.app[CALLS].calls.whom
        called = await asyncio.to_thread(whom, comes["policy"], comes["step"], max(at, now))
        people = [{**one, "name": desk.people.display(one["person"])} for one in called]
    said = {name: comes[name] for name in ("policy", "state", "step")}
    return {**said, "at": at, "in_s": None if at is None else max(0, at - now) / SECOND, "whom": people}
