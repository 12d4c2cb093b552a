"""The control rooms, which can be slow, down or broken, and remember every request."""

import asyncio
import hashlib
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from fairwatch.apps.demo.receiver import ControlRoom

Mood = Literal["well", "slow", "broken", "down", "flapping"]
SLOW_S = 7.0  # longer than a delivery waits
FLAP_S = 1.5  # well for so long, then broken
RECEIVERS = ("control-room", "guards")


@dataclass(frozen=True, slots=True)
class Request:
    """One request that was taken.

    Attributes:
        at: Seconds since 1970.
        digest: Of the content.
        answer: What people did, see `answer_of`.
        answered: False where the sender had given up before the answer came, so that it has to come again.
    """

    at: float
    receiver: str
    webhook_id: str
    alert_id: str
    revision: int
    state: str
    count: int
    subject: str
    digest: str
    answer: str = ""
    answered: bool = True


def subject_of(alert: dict[str, Any]) -> str:
    """Name what an alert is about: the entry of a watchlist, else its group."""
    return str(alert.get("entry_id") or alert["group"])


def answer_of(alert: dict[str, Any]) -> str:
    """Name what people did to an alert, the last of it, and who."""
    for action, name in (("CLOSE", "closed_by"), ("CLAIM", "claimed_by"), ("ACKNOWLEDGE", "acknowledged_by")):
        if alert.get(name):
            return f"{action} {alert[name]}"
    return ""


@dataclass(slots=True)
class Sink(ControlRoom):
    """Control rooms with moods.

    Attributes:
        requests: All that were taken, in order.
        entries: Alert ids by entry id, of alerts that were new.
        latest: The newest alert by entry id, as far as an answer needs it.
        told: By (receiver, alert id) the highest revision, its state and count.
        ids: How often each webhook id was taken.
        refused: Requests that were answered by 500.
    """

    requests: list[Request] = field(default_factory=list)
    entries: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    latest: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[tuple[str, str], Request] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)
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
        """Listen, on the same port when it was started before; the receiver's name is the last part of the path."""
        app = web.Application()
        app.router.add_post("/alerts/{receiver}", self._moody)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        return f"http://127.0.0.1:{self.port}/alerts"

    async def _moody(self, request: web.Request) -> web.Response:
        if self.mood == "broken" or (self.mood == "flapping" and time.monotonic() // FLAP_S % 2):
            self.refused += 1
            return web.Response(status=500)
        mood = self.mood
        answer = await self.receive(request)
        if answer.status == web.HTTPNoContent.status_code:
            body = await request.json()
            receiver, webhook_id = request.match_info["receiver"], request.headers["webhook-id"]
            self.note(receiver, webhook_id, body.get("data", body), answered=mood != "slow", at=time.time())
        if mood == "slow":
            await asyncio.sleep(SLOW_S)
        return answer

    def note(self, receiver: str, webhook_id: str, alert: dict[str, Any], *, answered: bool, at: float) -> None:
        """Remember a request."""
        digest = hashlib.sha256(json.dumps(alert, sort_keys=True).encode()).hexdigest()
        request = Request(
            at, receiver, webhook_id, alert["alert_id"], alert["revision"], alert["state"], alert["count"],
            subject_of(alert), digest, answer_of(alert), answered,
        )  # fmt: skip
        self.requests.append(request)
        self.ids[webhook_id] += 1
        latest = self.told.get((receiver, request.alert_id))
        if latest is None or latest.revision < request.revision:
            self.told[receiver, request.alert_id] = request
        if entry := alert.get("entry_id"):
            self.latest[entry] = {name: alert.get(name) for name in ("alert_id", "group", "revision")}
            self.latest[entry]["answer"] = answer_of(alert)
            if request.revision == 0:
                self.entries[entry].add(request.alert_id)
