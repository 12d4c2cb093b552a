"""What people do to alerts, signed: by the console that recognised the person, or read a link of its own."""

from collections.abc import Mapping
from typing import Any, cast

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import AlertAction
from fairwatch.policy.deeds import LINK
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.trust import Trust, Unauthentic

RECORD = "AlertAction"


def act_of(action: Mapping[str, Any]) -> str:
    """Return what the deed of an alert action says; no other act can be made of it."""
    return f"alert.{action['action'].lower()}"


def sign_answer(
    action: AlertAction, key: PrivateKey | None, *, method: str, session_id: str = "", required: bool = True
) -> AlertAction:
    """Return an alert action with the deed of whom it names; as it is where there is no key and nobody demands one.

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
    return cast("AlertAction", {**action, "deed": deed})


def answer_refused(trust: Trust, action: AlertAction, now: int) -> Unauthentic | None:
    """Return why an alert action is not authentic, or None; `now` in microseconds UTC.

    Who used a link is a receiver, whom nobody registers: the console's key vouches for the link.
    """
    deed = action.get("deed")
    refusal = trust.refusal(
        RECORD, action, deed, act=act_of(action), name=action["actor"], roles={action["role"]}, now=now,
        registered=action["role"] != LINK,
    )  # fmt: skip
    if refusal or deed is None:
        return refusal or "unsigned"
    if deed["role"] != action["role"]:
        return "wrong_role"
    return None if deed["at"] == action["at"] else "out_of_time"
