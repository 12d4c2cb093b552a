"""Who may do what in the console, as the policies say: nothing else here knows roles."""

from contextvars import ContextVar
from typing import Literal, get_args

from fairwatch.console.people import Person
from fairwatch.policy.access import Policies
from fairwatch.policy.judge import Judge

Action = Literal[
    "alert.view",
    "alert.act",
    "alert.explain",
    "alert.silence",
    "audit.view",
    "silence.view",
    "candidate.view",
    "candidate.verify",
    "health.view",
    "waiting.view",
    "site.view",
    "site.arm",
    "site.disarm",
]


SIGNED: frozenset[Action] = frozenset(
    {"alert.act", "candidate.verify", "site.arm", "site.disarm"}
)  # acts that name the role in which they are done

# Of the request that is answered: what its audit records say of why it was allowed.
CITED: ContextVar[dict[str, str]] = ContextVar("CITED", default={})  # noqa: B039  never changed in place
# Of the same request: the session of who asks, which tells nothing of its secret; empty where nobody is signed in.
SESSION: ContextVar[str] = ContextVar("SESSION", default="")


class _Access:
    """The policies of this process."""

    def __init__(self) -> None:
        self.judge = Judge()


_ACCESS = _Access()


def use(policies: Policies) -> None:
    """Take these policies from now on; those of the product until then."""
    _ACCESS.judge = Judge(policies)


def may(person: Person, action: Action) -> bool:
    """Tell whether the policies allow the person the action."""
    return _ACCESS.judge.policies.decide(person.name, person.roles, action).allowed


def admits(person: Person, action: Action | None) -> bool:
    """Tell the same of whoever asks now, and remember for audit records which policy said so; None: anybody may."""
    if action is None:
        CITED.set({})
        return True
    decision = _ACCESS.judge.policies.decide(person.name, person.roles, action)
    CITED.set(decision.cited)
    return decision.allowed and (action not in SIGNED or role_for(person, action) != "")


def role_for(person: Person, action: str) -> str:
    """Return the role in which the person does something, as processors will judge it; empty for none.

    An act that is signed names its role; where no role alone allows it, nobody takes it.
    """
    return _ACCESS.judge.role_for(person.name, person.roles, action)


def actions(person: Person) -> list[Action]:
    """Return everything that the person may do, in a fixed order."""
    return sorted(action for action in get_args(Action) if may(person, action))
