"""What people do to alerts and incidents, signed by the console: it recognised the person, or a link of its own."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import AlertAction, IncidentAction
from fairwatch.policy.deeds import LINK
from fairwatch.policy.judge import Judge
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.trust import Trust, Unauthentic

Action = TypeVar("Action", AlertAction, IncidentAction)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is acted upon.

    Attributes:
        record: Name of the actions' Avro record.
        name: Begins what a deed says, e.g. `alert.acknowledge`; no other act can be made of it.
        policy: What policies call it, whatever is done.
        by_link: Whether a receiver may act, whom nobody registers: the console's key vouches for the link.
    """

    record: str
    name: str
    policy: str
    by_link: bool = False

    def decided(self, judge: Judge, action: AlertAction | IncidentAction) -> tuple[bool, dict[str, str]]:
        """Return whether policies let a person act in the role that an action names, and what the audit says of it.

        A link is no person: what it may do is not theirs to say.
        """
        if self.by_link and action["role"] == LINK:
            return True, {}
        decision = judge.decide(action["actor"], {action["role"]}, action["role"], self.policy)
        return decision.allowed, decision.cited

    def act(self, action: AlertAction | IncidentAction) -> str:
        """Return what the deed of an action says."""
        return f"{self.name}.{action['action'].lower()}"


ALERTS: Final = Kind("AlertAction", "alert", "alert.act", by_link=True)
INCIDENTS: Final = Kind("IncidentAction", "incident", "alert.act")


def sign_action(
    kind: Kind, action: Action, key: PrivateKey | None, *, method: str, session_id: str = "", required: bool = True
) -> Action:
    """Return an action with the deed of whom it names; as it is where there is no key and nobody demands one.

    Args:
        kind: What is acted upon.
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
        kind.record, action, key, act=kind.act(action), name=action["actor"], role=action["role"], at=action["at"],
        method=method, session_id=session_id,
    )  # fmt: skip
    signed: Any = {**action, "deed": deed}
    return cast("Action", signed)


def action_refused(kind: Kind, trust: Trust, action: AlertAction | IncidentAction, now: int) -> Unauthentic | None:
    """Return why an action is not authentic, or None; `now` in microseconds UTC."""
    deed = action.get("deed")
    refusal = trust.refusal(
        kind.record, action, deed, act=kind.act(action), name=action["actor"], action=kind.policy,
        role=action["role"], now=now, registered=not (kind.by_link and action["role"] == LINK),
    )  # fmt: skip
    if refusal or deed is None:
        return refusal or "unsigned"
    if deed["role"] != action["role"]:
        return "wrong_role"
    return None if deed["at"] == action["at"] else "out_of_time"
