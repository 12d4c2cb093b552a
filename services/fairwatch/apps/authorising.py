"""Authorisations from request to revocation: each step is a signed deed of a person, with its audit record."""

from collections.abc import Mapping
from typing import Any, Final, cast

from fairwatch.apps import publishing
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import Authorisation
from fairwatch.policy.authorisation import urgent
from fairwatch.wire.deeds import person_id
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schemas import newest
from fairwatch.wire.signings import APPROVE, REJECT, REQUEST, REVOKE, SIGNINGS
from fairwatch.wire.topics import topics

TOPIC: Final = "authorisations"
SIGNING: Final = SIGNINGS[TOPIC]
STATES: Final[Mapping[str, str]] = {
    REQUEST: "REQUESTED", APPROVE: "GRANTED", REJECT: "REJECTED", REVOKE: "REVOKED"
}  # fmt: skip

Record = dict[str, Any]


def requested(document: Any, who: Signer, now: int) -> Record:
    """Return what somebody asks for, signed; whatever the document says of who asked and agreed is left out.

    Raises:
        ConfigurationError: The document is no authorisation; says what is wrong.
    """
    said = {"state": "REQUESTED", "requested_by": who.name, "approved_by": [], "updated_at": now, "deeds": []}
    if not isinstance(document, dict):
        raise ConfigurationError("an authorisation is a JSON object")
    try:
        record = from_json(newest()[SIGNING.record_type], {**document, **said})
    except RejectedError as error:
        raise ConfigurationError(f"no authorisation: {error}") from error
    if record.get("urgency") and not urgent(cast("Authorisation", record)):
        raise ConfigurationError("urgent: valid_until is 24 hours at most after valid_from; ask for more without it")
    return who.signed(SIGNING, record, REQUEST, now)


def decided(record: Mapping[str, Any], act: str, who: Signer, now: int, reason: str) -> Record:
    """Return an authorisation that somebody approved, rejected or revoked.

    Raises:
        ConfigurationError: It is the requester who approves, or it is over.
    """
    if act != REVOKE and record["state"] not in {"REQUESTED", "GRANTED"}:
        raise ConfigurationError(f"authorisation {record['authorisation_id']} is {record['state'].lower()}")
    if act == APPROVE and record["valid_until"] <= now:
        raise ConfigurationError(f"authorisation {record['authorisation_id']} is over: ask for another")
    changed = {**record, "state": STATES[act], "updated_at": now, "reason": reason or None}
    if act == APPROVE:
        if who.name == record["requested_by"]:
            raise ConfigurationError(f"{who.name} asked for it: a second person has to agree")
        agreed = [name for name in record.get("approved_by") or () if name != who.name]
        changed["approved_by"] = [*(name for name in agreed if _has_signed(record, APPROVE, name)), who.name]
    return who.signed(SIGNING, changed, act, now)


def countersigned(record: Mapping[str, Any], who: Signer, now: int) -> Record:
    """Return an authorisation of before signatures with the deed of somebody whom it names; it stands as it stood.

    Raises:
        ConfigurationError: It does not name the person.
    """
    named = {REQUEST: [record["requested_by"]], APPROVE: record.get("approved_by") or []}
    acts = [act for act, names in named.items() if who.name in names and who.may(SIGNING, act)]
    if not acts:
        raise ConfigurationError(f"authorisation {record['authorisation_id']} does not name {who.name} as a {who.role}")
    return who.signed(SIGNING, dict(record), acts[0], now)


def one(settings: Settings, beginning: str) -> Record:
    """Return the authorisation whose id is this or begins so; ConfigurationError when there is not exactly one."""
    known = latest(settings, TOPIC)
    found = [known[beginning]] if beginning in known else [r for key, r in known.items() if key.startswith(beginning)]
    if len(found) != 1:
        raise ConfigurationError(f"{len(found)} authorisations have an id that begins with {beginning!r}")
    return dict(found[0])


async def write(settings: Settings, act: str, who: Signer, record: Record, because: str = "") -> None:
    """Publish an authorisation and its audit record.

    Raises:
        ConfigurationError: It is refused; a word is asked about that `because` does not answer.
        RetryableError: The broker does not acknowledge.
    """
    subject, audit = record["authorisation_id"], audited(act, who, record)
    answer = publishing.Answer(because, who.name, audit["at"]) if because else None
    async with producer(settings, "cli") as publisher:
        found = iter([(subject, record)])
        async for result in publishing.publish(publisher, topics()[TOPIC], found, None, answer):
            if result.outcome == "rejected":
                raise ConfigurationError(f"{subject}: {result.reason}")
        await publisher.publish("audit", subject, audit)


def audited(act: str, who: Signer, record: Record) -> dict[str, Any]:
    """Return the audit record of what somebody did to an authorisation."""
    subject, at = record["authorisation_id"], record["deeds"][-1]["at"]
    return {
        "audit_id": stable_id("audit", "authorisation", act, subject, at, record["deeds"][-1]["signature"]),
        "action": f"authorisation.{act}", "actor": who.name, "at": at, "subject": subject, "authorisation_id": subject,
        "details": {"state": record["state"], "role": who.role, **who.cited, "reason": record.get("reason") or ""},
    }  # fmt: skip


def _has_signed(record: Mapping[str, Any], act: str, name: str) -> bool:
    return any(deed["act"] == act and deed["person_id"] == person_id(name) for deed in record.get("deeds") or ())
