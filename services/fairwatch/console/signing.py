"""The signature of the console under what a person does: that this person was signed in, and wanted it."""

from collections.abc import Mapping
from typing import Any

from fairwatch.console.access import role_for
from fairwatch.console.desk import Desk, SignedIn
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import AlertAction, Deed, IncidentAction
from fairwatch.policy.arming import TOPIC as ARMINGS
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.signed_actions import ALERTS, INCIDENTS, Action, Kind, sign_action
from fairwatch.wire.signed_armings import action_of, sign_arming
from fairwatch.wire.signings import SILENCE_ACTS, sign_silence

METHOD = "password"


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
        session_id=stable_id("session", visitor.token),
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
        session_id=stable_id("session", visitor.token) if visitor else "",
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
    return sign_arming(record, key, role=role, method=METHOD, session_id=stable_id("session", visitor.token))


def _key(desk: Desk, topic: str) -> PrivateKey | None:
    """Return the console's key; None where there is none and records of a topic count without."""
    key = desk.config.signing_key
    if key is None and topic in desk.config.must_sign:
        raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: the console has no key to sign with")
    return key
