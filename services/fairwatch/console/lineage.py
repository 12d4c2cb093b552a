"""Where an alert comes from, as `fairwatch explain` tells it, for those who check what others decided."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from fairwatch.console.desk import DESK, SIGNED_IN, answer, refusal
from fairwatch.domain.errors import ConfigurationError

Explains = Callable[[str], Awaitable[Mapping[str, Any]]]
LONGEST_S = 60.0
GONE = "Its records are not on their topics any more."


@dataclass(frozen=True)
class LineageDesk:
    """What the console needs to explain alerts.

    Attributes:
        explains: Returns the chain of an alert; ConfigurationError where it is not there any more. None: nobody can.
    """

    explains: Explains | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # it reads topics: one at a time


LINEAGE: web.AppKey[LineageDesk] = web.AppKey("lineage", LineageDesk)


async def explain_alert(request: web.Request) -> web.Response:
    """Return the chain of an alert, once the audit log has who looks at it."""
    desk, lineage, alert_id = request.app[DESK], request.app[LINEAGE], request.match_info["id"]
    alert = await desk.read_model.get("alert", alert_id)
    if alert is None or lineage.explains is None:
        return refusal(404, "unknown", "There is no such alert here. It may be older than what the console keeps.")
    mandate = alert.parts.get("alert", {}).get("authorisation_id")
    name = request[SIGNED_IN].person.name
    await desk.audit("alert.explained", name, alert_id, details={"via": "console"}, authorisation_id=mandate)
    try:
        async with asyncio.timeout(LONGEST_S), lineage.turn:
            return answer(dict(await lineage.explains(alert_id)))
    except ConfigurationError:
        return refusal(404, "gone", GONE)
    except TimeoutError:
        return refusal(503, "slow", "Reading the topics takes too long here: `fairwatch explain` has no such limit.")
