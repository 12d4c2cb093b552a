"""Why a rule takes a subject, and why another does not."""

from collections.abc import Iterator
from dataclasses import dataclass

from fairwatch.policy.routing import Node, RouteTree
from fairwatch.policy.subject import Subject


@dataclass(frozen=True, slots=True)
class Step:
    """One node that was looked at.

    Attributes:
        depth: How far down the tree.
        name: Of the rule; empty for a node that only passes options down.
        reason: Why it did not match; empty where it did.
        raises: Whether it raises an alert.
    """

    depth: int
    name: str
    reason: str
    raises: bool


def trace(tree: RouteTree, subject: Subject) -> list[Step]:
    """Return each node that was looked at, in order; what lies behind the one that took it was not."""
    raised = {rule.name for rule in tree.rules_for(subject)}
    return list(_walk(tree, tree.routes.route, subject, 0, raised))


def _walk(tree: RouteTree, node: Node, subject: Subject, depth: int, raised: set[str]) -> Iterator[Step]:
    yield Step(depth, node.name or "", "", node.name in raised)
    for child in node.routes:
        reason = tree.refusal(child.match, subject)
        if reason:
            yield Step(depth + 1, child.name or "", reason, raises=False)
            continue
        yield from _walk(tree, child, subject, depth + 1, raised)
        if not child.goes_on and not (child.name and tree.rules[child.name].shadow):
            return
