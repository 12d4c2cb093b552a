"""The escalation of one open alert, as a value that passes through JSON: which step is next, and when."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fairwatch.policy.escalations import Escalations, Policy

MICROSECOND = timedelta(microseconds=1)


def begin(escalations: Escalations, name: str | None, now: int) -> dict[str, Any] | None:
    """Return the escalation of an alert that is told for the first time; None where its rule names no policy.

    The value is {policy, began, step, due, seen}: since when the steps count, which is next and when, and when that was
    last looked at; in microseconds.
    """
    policy = escalations.policies.get(name or "")
    if policy is None:
        return None
    return {"policy": name, "began": now, "step": 0, "due": now + _after(policy, 0), "seen": now}


def take_step(escalations: Escalations, value: Mapping[str, Any], now: int) -> tuple[tuple[str, ...], Any]:
    """Return whom to tell now, and the escalation after that; None for it when there is nothing more to come."""
    policy = escalations.policies.get(value["policy"])
    if policy is None:  # it was taken out of the file while the alert was open
        return (), None
    told = escalations.told_by(policy, value["step"], now)
    if told.waits_until is not None:
        later = told.waits_until - value["due"]  # what follows keeps its distance
        return (), {**value, "began": value["began"] + later, "due": told.waits_until, "seen": now}
    return told.receivers, _next(policy, value, now)


def set_right(value: dict[str, Any] | None, now: int) -> bool:
    """Take back how far ahead the clock was when the escalation was last looked at; return whether it was."""
    if value is None or value["seen"] <= now:
        return False
    ahead = value["seen"] - now
    value.update(seen=now, began=value["began"] - ahead, due=value["due"] - ahead)
    return True


def _next(policy: Policy, value: Mapping[str, Any], now: int) -> dict[str, Any] | None:
    number = value["step"] + 1
    if number <= len(policy.steps):
        return {**value, "step": number, "due": max(now, value["began"] + _after(policy, number)), "seen": now}
    if policy.again_every is None:
        return None
    began = now + policy.again_every // MICROSECOND
    return {**value, "began": began, "step": 0, "due": began + _after(policy, 0), "seen": now}


def _after(policy: Policy, number: int) -> int:
    is_step = number < len(policy.steps)
    return (policy.steps[number].after if is_step else policy.last_resort_after) // MICROSECOND
