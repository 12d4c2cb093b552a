"""What is told of an incident: its members with their roles, its timeline, what people did."""

from collections.abc import Sequence
from typing import Any

from fairwatch.policy.incidents.incident import Incident
from fairwatch.policy.incidents.rows import CERTAINTIES, FIRING, WITHDRAWN, Told, told
from fairwatch.policy.incidents.rules import IncidentRule

MEMBERS = 100
IMPLAUSIBLE = "IMPLAUSIBLE_TRANSIT"


def incident_record(incident: Incident, rule: IncidentRule | None, now: int) -> dict[str, Any]:
    """Return the next revision of an incident, an `Incident`; `now` is our clock in microseconds."""
    value = incident.value
    value["revision"] += 1
    events = told(incident.rows, rule)
    members = _members(events)
    spans = value["spans"]
    return {
        "incident_id": incident.id,
        "place": value["place"],
        "rule": value["rule"],
        "site_id": value["site_id"],
        "site_name": value["site_name"],
        "revision": value["revision"],
        "state": value["state"],
        "certainty": _highest([event for event in events if event.row.state != WITHDRAWN]),
        "started_at": spans[0][0] if spans else None,
        "updated_at": max((row.until or row.at for row in incident.rows), default=None),
        "closed_at": value["closed_at"],
        "issued_at": now,
        "events": len(events) + value["more"],
        "distinct": sum(event.same_as is None for event in events) + value["more"],
        "implausible": sum(event.remark == IMPLAUSIBLE for event in events),
        "members": members[:MEMBERS],
        "more_members": max(0, len(members) - MEMBERS),
        "timeline": [_event(event) for event in events],
        "more_events": value["more"],
        "merged_into": value["merged_into"],
        "merged_from": list(value["merged_from"]),
        "split_from": value["split_from"],
        "deeds": [dict(deed) for deed in value["deeds"]],
    }


def _members(events: Sequence[Told]) -> list[dict[str, Any]]:
    of_alert: dict[str, list[Told]] = {}
    for event in events:
        if event.row.alert_id:
            of_alert.setdefault(event.row.alert_id, []).append(event)
    return [_member(alert_id, own) for alert_id, own in of_alert.items()]


def _member(alert_id: str, events: Sequence[Told]) -> dict[str, Any]:
    rows = [event.row for event in events]
    return {
        "alert_id": alert_id,
        "rule": rows[0].rule,
        "role": rows[0].role,
        "event_type": rows[0].event_type,
        "device_ids": list(dict.fromkeys(row.device_id for row in rows if row.device_id)),
        "first_at": rows[0].at,
        "last_at": max(row.until or row.at for row in rows),
        "events": len(rows),
        "state": FIRING if any(row.state == FIRING for row in rows) else rows[-1].state,
        "certainty": _highest(events),
    }


def _event(event: Told) -> dict[str, Any]:
    row = event.row
    return {
        "event_id": row.event_id,
        "at": row.at,
        "until": row.until,
        "state": row.state,
        "role": row.role,
        "alert_id": row.alert_id or None,
        "rule": row.rule,
        "event_type": row.event_type,
        "device_id": row.device_id,
        "certainty": event.certainty,
        "same_as": event.same_as,
        "remark": event.remark,
        "other": event.other,
        "took_ms": None if event.took is None else event.took // 1_000,
    }


def _highest(events: Sequence[Told]) -> str:
    return max((event.certainty for event in events), key=CERTAINTIES.index, default="UNKNOWN")
