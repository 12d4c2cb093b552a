"""What becomes of a deed that is not authentic: a dead letter, an audit record, a number; never a deed."""

from hashlib import sha256

from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Reject
from fairwatch.domain.records import AuditRecord
from fairwatch.telemetry import metrics
from fairwatch.wire.deeds import deed_bytes
from fairwatch.wire.trust import Unauthentic

SHOWN = 64  # characters of a name that somebody claims


def refused_deed(component: str, event: Event, name: str, reason: Unauthentic, now: int) -> tuple[Emit, Reject]:
    """Return the audit record and the dead letter of a deed that `name` is said to have done; `now` in microseconds."""
    deed = event.record.get("deed") or {}
    said = sha256(deed_bytes(event.type, event.record, deed)).hexdigest()
    record: AuditRecord = {
        "audit_id": stable_id("audit", "deed.refused", event.topic, event.partition, event.offset, said),
        "action": "deed.refused",
        "actor": f"processor:{component}",
        "at": now,
        "subject": event.key,
        "details": {
            "reason": reason,
            "topic": event.topic,
            "place": f"{event.partition}/{event.offset}",
            "claims": name[:SHOWN],
            "key": deed.get("key_id", "")[:SHOWN],
            "sha256": said,
        },
    }
    metrics.DEEDS_REFUSED.labels(component, reason).inc()
    what = f"what {name[:SHOWN]!r} is said to have done is not authentic: {reason}"
    return Emit("audit", event.key, record), Reject("not_authentic", what, "deed")
