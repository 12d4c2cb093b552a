"""Tells operators of receivers that take nothing, as an alert like any other: grouped, silenced, answered, ended."""

from collections.abc import Sequence
from typing import Any

from fairwatch.domain.clock import Clock
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit

RULE = "fairwatch.receivers"  # not one of routes.yaml: it has the defaults, and ends ten minutes after the last trouble
HUB = "fairwatch"
AGAIN = 60_000_000  # microseconds: each trouble is said once a minute while it lasts
WHAT = {
    "gone": "says that it will not be back (410): nothing more is sent to it until notify starts again",
    "unknown_receiver": "is named by a rule and not in receivers.yaml",
}


class Troubles:
    """What operators are told of receivers.

    Args:
        operators: Receivers that are told; the one in trouble is left out. Without any, the console shows it all the
            same.
        clock: Says which minute it is.
    """

    def __init__(self, operators: Sequence[str], clock: Clock) -> None:
        self._operators = operators
        self._clock = clock
        self._said: dict[tuple[str, str], int] = {}

    def tell(self, name: str, reason: str, *, waits: bool) -> list[Emit]:
        """Return a trigger that says what is wrong with a receiver, or nothing if that was said in this minute.

        Args:
            name: The receiver.
            reason: What it answered.
            waits: Whether the alert goes on waiting for it, or was given up.
        """
        minute = self._clock.now() // AGAIN * AGAIN
        if self._said.get((name, reason)) == minute:
            return []
        self._said[name, reason] = minute
        group = f"{RULE}|{name}"
        return [Emit("alert-triggers", group, self._trigger(name, reason, group, minute, waits=waits))]

    def _trigger(self, name: str, reason: str, group: str, minute: int, *, waits: bool) -> dict[str, Any]:
        trigger = stable_id("trigger", RULE, name, reason, minute)
        becomes = "Alerts wait for it" if waits else "What it did not take went to its fallback and the dead letters"
        return {
            "alert_id": trigger,
            "group": group,
            "revision": 0,
            "state": "NEW",
            "rule": RULE,
            "event_type": "device.fault",
            "title": f"Receiver {name} takes no alerts",
            "description": f"{name} {WHAT.get(reason, f'answers {reason}')}. {becomes}.",
            "category": "Infra",
            "severity": "SEVERE",
            "urgency": "IMMEDIATE",
            "certainty": "OBSERVED",
            "receivers": [operator for operator in self._operators if operator != name],
            "started_at": minute,
            "updated_at": minute,
            "ended_at": None,
            "received_at": minute,
            "issued_at": minute,  # not the moment: whichever worker says it, it is the same trigger
            "count": 1,
            "triggers": [trigger],
            "device_ids": [HUB],
            "parameters": {"receiver": name, "reason": reason},
            "causes": [
                {
                    "cause_id": f"{HUB}:{name}:{reason}",
                    "kind": "MOMENT",
                    "state": "FIRING",
                    "device_id": HUB,
                    "event_type": "device.fault",
                    "started_at": minute,
                    "updated_at": minute,
                }
            ],
        }
