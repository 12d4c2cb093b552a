"""The control room's end of the webhook: checks each signature and remembers what arrived."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class AlertListener:
    """Listens for alerts over HTTP on a free port of loopback; who it is says what becomes of each."""

    _runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen; return the address to deliver to."""
        app = web.Application()
        app.router.add_post("/alerts", self.receive)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/alerts"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()

    async def receive(self, request: web.Request) -> web.Response:
        """Answer one delivery."""
        raise NotImplementedError


@dataclass
class ControlRoom(AlertListener):
    """Receives alerts over HTTP on loopback.

    Attributes:
        arrivals: How often each (alert id, revision) arrived.
        alerts: The latest body of each alert id.
        forged: Requests whose signature was wrong.
    """

    secret: str
    arrivals: Counter[tuple[str, int]] = field(default_factory=Counter)
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    forged: int = 0

    def of_rule(self, rule: str) -> list[dict[str, Any]]:
        """Return the alerts that a route raised."""
        return [alert for alert in self.alerts.values() if alert["rule"] == rule]

    async def receive(self, request: web.Request) -> web.Response:
        """Note an alert whose signature is right."""
        body = await request.text()
        try:
            alert = Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=401)
        alert = alert.get("data", alert)
        self.arrivals[(alert["alert_id"], alert["revision"])] += 1
        self.alerts[alert["alert_id"]] = alert
        return web.Response(status=204)
