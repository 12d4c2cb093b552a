"""The matches that an alert counts, by candidate, so that one which is revoked can be taken out of the count again.

A match may be revoked long after its cause aged out, while the alert goes on for other reasons.
"""

from collections.abc import Mapping
from typing import Any

LIMIT = 200  # matches that are remembered; the oldest of more stays in the count when it is revoked


def note(value: dict[str, Any], trigger: Mapping[str, Any]) -> None:
    """Remember in a group's value that its alert counts the match of a trigger, if it is of one."""
    if candidate := trigger.get("candidate_id"):
        counted = dict(value.get("matches", {}))
        counted[candidate] = counted.pop(candidate, 0) + 1
        value["matches"] = dict(list(counted.items())[-LIMIT:])


def is_revoked(value: Mapping[str, Any], trigger: Mapping[str, Any]) -> bool:
    """Tell whether a trigger takes a match back that the alert counts."""
    return trigger["state"] == "CANCELLED" and trigger.get("candidate_id") in value.get("matches", {})


def take_out(value: dict[str, Any], trigger: Mapping[str, Any]) -> None:
    """Count a revoked match no more, nor tell that it had ended."""
    counted, candidate = dict(value.get("matches", {})), trigger.get("candidate_id")
    value["alert"]["count"] = max(1, value["alert"]["count"] - counted.pop(candidate, 0))
    value["gone"] = [cause for cause in value["gone"] if cause["cause_id"] != candidate]
    value["matches"] = counted
