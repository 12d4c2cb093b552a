"""Everything that raised an alert, page by page: the alert itself names the newest hundred only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from fairwatch.console.desk import DESK, answer, refusal
from fairwatch.console.requests import limit_of, page_of
from fairwatch.domain.errors import ConfigurationError, RetryableError

Rows = Sequence[Mapping[str, Any]]
Causes = Callable[[Mapping[str, Any]], Awaitable[Rows]]  # of an alert, the newest first
LONGEST_S = 60.0


@dataclass
class CausesDesk:
    """What the console needs to list causes.

    Attributes:
        causes: Reads those of an alert from the topics; None: nobody can.
        turn: It reads topics: one at a time.
        last: What was read last, so that who turns a page does not wait: the alert's id and revision, and its causes.
    """

    causes: Causes | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: tuple[tuple[str, int], Rows] = (("", 0), ())


CAUSES: web.AppKey[CausesDesk] = web.AppKey("causes", CausesDesk)


async def list_causes(request: web.Request) -> web.Response:
    """Return {causes, total, firing, page, pages} of an alert; `page` is 1 first, `limit` at most 500."""
    desk, limit, page = request.app[CAUSES], limit_of(request), page_of(request)
    subject = await request.app[DESK].read_model.get("alert", request.match_info["id"])
    if subject is None or desk.causes is None:
        return refusal(404, "unknown", "There is no such alert here. It may be older than what the console keeps.")
    try:
        async with asyncio.timeout(LONGEST_S), desk.turn:
            rows = await _read(desk, desk.causes, subject.parts["alert"])
    except (ConfigurationError, RetryableError):
        return refusal(503, "unreadable", "The topic that has them cannot be read now.")
    except TimeoutError:
        return refusal(
            503, "slow", "Reading the topic takes too long here: `fairwatch alerts causes` has no such limit."
        )
    firing, pages = sum(row["state"] == "FIRING" for row in rows), max(1, -(-len(rows) // limit))
    shown = rows[(page - 1) * limit : page * limit]
    return answer({"causes": list(shown), "total": len(rows), "firing": firing, "page": page, "pages": pages})


async def _read(desk: CausesDesk, causes: Causes, alert: Mapping[str, Any]) -> Rows:
    which = (alert["alert_id"], alert["revision"])
    if desk.last[0] != which:
        desk.last = which, await causes(alert)
    return desk.last[1]
