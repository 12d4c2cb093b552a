"""Alerts: the list and one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from fairwatch.console import on_call
from fairwatch.console.desk import DESK, Desk, answer, refusal
from fairwatch.console.requests import limit_of, word_of
from fairwatch.console.views import alert_view
from fairwatch.stores.read_model import Index, Subject

STATES = ("NEW", "UPDATED", "ENDED", "CANCELLED")
FILTERS = ("ALL", "OPEN", *STATES)
INDEXES: Mapping[str, Sequence[Index]] = {
    **dict.fromkeys(("OPEN", "NEW", "UPDATED"), ("open",)),
    **dict.fromkeys(("ENDED", "CANCELLED"), ("over",)),
    "ALL": ("open", "over"),
}


async def list_alerts(request: web.Request) -> web.Response:
    """Return alerts: what is open first, the worst first, then what is over; each as it was received, newest first.

    `state` is open, all or one of the states, `limit` at most 500; `counts` says how many there are in all.
    """
    desk = request.app[DESK]
    wanted, limit = word_of(request, "state", FILTERS), limit_of(request)

    def fits(alert: Subject) -> bool:
        return wanted in ("ALL", "OPEN") or alert.parts["alert"].get("state", "NEW") == wanted

    found: list[Subject] = []
    for index in INDEXES[wanted]:
        found += await desk.read_model.pick("alert", index, limit - len(found), fits)
    still, over = await desk.read_model.counts("alert")
    return answer(
        {
            "alerts": [alert_view(alert, desk.people) for alert in found],
            "counts": {"open": still, "over": over},
            "rebuilding": await desk.read_model.epoch() is None,
        }
    )


async def get_alert(request: web.Request) -> web.Response:
    """Return one alert, with the incidents that it is part of, and who is called next if nobody answers."""
    desk = request.app[DESK]
    alert = await desk.read_model.get("alert", request.match_info["id"])
    if alert is None:
        return refusal(404, "unknown", "There is no such alert here. It may be older than what the console keeps.")
    call = await on_call.next_call(request, alert.parts["alert"])
    shown = alert_view(alert, desk.people)
    return answer({**shown, "incidents": await _incidents(desk, alert), "next_call": call})


async def _incidents(desk: Desk, alert: Subject) -> list[dict[str, Any]]:
    """Return the incidents that have an alert now: it may have been in others before they were split or merged."""
    known = [await desk.read_model.get("incident", each) for each in alert.starting("incident:")]
    records = [each.parts["incident"] for each in known if each is not None]
    return [
        {name: record.get(name) for name in ("incident_id", "rule", "state", "started_at")}
        for record in sorted(records, key=lambda record: int(record["started_at"] or 0))
        if record.get("state") != "MERGED" and any(member["alert_id"] == alert.id for member in record["members"])
    ]
