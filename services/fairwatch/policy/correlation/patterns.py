"""Which pattern a rule is, and what is kept of one key."""

from collections.abc import Mapping
from typing import Any

from fairwatch.policy.correlation.dwell import Dwell
from fairwatch.policy.correlation.pairs import Then, Without
from fairwatch.policy.correlation.pattern import Pattern, Times, ended
from fairwatch.policy.correlation.rules import Kind
from fairwatch.policy.correlation.step import REVOKED
from fairwatch.policy.correlation.window import Window

PATTERNS: Mapping[Kind, type[Window | Dwell | Then | Without]] = {
    "count": Window,
    "dwell": Dwell,
    "then": Then,
    "without": Without,
}

PARTS: Mapping[Kind, tuple[str, ...]] = {
    "count": ("first", REVOKED),
    "dwell": ("first", "end"),
    "then": ("first", "second", REVOKED),
    "without": ("first", "second", REVOKED),
}


def pattern_of(times: Times, value: Mapping[str, Any] | None) -> Pattern:
    """Return the memory of a key; what was kept of another kind of rule is of no use to this one."""
    mine = value is not None and value["kind"] == times.kind
    return PATTERNS[times.kind](times, dict(value["memory"]) if mine and value is not None else None)


def value_of(times: Times, pattern: Pattern) -> dict[str, Any] | None:
    """Return what has to be kept of a key; None when nothing has."""
    due = pattern.due_at()
    return None if due is None else {"rule": times.rule, "kind": times.kind, "memory": pattern.value, "due": due}


def closed(value: Mapping[str, Any], now: int) -> list[dict[str, Any]]:
    """Return the end of what goes on under a rule that does not hold any more."""
    trigger = value["memory"].get("open")
    return [] if trigger is None else [ended(trigger, now, now)]
