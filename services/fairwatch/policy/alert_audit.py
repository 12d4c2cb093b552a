"""What the audit log is told of alerts."""

from collections.abc import Mapping, Sequence
from typing import Any

from fairwatch.domain.ids import stable_id
from fairwatch.policy.deeds import audit_of


def of_alert(
    alert: Mapping[str, Any],
    identity: Sequence[object],
    action: str,
    *,
    by: str,
    at: int,
    details: Mapping[str, str],
) -> dict[str, Any]:
    """Return what a processor tells of an alert; `identity` makes it the same record when it comes again."""
    return {
        "audit_id": stable_id("audit", *identity),
        "action": f"alert.{action}",
        "actor": f"processor:{by}",
        "at": at,
        "subject": alert["alert_id"],
        "authorisation_id": alert.get("authorisation_id"),
        "details": dict(details),
    }


def of_revision(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Return that of a revision."""
    identity = ("alert", alert["alert_id"], alert["revision"], alert["state"])
    details = {
        "rule": alert["rule"],
        "revision": str(alert["revision"]),
        "count": str(alert["count"]),
        "receivers": ",".join(alert["receivers"]),
    }
    return of_alert(alert, identity, alert["state"].lower(), by="group", at=alert["issued_at"], details=details)


def of_deed(deed: Mapping[str, Any], against: str | None, cited: Mapping[str, str]) -> dict[str, Any]:
    """Return that of what a person did, or was refused, and the rules that are cited for it."""
    said = {**cited} | {
        name: str(deed[name]) for name in ("to", "outcome", "note", "via") if deed.get(name) not in (None, "NONE", "")
    }
    return audit_of("alert", deed, deed["alert_id"], said, against)


def of_missed(alert: Mapping[str, Any], delivery: Mapping[str, Any], policy: str, why: str, now: int) -> dict[str, Any]:
    """Return that of a word that reached nobody whom it was for, so that the next step came at once."""
    details = {"policy": policy, "receivers": why, "revision": str(delivery["revision"])}
    return of_alert(alert, ("missed", delivery["delivery_id"]), "not_reached", by="group", at=now, details=details)
