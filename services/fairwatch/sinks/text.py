"""How an alert is told: as JSON for machines, as a few lines for people."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from fairwatch.domain.calendar import iso_8601
from fairwatch.policy.deeds import LAPSED
from fairwatch.policy.escalating import MISSED

HEADLINE, DESCRIPTION, CAUSES = 200, 4_000, 20
LIFE = {"NEW": "", "UPDATED": "UPDATE: ", "ENDED": "ENDED: ", "CANCELLED": "CANCELLED: "}


def as_json(alert: Mapping[str, Any], **more: Any) -> bytes:
    """Return the alert as a JSON object with readable times, and what is given besides."""
    written = {name: iso_8601(at) for name, at in alert.items() if name.endswith("_at") and isinstance(at, int)}
    return orjson.dumps({**more, **alert, **written}, default=str)


def headline(alert: Mapping[str, Any]) -> str:
    """Return one line of at most 200 characters: what happens with which alert; line breaks of devices are gone."""
    life = LIFE.get(str(alert.get("state")), "")
    line = one_line(f"{life}{alert.get('title') or alert.get('event_type') or 'Alert'}", HEADLINE)
    return f"TEST: {line}" if alert.get("exercise") else line


def plain(alert: Mapping[str, Any], delivery_id: str) -> str:
    """Return some lines of plain text, bounded."""
    return "\n".join([headline(alert), "", *_lines(alert), "", f"alert {alert['alert_id']}", f"delivery {delivery_id}"])


def one_line(text: object, most: int) -> str:
    """Return text without line breaks and other control characters, and not longer than so many characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[: most * 4]).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _lines(alert: Mapping[str, Any]) -> Iterator[str]:
    if alert.get("exercise"):
        yield "This is a test: nothing has happened."
    if text := str(alert.get("description") or ""):
        yield text if len(text) <= DESCRIPTION else text[:DESCRIPTION] + "…"
    told = {
        "State": alert.get("state"),
        "Severity": alert.get("severity"),
        "Site": alert.get("site_name") or alert.get("site_id"),
        "Zones": ", ".join(alert.get("zones") or ()),
        "Device": alert.get("device_name") or ", ".join((alert.get("device_ids") or [])[:CAUSES]),
        "Began": _time(alert, "started_at"),
        "Last": _time(alert, "updated_at"),
        "Ended": _time(alert, "ended_at"),
        "Times": alert.get("count"),
        "Acknowledged by": alert.get("acknowledged_by"),
        "Answered no more by": (alert.get("parameters") or {}).get(LAPSED),
        "Not reached": (alert.get("parameters") or {}).get(MISSED),
        "Revisions skipped": (alert.get("parameters") or {}).get("skipped_revisions"),
    }
    yield from (f"{name}: {one_line(value, HEADLINE)}" for name, value in told.items() if value)
    if link := (alert.get("links") or {}).get("acknowledge"):
        yield f"Acknowledge: {link}"
    for cause in (alert.get("causes") or ())[:CAUSES]:
        yield one_line(f"- {cause.get('state')}: {cause.get('event_type')} of {cause.get('device_id')}", HEADLINE)


def _time(alert: Mapping[str, Any], name: str) -> str | None:
    return None if alert.get(name) is None else iso_8601(alert[name])
