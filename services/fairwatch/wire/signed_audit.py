"""What the console or the command line says to the audit log of a person, signed: who merely may write there cannot.

Signed is what is told, without its place in the chain: the signature is made before that is known, and stays checkable
in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fairwatch.policy.audit_chain import SAID, Fault
from fairwatch.policy.audit_writers import BY_PROCESSORS
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.refusal import SHOWN
from fairwatch.wire.trust import Trust, Unauthentic

RECORD: Final = "AuditRecord"
TOPIC: Final = "audit"
NO_PERSON: Final = ":"  # in the name of who is none: processor:group, operator:root, component:http, receiver:desk


def sign_audit(record: Mapping[str, Any], key: PrivateKey, *, method: str, session_id: str = "") -> dict[str, Any]:
    """Return an audit record with the signature of what recognised the person of whom it speaks.

    Args:
        record: Not yet chained.
        key: Of the console or the command line.
        method: How the person was recognised.
        session_id: In which session.
    """
    deed = sign_deed(
        RECORD, _said(record), key, act=record["action"], name=record["actor"], role="", at=record["at"],
        method=method, session_id=session_id,
    )  # fmt: skip
    return {**record, "deed": deed}


class Tellers:
    """Says whether what the audit log is told of people comes from what recognised them.

    The console vouches for whom it recognised: whether an administrator registered the person, and for which roles, is
    asked where something is done, not where it is told.

    Args:
        trust: Keys that an administrator registered.
        required: Whether what is told of people counts only where it is signed.
    """

    def __init__(self, trust: Trust, required: bool) -> None:
        self._trust = trust
        self._required = required

    def refusal(self, record: Mapping[str, Any]) -> Unauthentic | None:
        """Return why a record, as it was told or from the chain, is not authentic, or None."""
        deed = record.get("deed")
        if deed is None:
            return "unsigned" if self._required and NO_PERSON not in record["actor"] else None
        if deed["at"] != record["at"]:
            return "out_of_time"
        return self._trust.told_refusal(RECORD, _said(record), deed, act=record["action"], name=record["actor"])


@dataclass(slots=True)
class Signatures:
    """What a log says of people, and whether those said it who may.

    Attributes:
        tellers: Say whether a record is authentic.
        signed: Records of people whose signature holds.
        unsigned: Records of people without one, from before signatures were asked for.
        doubtful: Signed with a key that was revoked as stolen, or ended before.
        faults: What is not authentic.
    """

    tellers: Tellers
    signed: int = 0
    unsigned: int = 0
    doubtful: int = 0
    faults: list[Fault] = field(default_factory=list)

    def look(self, record: Mapping[str, Any]) -> None:
        """Take the next record of a chain; what processors conclude of people bears no signature."""
        if not isinstance(record.get("sequence"), int) or record["action"] in BY_PROCESSORS:
            return
        reason = self.tellers.refusal(record)
        if reason == "revoked_key":
            self.doubtful += 1
        elif reason:
            what = f"what is told of {record['actor'][:SHOWN]!r} is not authentic: {reason}"
            self.faults.append(Fault(record["chain"], record["sequence"], "unauthentic", what))
        elif record.get("deed"):
            self.signed += 1
        elif NO_PERSON not in record["actor"]:
            self.unsigned += 1


def _said(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in SAID if name in record}
