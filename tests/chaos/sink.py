"""The control room, which can be slow, down or broken, and remembers every request by its webhook id."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from fairwatch.apps.demo.receiver import ControlRoom

Mood = Literal["well", "slow", "broken", "down"]
SLOW_S = 7.0  # longer than a delivery waits


@dataclass(slots=True)
class Sink(ControlRoom):
    """A control room with moods.

    Attributes:
        ids: How often each webhook id was taken.
        revisions: The webhook ids under which each (alert id, revision) was taken: more than one is a doubled effect.
        entries: Alert ids by entry id, of alerts that were new.
        refused: Requests that were answered by 500.
    """

    ids: Counter[str] = field(default_factory=Counter)
    revisions: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    entries: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    refused: int = 0
    mood: Mood = "well"
    port: int = 0

    async def be(self, mood: Mood) -> None:
        """Change mood; `down` closes the port, anything else opens it again."""
        if mood == "down":
            await self.stop()
            self._runner = None
        elif self._runner is None:
            await self.start()
        self.mood = mood

    async def start(self) -> str:
        """Listen, on the same port when it was started before."""
        app = web.Application()
        app.router.add_post("/alerts", self._moody)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        return f"http://127.0.0.1:{self.port}/alerts"

    async def _moody(self, request: web.Request) -> web.Response:
        if self.mood == "broken":
            self.refused += 1
            return web.Response(status=500)
        answer = await self._receive(request)
        if answer.status == web.HTTPNoContent.status_code:
            self._note(request.headers["webhook-id"], await request.json())
        if self.mood == "slow":
            await asyncio.sleep(SLOW_S)
        return answer

    def _note(self, webhook_id: str, body: dict[str, Any]) -> None:
        alert = body.get("data", body)
        self.ids[webhook_id] += 1
        self.revisions[alert["alert_id"], alert["revision"]].add(webhook_id)
        if alert["revision"] == 0:
            self.entries[alert["entry_id"]].add(alert["alert_id"])
