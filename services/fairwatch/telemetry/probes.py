"""`/live`, `/ready` and `/metrics`: the same three pages of every component, on a port of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from fairwatch.domain.errors import ConfigurationError
from fairwatch.telemetry import metrics

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
Unready = Callable[[], Awaitable[str | None]]


@asynccontextmanager
async def probes(component: str, host: str, port: int, unready: Unready) -> AsyncIterator[int]:
    """Answer inside the block, and give the port.

    Args:
        component: Whose.
        host: Address to listen on.
        port: 0 for a free one.
        unready: Asked at each call of `/ready` and `/metrics`: why the component does no work, or None.

    Raises:
        ConfigurationError: The address cannot be listened on.
    """
    runner = web.AppRunner(_application(component, unready), access_log=None)
    await runner.setup()
    try:
        await listen(web.TCPSite(runner, host, port))
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def listen(site: web.TCPSite) -> None:
    """Start a site; ConfigurationError when its address cannot be had."""
    try:
        await site.start()
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {site.name}: {error.strerror or error}") from error


def _application(component: str, unready: Unready) -> web.Application:
    async def live(_: web.Request) -> web.Response:
        return web.Response(text="live\n")

    async def ready(_: web.Request) -> web.Response:
        reason = await unready()
        return web.Response(text=f"{reason or 'ready'}\n", status=503 if reason else 200)

    async def exposition(_: web.Request) -> web.Response:
        metrics.READY.labels(component).set(await unready() is None)
        return web.Response(body=metrics.exposition(), headers={"Content-Type": EXPOSITION})

    app = web.Application()
    app.router.add_get("/live", live)
    app.router.add_get("/ready", ready)
    app.router.add_get("/metrics", exposition)
    return app
