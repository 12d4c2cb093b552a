"""Answers `/live`, `/ready` and `/metrics`."""

from collections.abc import Callable

from aiohttp import web

from fairwatch.telemetry import metrics


class HealthServer:
    """A tiny web server; `unready` returns why the worker is not ready, or None."""

    def __init__(self, host: str, port: int, unready: Callable[[], str | None]) -> None:
        self._host = host
        self._port = port
        self._unready = unready
        app = web.Application()
        app.router.add_get("/live", self._live)
        app.router.add_get("/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self) -> int:
        """Listen; return the port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _live(self, _: web.Request) -> web.Response:
        return web.Response(text="live\n")

    async def _ready(self, _: web.Request) -> web.Response:
        reason = self._unready()
        if reason is None:
            return web.Response(text="ready\n")
        return web.Response(text=reason + "\n", status=503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
