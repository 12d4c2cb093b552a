"""What is told of a delivery: its record and, once something came of it, its audit record."""

from collections.abc import Mapping
from typing import Any

from fairwatch.domain.outcome import Emit
from fairwatch.policy.alert_audit import of_alert
from fairwatch.sinks.sink import Answer
from fairwatch.telemetry import metrics


def report(
    alert: Mapping[str, Any],
    identity: str,
    name: str,
    sink: str,
    answer: Answer,
    now: int,
    *,
    state: str = "SUPPRESSED",
    attempt: int = 1,
    next_attempt_at: int | None = None,
    held_by: str | None = None,
) -> list[Emit]:
    """Return the Delivery and its AuditRecord; times in microseconds. `held_by` is what kept it from being sent."""
    delivery = {
        "delivery_id": identity,
        "alert_id": alert["alert_id"],
        "revision": alert["revision"],
        "receiver": name,
        "sink": sink,
        "attempt": attempt,
        "state": state,
        "at": now,
        "status": answer.status,
        "reason": answer.reason,
        "next_attempt_at": next_attempt_at,
        "received_at": alert["received_at"],
        "held_by": held_by,
        "group": alert["group"],
    }
    metrics.DELIVERIES.labels(name if sink else "unknown", answer.reason).inc()
    emitted = [Emit("deliveries", alert["alert_id"], delivery)]
    if state == "FAILED" and alert.get("escalation"):
        emitted.append(missed(delivery))
    if state != "RETRYING":
        emitted.append(Emit("audit", alert["alert_id"], _audit(delivery, alert)))
    return emitted


def missed(delivery: Mapping[str, Any]) -> Emit:
    """Return what tells the owner of a group that a receiver is not reached, so that the next step need not wait."""
    return Emit("step-failures", delivery["group"], delivery)


def unwanted(alert: Mapping[str, Any], identity: str, name: str, sink: str, now: int) -> list[Emit]:
    """Return the same of a step of an escalation for somebody who hears of worse only; nothing for any other word."""
    if not alert.get("addressed_to") or not alert.get("escalation"):
        return []
    known = {name: alert[name] for name in ("alert_id", "revision", "received_at", "group")}
    said = {"delivery_id": identity, "receiver": name, "sink": sink, "attempt": 0, "state": "FAILED", "at": now}
    return [missed({**known, **said, "reason": "not_wanted"})]


def _audit(delivery: Mapping[str, Any], alert: Mapping[str, Any]) -> dict[str, Any]:
    said = [delivery["state"]]
    if delivery["state"] == "SUPPRESSED":  # what a silence holds back may be overtaken later: two true statements
        said += [delivery["reason"], delivery["held_by"] or "", str(delivery["attempt"])]
    identity = ("delivery", delivery["delivery_id"], *said)
    details = {
        "receiver": delivery["receiver"],
        "revision": str(delivery["revision"]),
        "attempt": str(delivery["attempt"]),
        "reason": delivery["reason"],
        **({"held_by": delivery["held_by"]} if delivery["held_by"] else {}),
    }
    return of_alert(alert, identity, delivery["state"].lower(), by="notify", at=delivery["at"], details=details)
