"""Alerts: the list and one of them."""

from aiohttp import web

from fairwatch.console.desk import DESK, answer, refusal
from fairwatch.console.requests import limit_of, word_of
from fairwatch.console.views import alert_view

STATES = ("NEW", "UPDATED", "ENDED", "CANCELLED")
FILTERS = ("ALL", "OPEN", *STATES)


async def list_alerts(request: web.Request) -> web.Response:
    """Return the latest alerts, newest first; `state` is open, all or one of the states, `limit` at most 500."""
    desk = request.app[DESK]
    wanted, limit = word_of(request, "state", FILTERS), limit_of(request)
    found = await desk.read_model.latest("alert", limit, open_only=wanted == "OPEN")
    alerts = [alert_view(alert, desk.people) for alert in found]
    if wanted in STATES:
        alerts = [alert for alert in alerts if alert["state"] == wanted]
    alerts.sort(key=lambda alert: -int(alert["updated_at"]))
    return answer({"alerts": alerts, "rebuilding": await desk.read_model.epoch() is None})


async def get_alert(request: web.Request) -> web.Response:
    """Return one alert."""
    desk = request.app[DESK]
    alert = await desk.read_model.get("alert", request.match_info["id"])
    if alert is None:
        return refusal(404, "unknown", "There is no such alert here. It may be older than what the console keeps.")
    return answer(alert_view(alert, desk.people))
