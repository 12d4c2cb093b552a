"""Who may do what: Cedar policies, of which each decision names the one that allowed it, and the version of all."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import cedarpy

from fairwatch.domain.errors import ConfigurationError

SHIPPED: Final = Path(__file__).with_suffix(".cedar")
ROLES: Final = ("admin", "approver", "auditor", "operator", "requester", "reviewer")
VERSION: Final = 12  # characters of the hash that name a version
HUB: Final = ("Hub", "hub")
REMEMBERED: Final = 4_096  # decisions, of some 400 µs each

Permission = tuple[str, str]  # role, action
Resource = tuple[str, str]  # type, id


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody may do something, and why.

    Attributes:
        allowed: Whether.
        policies: Ids of the policies that decided.
        version: Of all policies.
    """

    allowed: bool
    policies: tuple[str, ...]
    version: str

    @property
    def cited(self) -> dict[str, str]:
        """What an audit record says of it."""
        return {"policy": ", ".join(self.policies), "policy_version": self.version}


class Policies:
    """The policies of one file.

    Args:
        text: In Cedar's language.
        name: Of the file, for errors.

    Raises:
        ConfigurationError: They are no policies, or one has no @id of its own.
    """

    def __init__(self, text: str, name: str) -> None:
        try:
            self._set = cedarpy.PolicySet.from_str(text)
            parsed: dict[str, dict[str, Any]] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
        except (ValueError, KeyError) as error:
            raise ConfigurationError(f"{name}: are no Cedar policies: {error}") from error
        ids = [str(policy.get("annotations", {}).get("id") or "") for policy in parsed.values()]
        if not all(ids) or len(set(ids)) < len(ids):
            raise ConfigurationError(f"{name}: each policy needs an @id of its own, by which it is cited")
        self.text = text
        self.version = sha256(text.encode()).hexdigest()[:VERSION]
        self.rules = [_Rule.of(policy) for policy in parsed.values()]
        self._actions = frozenset(re.findall(r'Action::"([^"]+)"', text))
        self._decided: dict[tuple[str, frozenset[str], str, Resource], Decision] = {}

    def decide(self, name: str, roles: Collection[str], action: str, resource: Resource = HUB) -> Decision:
        """Return whether a person may do something.

        Args:
            name: The person's.
            roles: Those that the person has.
            action: What is done, e.g. `hold.place`.
            resource: What it is done to.
        """
        asked = (name, frozenset(roles), action, resource)
        found = self._decided.get(asked)
        if found is None:
            if len(self._decided) >= REMEMBERED:
                self._decided.clear()
            found = self._decided[asked] = self._ask(*asked)
        return found

    def roles_for(self, action: str) -> frozenset[str]:
        """Return the roles that allow something by themselves, to anybody, whatever it is done to."""
        return frozenset(role for role in ROLES if self.decide("", {role}, action).allowed)

    def permissions(self) -> frozenset[Permission]:
        """Return what each role allows."""
        return frozenset((role, action) for action in self._actions for role in self.roles_for(action))

    def added(self, before: "Policies") -> list[str]:
        """Return what these policies allow that others did not, in words; empty where they allow the same or less.

        Of what roles alone decide that is said exactly. Of two other conditions nobody can say which is wider: such a
        policy that allows is new unless it means just the same as one of before. To leave out one that forbids adds,
        too.
        """
        found = [f"{role} may {action}" for role, action in sorted(self.permissions() - before.permissions())]
        known, mine = {rule.meaning for rule in before.rules}, {rule.meaning for rule in self.rules}
        new = [rule for rule in self.rules if rule.meaning not in known]
        found += [f"policy {one.id} allows more than roles say" for one in new if one.allows and not one.by_role]
        gone = [rule.id for rule in before.rules if not rule.allows and rule.meaning not in mine]
        return found + [f"policy {name} forbade, and is gone" for name in gone]

    def _ask(self, name: str, roles: frozenset[str], action: str, resource: Resource) -> Decision:
        person = {"type": "Person", "id": name}
        request = {
            "principal": person, "action": {"type": "Action", "id": action},
            "resource": {"type": resource[0], "id": resource[1]}, "context": {},
        }  # fmt: skip
        entities = [{"uid": person, "attrs": {"name": name, "roles": sorted(roles)}, "parents": []}]
        answer = cedarpy.is_authorized(request, self._set, entities)
        said = answer.diagnostics
        allowed = answer.allowed and not said.errors  # what cannot be worked out allows nothing
        return Decision(allowed, tuple(sorted(said.id_annotations_by_reason.values())), self.version)


@dataclass(frozen=True, slots=True)
class _Rule:
    """One policy as far as two files are compared.

    Attributes:
        id: Its @id.
        allows: Whether it permits.
        by_role: Whether nothing but the person's roles decides.
        meaning: All but its name.
    """

    id: str
    allows: bool
    by_role: bool
    meaning: str

    @classmethod
    def of(cls, policy: Mapping[str, Any]) -> "_Rule":
        meant = {name: value for name, value in policy.items() if name != "annotations"}
        return cls(
            str(policy["annotations"]["id"]), policy["effect"] == "permit", _by_role(policy),
            json.dumps(meant, sort_keys=True),
        )  # fmt: skip


def _by_role(policy: Mapping[str, Any]) -> bool:
    anybody = policy["principal"] == {"op": "is", "entity_type": "Person"} and policy["resource"] == {"op": "All"}
    if not anybody or policy["action"]["op"] not in {"==", "in"} or len(policy["conditions"]) != 1:
        return False
    [condition] = policy["conditions"]
    body = condition["body"]
    of_roles = {".": {"left": {"Var": "principal"}, "attr": "roles"}}
    asked = body.get("containsAny") or body.get("contains") or {}
    return bool(condition["kind"] == "when" and len(body) == 1 and asked.get("left") == of_roles and _words(asked))


def _words(asked: Mapping[str, Any]) -> bool:
    right = asked.get("right", {})
    given = right.get("Set", [right])
    return all(set(one) == {"Value"} and isinstance(one["Value"], str) for one in given)


@cache
def shipped() -> Policies:
    """Return the policies that come with the product."""
    return Policies(SHIPPED.read_text(encoding="utf-8"), SHIPPED.name)
