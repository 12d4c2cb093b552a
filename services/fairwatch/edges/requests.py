"""What both HTTP gateways do with a request besides answering it."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from fairwatch.domain.errors import RejectedError
from fairwatch.edges.intake import Arrival, Intake

KEPT_HEADERS = ("user-agent", "soapaction", "traceparent", "date", "mime-version")
HEAVY = 64 * 1024


def add_route(app: web.Application, method: str, path: str, handler: Handler) -> None:
    """Serve a path, also with a slash behind it, as many devices write it."""
    if "{" in path:  # one pattern to try instead of two
        app.router.add_route(method, path + "{slash:/?}", handler)
        return
    app.router.add_route(method, path, handler)
    app.router.add_route(method, f"{path}/", handler)


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
    path = request.path.rstrip("/")
    return path.removesuffix(f"/{key}") if key else path
