"""What the audit log says, and what is counted, of a record on a topic that is not what it says it is."""

from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import AuditRecord
from fairwatch.telemetry import metrics

SHOWN = 64  # characters of what somebody claims


def audit_of_refusal(
    action: str, component: str, event: Event, reason: str, at: int, *, subject: str, said: str, details: dict[str, str]
) -> AuditRecord:
    """Return the audit record of a record that is refused, and count it; the same when that comes again.

    Args:
        action: What the log calls it.
        component: Who refuses it.
        event: The record and where it lies.
        reason: A bounded word.
        at: Microseconds UTC.
        subject: What it is about.
        said: Tells it from another at the same place.
        details: What else the log says of it; never what it claims of anybody.
    """
    metrics.DEEDS_REFUSED.labels(component, reason).inc()
    place = {"reason": reason, "topic": event.topic, "place": f"{event.partition}/{event.offset}"}
    return {
        "audit_id": stable_id("audit", action, event.topic, event.partition, event.offset, said),
        "action": action,
        "actor": f"processor:{component}",
        "at": at,
        "subject": subject,
        "details": {**place, **details},
    }
