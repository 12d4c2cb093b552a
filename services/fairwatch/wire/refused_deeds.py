"""What becomes of a deed that is not authentic: a dead letter, an audit record, a number; never a deed.

A record of a reference topic stays where it is, in force for nobody: it has an audit record and a number.
"""

from collections.abc import Iterable
from hashlib import sha256
from itertools import islice

from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Reject
from fairwatch.domain.records import AuditRecord
from fairwatch.wire.deeds import deed_bytes, signed_bytes
from fairwatch.wire.refusal import SHOWN, audit_of_refusal
from fairwatch.wire.signed_view import Refused, SignedView
from fairwatch.wire.topics import topics
from fairwatch.wire.trust import Trust, Unauthentic

AT_ONCE = 64  # records that are looked at in one call: some 30 ms of signatures that were never checked before


def refused_deed(
    component: str, event: Event, name: str, reason: Unauthentic, now: int, trust: Trust
) -> tuple[Emit, Reject]:
    """Return the audit record and the dead letter of a deed that `name` is said to have done; `now` in microseconds."""
    deed = event.record.get("deed") or {}
    said = sha256(deed_bytes(event.type, event.record, deed)).hexdigest()
    claims = {"claims": name[:SHOWN], "key": deed.get("key_id", "")[:SHOWN], "sha256": said}
    details = claims | _version(reason, trust)
    record = audit_of_refusal(
        "deed.refused", component, event, reason, now, subject=event.key, said=said, details=details
    )
    what = f"what {name[:SHOWN]!r} is said to have done is not authentic: {reason}"
    return Emit("audit", event.key, record), Reject("not_authentic", what, "deed")


def refused_observation(component: str, event: Event, device_id: str, reason: Unauthentic) -> tuple[Emit, Reject]:
    """Return the audit record and the dead letter of an observation that its device's producer did not sign."""
    at: int = event.record["received_at"]
    record = audit_of_refusal(
        "observation.refused", component, event, reason, at, subject=device_id, said=device_id, details={}
    )
    return Emit("audit", device_id, record), Reject(
        "not_authentic", f"its producer did not sign it: {reason}", "device_id"
    )


def _version(reason: Unauthentic, trust: Trust) -> dict[str, str]:
    """Return of which version the policies are that do not let somebody do something in the role."""
    return {"policy_version": trust.judge.policies.version} if reason == "wrong_role" else {}


class RefusedRecords:
    """What is not authentic on reference topics, told to the audit log by one worker.

    Args:
        component: Who tells it.
        references: Topics that have to be signed; each record is looked at when it changes.
    """

    def __init__(self, component: str, references: Iterable[object]) -> None:
        self._component = component
        self._references = [one for one in references if isinstance(one, SignedView)]
        self._looked_at: dict[int, int] = {}
        self._waiting: dict[tuple[int, str], None] = {}

    def tell(self, now: int) -> list[Emit]:
        """Return an audit record of each that was found since the last call; `now` in microseconds UTC.

        A few dozen are looked at in each call, so that a long list keeps nobody waiting. Told again after a restart
        it has the same id, by which the audit log knows it.
        """
        for number, one in enumerate(self._references):
            self._note_changes(number, one)
        for place in list(islice(self._waiting, AT_ONCE)):
            del self._waiting[place]
            self._references[place[0]].get(place[1])
        return [
            Emit("audit", refused.key, self._audited(refused, now, one.trust))
            for one in self._references
            for refused in one.take_refused()
        ]

    def _note_changes(self, number: int, reference: SignedView) -> None:
        version = reference.version
        if self._looked_at.get(number) != version:
            keys = reference.changed_since(self._looked_at.get(number, -1))
            changed = [key for key, _ in reference.items()] if keys is None else keys
            self._waiting |= {(number, key): None for key in changed}
            self._looked_at[number] = version

    def _audited(self, refused: Refused, now: int, trust: Trust) -> AuditRecord:
        content = signed_bytes("refused", topics()[refused.topic].record, refused.record, {})
        said = sha256(content).hexdigest()
        return {
            "audit_id": stable_id("audit", "deed.refused", refused.topic, refused.key, refused.reason, said),
            "action": "deed.refused",
            "actor": f"processor:{self._component}",
            "at": now,
            "subject": refused.key,
            "details": {
                "reason": refused.reason,
                "topic": refused.topic,
                "sha256": said,
                **_version(refused.reason, trust),
            },
        }
