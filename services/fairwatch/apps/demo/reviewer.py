"""A reviewer who decides over the console's API, as the page in a browser would."""

from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(slots=True)
class Reviewer:
    """One person, signed in with a session of their own."""

    http: aiohttp.ClientSession
    csrf: str

    @classmethod
    async def sign_in(cls, console: str, name: str, password: str) -> "Reviewer":
        """Open a session; raise aiohttp.ClientResponseError when refused."""
        http = aiohttp.ClientSession(console, cookie_jar=aiohttp.CookieJar(unsafe=True), raise_for_status=True)
        async with http.post("/api/session", json={"name": name, "password": password}) as response:
            answer = await response.json()
        return cls(http, answer["csrf"])

    async def pending(self) -> list[dict[str, Any]]:
        """Return the faces that wait for a decision."""
        async with self.http.get("/api/candidates", params={"state": "pending"}) as response:
            answer = await response.json()
        return [candidate for candidate in answer["candidates"] if candidate["kind"] == "FACE"]

    async def decide(self, candidate_id: str, decision: str, reason: str) -> None:
        """Look at both pictures and give a decision on a candidate; it is on the broker when this returns."""
        async with self.http.get(f"/api/candidates/{candidate_id}") as response:
            shown = await response.json()
        for media in (shown.get("probe") or shown.get("scene"), shown.get("reference")):
            async with self.http.get(f"/api/media/{media['uri'].removeprefix('fw-media:')}") as response:
                await response.read()
        path, headers = f"/api/candidates/{candidate_id}/verifications", {"X-CSRF-Token": self.csrf}
        async with self.http.post(path, json={"decision": decision, "reason": reason}, headers=headers):
            return

    async def alert_of(self, rule: str) -> str | None:
        """Return the id of the latest open alert of a rule, or None."""
        async with self.http.get("/api/alerts", params={"state": "open"}) as response:
            answer = await response.json()
        return next((alert["alert_id"] for alert in answer["alerts"] if alert["rule"] == rule), None)

    async def comment(self, alert_id: str, note: str) -> None:
        """Write a comment on an alert; it is on the broker when this returns."""
        path, headers = f"/api/alerts/{alert_id}/actions", {"X-CSRF-Token": self.csrf}
        async with self.http.post(path, json={"action": "COMMENT", "note": note}, headers=headers):
            return

    async def close(self) -> None:
        """Forget the session."""
        await self.http.close()
