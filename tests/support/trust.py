"""Keys of an administrator and of a console, and people for whom the administrator vouches."""

from collections.abc import Iterable, Mapping
from typing import Any

from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import person_id, sign_deed
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import SIGNINGS
from fairwatch.wire.trust import Trust
from fairwatch.wire.vouching import vouch_key, vouch_person
from tests.support.processor_world import MemoryReference

ADMIN = PrivateKey.of(b"a" * 32)
CONSOLE = PrivateKey.of(b"c" * 32)
SINCE = 1_000_000
ROLES = ("reviewer", "operator")
OFFICIALS = {"a": ["requester"], "b": ["approver"]}  # who ask for authorisations and agree to them
NAMES = ("ann", "ben", "carl", "cleo", "dora", "emil", "fay", "carol", "dave", "bo")


def vouched(*names: str, since: int = SINCE, **roles: list[str]) -> dict[str, MemoryReference]:
    """Return the topics `people` and `signing-keys`; all may review, unless roles say otherwise."""
    people = {name: roles.get(name, ROLES) for name in names or NAMES}
    records = [vouch_person(ADMIN, name, of, since=since, at=since) for name, of in people.items()]
    key = vouch_key(ADMIN, CONSOLE.public, "console", at=since)
    return {
        "people": MemoryReference({record["person_id"]: record for record in records}),
        "signing-keys": MemoryReference({key["key_id"]: key}),
    }


def trust(references: Mapping[str, MemoryReference] | None = None) -> Trust:
    """Return what processors ask."""
    known = references or vouched()
    return Trust(known["people"], known["signing-keys"], [ADMIN.public])


def signed(verification: dict[str, Any], key: PrivateKey = CONSOLE, **fields: Any) -> dict[str, Any]:
    """Return a decision with the console's deed, as of the moment at which it was made."""
    said = {"act": "verify", "name": verification["reviewer"], "role": verification["role"], "method": "password",
            "at": verification["decided_at"], "session_id": "session-1", **fields}  # fmt: skip
    return {**verification, "deed": sign_deed("Verification", verification, key, **said)}


def authorised(record: dict[str, Any], key: PrivateKey = CONSOLE, *, at: int) -> dict[str, Any]:
    """Return an authorisation that whoever it names has signed."""
    made = SIGNINGS["authorisations"].signed(record, key, "request", record["requested_by"], "requester", at=at)
    for name in record["approved_by"]:
        made = SIGNINGS["authorisations"].signed(made, key, "approve", name, "approver", at=at)
    return made


def enrolled(record: dict[str, Any], key: PrivateKey = CONSOLE, *, at: int) -> dict[str, Any]:
    """Return a watchlist entry that whoever it names has signed."""
    signing, agreed = SIGNINGS["watchlist-entries"], record.get("approved_by")
    made = signing.signed(record, key, "enrol", record["created_by"], "requester", at=at)
    return signing.signed(made, key, "approve", agreed, "approver", at=at) if agreed else made


def checked(references: Mapping[str, Any], topics: Iterable[str] | None = None, who: str = "test") -> dict[str, Any]:
    """Return references as a worker has them where `trust.yaml` demands that these topics are signed."""
    believed = trust(references)
    topics = [topic for topic in SIGNINGS if topic in references] if topics is None else topics
    return {
        **references,
        **{topic: SignedReference(who, topic, references[topic], believed, SIGNINGS[topic]) for topic in topics},
    }


__all__ = [
    "ADMIN",
    "CONSOLE",
    "NAMES",
    "OFFICIALS",
    "authorised",
    "checked",
    "enrolled",
    "person_id",
    "signed",
    "trust",
    "vouched",
]
