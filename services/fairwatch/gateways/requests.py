"""What both HTTP gateways do with a request besides answering it."""

import asyncio

from aiohttp import web

from fairwatch.domain.errors import RejectedError
from fairwatch.gateways.intake import Arrival, Intake

KEPT_HEADERS = ("user-agent", "soapaction", "traceparent", "date", "mime-version")
HEAVY = 64 * 1024


async def judge(intake: Intake, arrival: Arrival) -> RejectedError | None:
    """Return why no adapter takes the payload; large ones are looked at beside the event loop."""
    if len(arrival.body) > HEAVY:
        return await asyncio.to_thread(intake.judge, arrival)
    return intake.judge(arrival)


def kept_headers(request: web.BaseRequest) -> dict[str, str]:
    """Return the headers worth keeping, with lower-case names; never a credential."""
    return {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers}


def path_without_key(request: web.Request) -> str:
    """Return the path without query and without an API key."""
    key = request.match_info.get("key")
    return request.path.removesuffix(f"/{key}") if key else request.path
