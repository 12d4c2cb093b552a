"""What the audit log is told of alerts."""

from collections.abc import Mapping
from typing import Any

from fairwatch.domain.ids import stable_id
from fairwatch.policy.deeds import audit_of


def of_revision(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Return that of a revision."""
    return {
        "audit_id": stable_id("audit", "alert", alert["alert_id"], alert["revision"], alert["state"]),
        "action": f"alert.{alert['state'].lower()}",
        "actor": "processor:group",
        "at": alert["issued_at"],
        "subject": alert["alert_id"],
        "authorisation_id": alert.get("authorisation_id"),
        "details": {
            "rule": alert["rule"],
            "revision": str(alert["revision"]),
            "count": str(alert["count"]),
            "receivers": ",".join(alert["receivers"]),
        },
    }


def of_deed(deed: Mapping[str, Any], against: str | None, cited: Mapping[str, str]) -> dict[str, Any]:
    """Return that of what a person did, or was refused, and the rules that are cited for it."""
    said = {**cited} | {
        name: str(deed[name]) for name in ("to", "outcome", "note", "via") if deed.get(name) not in (None, "NONE", "")
    }
    return audit_of("alert", deed, deed["alert_id"], said, against)


def of_missed(alert: Mapping[str, Any], delivery: Mapping[str, Any], policy: str, why: str, now: int) -> dict[str, Any]:
    """Return that of a word that reached nobody whom it was for, so that the next step came at once."""
    return {
        "audit_id": stable_id("audit", "missed", delivery["delivery_id"]),
        "action": "alert.not_reached",
        "actor": "processor:group",
        "at": now,
        "subject": alert["alert_id"],
        "authorisation_id": alert.get("authorisation_id"),
        "details": {"policy": policy, "receivers": why, "revision": str(delivery["revision"])},
    }
