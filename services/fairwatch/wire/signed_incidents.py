"""What people do to incidents, signed by the console that recognised the person."""

from collections.abc import Mapping
from typing import Any, cast

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import IncidentAction
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.trust import Trust, Unauthentic

RECORD = "IncidentAction"


def act_of(action: Mapping[str, Any]) -> str:
    """Return what the deed of an incident action says; no other act can be made of it."""
    return f"incident.{action['action'].lower()}"


def sign_incident_action(
    action: IncidentAction, key: PrivateKey | None, *, method: str, session_id: str = "", required: bool = True
) -> IncidentAction:
    """Return an incident action with the deed of whom it names; as it is without a key where nobody demands one.

    Args:
        action: Without its deed.
        key: Of the console.
        method: How the person was recognised.
        session_id: In which session.
        required: Whether what is not signed counts for nothing: then a key has to be there.
    """
    if key is None and not required:
        return action
    if key is None:
        raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: the console has no key to sign with")
    deed = sign_deed(
        RECORD, action, key, act=act_of(action), name=action["actor"], role=action["role"], at=action["at"],
        method=method, session_id=session_id,
    )  # fmt: skip
    return cast("IncidentAction", {**action, "deed": deed})


def incident_action_refused(trust: Trust, action: IncidentAction, now: int) -> Unauthentic | None:
    """Return why an incident action is not authentic, or None; `now` in microseconds UTC."""
    deed = action.get("deed")
    refusal = trust.refusal(
        RECORD, action, deed, act=act_of(action), name=action["actor"], roles={action["role"]}, now=now
    )
    if refusal or deed is None:
        return refusal or "unsigned"
    if deed["role"] != action["role"]:
        return "wrong_role"
    return None if deed["at"] == action["at"] else "out_of_time"
