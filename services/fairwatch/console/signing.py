"""The signature of the console under what a person does: that this person was signed in, and wanted it."""

from collections.abc import Mapping
from typing import Any

from fairwatch.console.access import SESSION, role_for
from fairwatch.console.desk import Desk, SignedIn
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import Publisher
from fairwatch.domain.records import AlertAction, Deed, IncidentAction
from fairwatch.policy.arming import TOPIC as ARMINGS
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.signed_actions import ALERTS, INCIDENTS, Action, Kind, sign_action
from fairwatch.wire.signed_armings import action_of, sign_arming
from fairwatch.wire.signed_audit import NO_PERSON, sign_audit
from fairwatch.wire.signed_audit import TOPIC as AUDIT
from fairwatch.wire.signings import SILENCE_ACTS, sign_silence

METHOD = "password"
NOBODY = "none"  # how somebody was recognised who was not: a sign-in that failed


def session_id(token: str) -> str:
    """Return the id of a session, which tells nothing of its secret."""
    return stable_id("session", token)


class Telling:
    """Writes what the console writes, and signs what it tells the audit log of people: `Publisher`.

    Args:
        publisher: Writes it.
        key: Of the console; without one nothing is signed.
        required: Whether what is told of people counts only where it is signed.
    """

    def __init__(self, publisher: Publisher, key: PrivateKey | None, *, required: bool) -> None:
        self._publisher = publisher
        self._key = key
        self._required = required

    async def publish(self, topic: str, key: str, record: Any, headers: Mapping[str, bytes] | None = None) -> None:
        """Write one record, as of the publisher; RetryableError where it has to be signed and cannot be."""
        if topic == AUDIT and NO_PERSON not in record["actor"]:
            record = self._signed(record)
        await self._publisher.publish(topic, key, record, headers)

    def _signed(self, record: dict[str, Any]) -> dict[str, Any]:
        if self._key is None and self._required:
            raise RetryableError("FAIRWATCH_SIGNING_KEY_FILE: no key signs what the audit log is told of people")
        if self._key is None:
            return record
        session = SESSION.get()
        return sign_audit(record, self._key, method=METHOD if session else NOBODY, session_id=session)


def signed(desk: Desk, visitor: SignedIn, record_type: str, record: Mapping[str, Any], *, act: str, role: str) -> Deed:
    """Return the deed of who is signed in; the record is dated `decided_at` or now.

    Raises:
        ConfigurationError: The console has no key.
    """
    if desk.config.signing_key is None:
        raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: the console has no key to sign with")
    return sign_deed(
        record_type,
        record,
        desk.config.signing_key,
        act=act,
        name=visitor.person.name,
        role=role,
        at=record.get("decided_at") or desk.clock.now(),
        method=METHOD,
        session_id=session_id(visitor.token),
    )


def answered(desk: Desk, visitor: SignedIn, action: AlertAction) -> AlertAction:
    """Return what somebody who is signed in does to an alert, with the deed."""
    return _acted(desk, ALERTS, action, "alert-actions", visitor)


def incident_signed(desk: Desk, visitor: SignedIn, action: IncidentAction) -> IncidentAction:
    """Return what somebody who is signed in does to an incident, with the deed."""
    return _acted(desk, INCIDENTS, action, "incident-actions", visitor)


def answered_by_link(desk: Desk, action: AlertAction) -> AlertAction:
    """Return what whoever holds a message of ours does to an alert, with the deed of the receiver."""
    return _acted(desk, ALERTS, action, "alert-actions", None)


def _acted(desk: Desk, kind: Kind, action: Action, topic: str, visitor: SignedIn | None) -> Action:
    """Return an action with its deed: of who is signed in, or of who has a link."""
    return sign_action(
        kind,
        action,
        desk.config.signing_key,
        method=METHOD if visitor else "link",
        session_id=session_id(visitor.token) if visitor else "",
        required=topic in desk.config.must_sign,
    )


def silenced(desk: Desk, visitor: SignedIn, action: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return a silence that somebody who is signed in made, agreed to or ended, with the deed.

    Raises:
        ConfigurationError: The console has no key, and only what is signed counts.
    """
    if (key := _key(desk, "silences")) is None:
        return record
    role = role_for(visitor.person, f"silence.{SILENCE_ACTS[action]}")
    return sign_silence(record, key, action, visitor.person.name, role, method=METHOD)


def armed(desk: Desk, visitor: SignedIn, record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a site that somebody who is signed in armed or disarmed, with the deed.

    Raises:
        ConfigurationError: The console has no key, and only what is signed counts.
    """
    if (key := _key(desk, ARMINGS)) is None:
        return record
    role = role_for(visitor.person, action_of(armed=record["changes"][-1]["armed"]))
    return sign_arming(record, key, role=role, method=METHOD, session_id=session_id(visitor.token))


def _key(desk: Desk, topic: str) -> PrivateKey | None:
    """Return the console's key; None where there is none and records of a topic count without."""
    key = desk.config.signing_key
    if key is None and topic in desk.config.must_sign:
        raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: the console has no key to sign with")
    return key
