"""When a group has to be looked at next, by its value; in microseconds."""

from collections.abc import Mapping
from typing import Any

NEVER = 1 << 62


def due_at(value: Mapping[str, Any]) -> int:
    """Return when a group has to be looked at next, in microseconds; at once where an older release kept it."""
    if "gone" not in value:
        return 0
    at = NEVER if value["due"] is None else int(value["due"])
    if value["ended"] is None:
        at = min(at, silent_at(value))
    for moment in (repeat_at(value), escalates_at(value)):
        if moment is not None and moment < at:
            at = moment
    return at


def silent_at(value: Mapping[str, Any]) -> int:
    """Return when something was not heard of for so long that it has ended or is lost."""
    timing = value["timing"]
    quiet = NEVER if value["heard_at"] is None else value["heard_at"] + timing["resolve_after"]
    lost = NEVER if value["lasts_from"] is None else value["lasts_from"] + timing["stale_after"]
    gone = NEVER if value.get("tracks_from") is None else value["tracks_from"] + timing["resolve_after"]
    return int(min(quiet, lost, gone))


def escalates_at(value: Mapping[str, Any]) -> int | None:
    """Return when somebody else is told unless somebody answers; never while it is about to end."""
    escalation = value.get("escalation")
    return None if escalation is None or value["ended"] is not None else int(escalation["due"])


def repeat_at(value: Mapping[str, Any]) -> int | None:
    """Return when it is told again though nothing changed; never once somebody has acknowledged it."""
    repeat, told_at = value["timing"]["repeat_interval"], value["told_at"]
    if repeat is None or told_at is None or value["alert"].get("acknowledged_by"):
        return None
    return int(told_at + repeat)
