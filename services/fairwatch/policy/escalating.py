"""The escalation of one open alert, as a value that passes through JSON: which step is next, and when.

While an alert is held back from its receivers its steps stand still, and begin anew when it is told: who silences an
alert for an hour does not want everybody woken at the end of it. An answer ends it; for as long as the policy says
(`answer_holds`), and until the alert is worse than what was answered. A step that reached nobody brings the next one
forward, and those after it keep their distance; only the last resort has nothing to bring forward.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from fairwatch.policy.deeds import LAPSED
from fairwatch.policy.escalations import Escalations, Policy

MICROSECOND = timedelta(microseconds=1)
MISSED = "not_reached"  # parameter of an alert: of whom a step was, who was not reached, and why
LOOK = 30_000_000  # microseconds until it is looked at again at the latest whether an alert is held back still
HeldUntil = Callable[[int], int | None]


def begin(escalations: Escalations, name: str | None, now: int) -> dict[str, Any] | None:
    """Return the escalation of an alert that is told for the first time; None where its rule names no policy.

    The value is {policy, began, step, due, seen}: since when the steps count, which is next and when, and when that was
    last looked at; in microseconds. With `told`, `told_in` and `missed` it says whom the last word before the next step
    was for, in which revision, and who of them was not reached, and why.
    """
    policy = escalations.policies.get(name or "")
    if policy is None:
        return None
    return {"policy": name, "began": now, "step": 0, "due": now + _after(policy, 0), "seen": now}


def answered(escalations: Escalations, name: str | None, now: int) -> dict[str, Any] | None:
    """Return what an answer leaves of an escalation: when it holds no more; None where it holds for ever."""
    policy = escalations.policies.get(name or "")
    if policy is None or policy.answer_holds is None:
        return None
    due = now + policy.answer_holds // MICROSECOND
    return {"policy": name, "began": now, "step": 0, "due": due, "seen": now, "lapses": True}


def is_halted(group: Mapping[str, Any]) -> bool:
    """Tell whether the steps of a group stand still, because its alert is held back."""
    return bool((group.get("escalation") or {}).get("held"))


def said(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what an alert says of its escalation: an AlertEscalation, or None where nothing comes."""
    if value is None:
        return None
    state = "ANSWERED" if value.get("lapses") else "HELD" if value.get("held") else "DUE"
    due = None if state == "HELD" else value["due"]
    return {"policy": value["policy"], "state": state, "step": value["step"] + 1, "due_at": due}


def pass_time(group: dict[str, Any], escalations: Escalations, held_until: HeldUntil, now: int) -> None:
    """Do what is due of the escalation of a group: wait, tell a step, or take an answer back that holds no more.

    Args:
        group: The value of an `AlertGroup` with an alert whose escalation is due.
        escalations: The policies.
        held_until: Says until when the alert is held back from its receivers; None for not.
        now: Our clock.
    """
    value = group["escalation"]
    if (until := held_until(now)) is not None:
        due = max(now + 1, min(until, now + LOOK))
        group["escalation"] = {**value, "due": due, "seen": now, "held": True}
        _let_console_know(group, value)
    elif value.get("lapses"):
        ask_again(group, escalations, now)
        group["alert"].update(claimed_by=None, claimed_at=None)
        group["aside"] = {"to": None}
    elif value.get("held"):
        group["escalation"] = begin(escalations, value["policy"], now)
        _let_console_know(group, value)
    else:
        receivers, group["escalation"] = take_step(escalations, value, now)
        if receivers:
            alert = group["alert"]
            alert["receivers"] = list(dict.fromkeys([*alert["receivers"], *receivers]))
            alert["escalation_step"] = alert.get("escalation_step", 0) + 1
            group["aside"] = {"to": receivers}
            note_told(group, receivers, alert["revision"] + 1)
        else:
            _let_console_know(group, value)


def note_told(group: dict[str, Any], receivers: Sequence[str], revision: int) -> None:
    """Remember whom a word was for, so that the next step need not be waited for where none of them is reached."""
    value = group["escalation"]
    if value is not None:
        begins_anew = value["step"] == 0 and group["alert"].get("escalation_step")
        told = (
            [] if begins_anew else list(receivers)
        )  # else receivers that are all gone would be called without a pause
        group["escalation"] = {**value, "told": told, "told_in": revision, "missed": {}}


def miss(group: dict[str, Any], delivery: Mapping[str, Any], now: int) -> str | None:
    """Take in that a receiver was not reached; once none was, the next step is due. Return who and why then, or None.

    Args:
        group: The value of an `AlertGroup` with an open alert.
        delivery: A Delivery that failed for good.
        now: Our clock.
    """
    value, name = group["escalation"], delivery["receiver"]
    if value is None or group["ended"] is not None or name not in value.get("told", ()):
        return None
    if delivery["revision"] < value["told_in"] or name in value["missed"]:
        return None
    missed = {**value["missed"], name: delivery["reason"]}
    group["escalation"] = value = {**value, "missed": missed}
    if value.get("held") or not set(value["told"]) <= missed.keys():
        return None
    ahead = max(0, value["due"] - now)
    group["escalation"] = {**value, "began": value["began"] - ahead, "due": value["due"] - ahead, "seen": now}
    alert, why = group["alert"], ", ".join(f"{who} ({reason})" for who, reason in missed.items())
    before = (alert.get("parameters") or {}).get(MISSED)
    alert["parameters"] = {**(alert.get("parameters") or {}), MISSED: f"{before}, {why}" if before else why}
    return why


def ask_again(group: dict[str, Any], escalations: Escalations, now: int) -> None:
    """Let an answer count no more, so that others are told unless somebody answers again."""
    escalation = begin(escalations, group["timing"].get("escalation"), now)
    if escalation is not None:
        alert, who = group["alert"], group["alert"].get("claimed_by") or group["alert"].get("acknowledged_by")
        group["escalation"] = escalation
        alert.update(acknowledged_by=None, acknowledged_at=None)
        alert["parameters"] = {**(alert.get("parameters") or {}), LAPSED: str(who)}


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


def _let_console_know(group: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Let a revision say for nobody but the console what comes next, where that is something else than before."""
    if said(group["escalation"]) != said(before):
        group["aside"] = {"to": []}


def _after(policy: Policy, number: int) -> int:
    is_step = number < len(policy.steps)
    return (policy.steps[number].after if is_step else policy.last_resort_after) // MICROSECOND
