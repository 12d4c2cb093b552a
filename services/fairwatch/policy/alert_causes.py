"""All causes of one alert, however many there were: folded anew from the triggers of its group."""

from collections.abc import Iterable, Mapping
from typing import Any

from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import State
from fairwatch.policy.causes import Cause, CauseBook, cause_of, plain_name
from fairwatch.policy.grouping import OVER
from fairwatch.policy.told_causes import CAUSE_LIMIT

Row = dict[str, Any]


def causes_of(alert: Mapping[str, Any], triggers: Iterable[Mapping[str, Any]], state: State) -> list[Row]:
    """Return each cause with device, what happened, state, first and last time and how often; the newest first.

    What was revoked is not among them. Where the trigger that began the alert is not there any more, the causes are
    those that the alert names itself.

    Args:
        alert: Its newest revision.
        triggers: Of its group, in the order in which `group` read them.
        state: An empty one, for what is counted on the way.
    """
    book, rows, seen, opened = CauseBook(state, 0, alert["group"]), dict[str, Row](), set[str](), False
    for trigger in triggers:
        opened = opened or stable_id("alert", alert["group"], trigger["alert_id"]) == alert["alert_id"]
        if not opened or trigger["alert_id"] in seen:
            continue
        if alert.get("state") in OVER and trigger["started_at"] > (alert.get("ended_at") or alert["updated_at"]):
            break  # of the next alert of the group
        seen.add(trigger["alert_id"])
        _take(trigger, book, rows)
    for named in alert.get("causes") or ():
        row = rows.setdefault(named["cause_id"], {**named, "times": 1}) if not opened else rows.get(named["cause_id"])
        if row is not None:
            row["state"] = named["state"]
    if alert.get("firing", 0) <= CAUSE_LIMIT:  # it names all that hold: the others aged, or ended
        holding = {named["cause_id"] for named in alert.get("causes") or () if named["state"] == "FIRING"}
        for cause_id, row in rows.items():
            if row["state"] == "FIRING" and cause_id not in holding:
                row["state"] = "ENDED"
    return sorted(rows.values(), key=lambda row: -int(row["updated_at"]))


def _take(trigger: Mapping[str, Any], book: CauseBook, rows: dict[str, Row]) -> None:
    cause_id, kind = cause_of(trigger)
    at = trigger["updated_at"]
    if trigger.get("state", "NEW") not in OVER:
        device = next(iter(trigger.get("device_ids") or ()), "")
        cause = Cause(cause_id, kind, device, trigger["event_type"], trigger["started_at"], at, at)
        book.put(cause)
        row = rows.setdefault(cause_id, {**cause.told("FIRING"), "times": 0})
        first, last = min(row["started_at"], trigger["started_at"]), max(row["updated_at"], at)
        row.update(state="FIRING", started_at=first, updated_at=last, times=row["times"] + 1)
        return
    for ended in book.ended_by(cause_id) or book.ended_by(plain_name(trigger)):
        book.remove(ended)
        if trigger["state"] == "CANCELLED":
            rows.pop(ended.cause_id, None)
        elif ended.cause_id in rows:
            rows[ended.cause_id].update(state="ENDED", updated_at=max(rows[ended.cause_id]["updated_at"], at))
