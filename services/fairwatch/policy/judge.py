"""One judgement of what somebody may do in a role: console, command line and processors ask the same policies."""

from collections.abc import Collection
from typing import TYPE_CHECKING

# Cedar takes 80 ms and 10 MB to load: a worker that is never told of a deed does without.
if TYPE_CHECKING:
    from fairwatch.policy.access import Decision, Policies


class Judge:
    """Asks the policies that are in force; those of the product, read at the first question, where none are given."""

    def __init__(self, policies: "Policies | None" = None) -> None:
        self._policies = policies

    @property
    def policies(self) -> "Policies":
        """The policies in force."""
        if self._policies is None:
            from fairwatch.policy.access import shipped  # noqa: PLC0415

            self._policies = shipped()
        return self._policies

    def decide(self, name: str, roles: Collection[str], role: str, action: str) -> "Decision":
        """Return whether a person may do something in one of the roles that the person has.

        It takes a permission for that role, and none of the other roles may forbid it: who is an auditor, too, is one.

        Args:
            name: The person's.
            roles: All that the person has.
            role: The one in which it is done, as the deed says.
            action: What is done, e.g. `candidate.verify`.
        """
        alone = self.policies.decide(name, {role} & set(roles), action)
        together = self.policies.decide(name, roles, action)
        return together if alone.allowed else alone

    def role_for(self, name: str, roles: Collection[str], action: str) -> str:
        """Return the first of a person's roles in which the person may do something; empty for none."""
        return next((role for role in sorted(roles) if self.decide(name, roles, role, action).allowed), "")
