"""Who may do what in the console: the only place that knows roles."""

from typing import Literal

from fairwatch.console.people import Person, Role

Action = Literal[
    "alert.view",
    "alert.act",
    "alert.explain",
    "alert.silence",
    "silence.view",
    "candidate.view",
    "candidate.verify",
    "health.view",
]

# Least first: who looks after the machines has no business with anybody's face.
ALLOWED: dict[Role, frozenset[Action]] = {
    "admin": frozenset({"health.view", "silence.view", "alert.silence"}),
    "requester": frozenset(
        {"health.view"}
    ),  # asks for authorisations and lists what is looked for, at the command line
    "approver": frozenset({"health.view"}),
    "operator": frozenset({"health.view", "alert.view", "alert.act", "silence.view", "alert.silence"}),
    "reviewer": frozenset({"health.view", "alert.view", "silence.view", "candidate.view", "candidate.verify"}),
    "auditor": frozenset({"health.view", "alert.view", "alert.explain", "silence.view", "candidate.view"}),
}


def may(person: Person, action: Action) -> bool:
    """Tell whether one of the person's roles allows the action."""
    return any(action in ALLOWED[role] for role in person.roles)


def actions(person: Person) -> list[Action]:
    """Return everything that the person may do, in a fixed order."""
    return sorted({action for role in person.roles for action in ALLOWED[role]})
