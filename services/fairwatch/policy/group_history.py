"""Whether a group is told at all, by the `tell_when` of its rule: what it has come to, and what was told of it before.

It is asked before the first word, each time the group changes, and each interval where it asks about time; what was
told once is told to its end, what ended before is counted. What was told of a group is kept for a day, beside the
groups that are open.
"""

from functools import lru_cache
from typing import Any

from fairwatch.domain.agenda import BESIDE, Agenda
from fairwatch.policy.expression import FailedError, GroupExpression, group_view
from fairwatch.policy.grouping import AlertGroup
from fairwatch.telemetry import metrics

HISTORY = f"{BESIDE}told|"  # begins the keys of what was told
DAY = 86_400_000_000
SECOND = 1_000_000
KEPT = 100  # beginnings of a group that are remembered
NEVER = -1


def is_told(agenda: Agenda, partition: int, group: AlertGroup, now: int) -> bool:
    """Tell whether the first word of a group may be said now, and remember it then.

    An expression without an answer is counted, and lets it be said: an alert too many is better than one too few.
    """
    text, alert = group.value["timing"].get("tell_when"), group.value["alert"]
    if not text:
        return True
    key = HISTORY + alert["group"]
    told = [at for at in (agenda.get(partition, key) or {}).get("told", ()) if now - DAY < at <= now]
    try:
        answer = _compiled(text).holds(group_view(_values(group, told, now)))
    except (FailedError, ValueError):  # or an earlier release understood it, and this one does not
        metrics.RULES_FAILED.labels(alert["rule"], "tell_when").inc()
        answer = True
    if not answer and group.value["ended"] is not None:
        for receiver in alert["receivers"]:
            metrics.ALERTS_NOT_TOLD.labels(alert["rule"], receiver).inc()
    if answer:
        agenda.put(partition, key, {"told": [*told, now][-KEPT:], "due": now + DAY})
    return answer


def forget(agenda: Agenda, partitions: list[int], now: int) -> None:
    """Forget groups of which nothing was told for a day."""
    if (first := agenda.next_at(HISTORY)) is not None and first <= now:
        for partition, key, _ in list(agenda.due(partitions, now, HISTORY)):
            agenda.delete(partition, key)


def _values(group: AlertGroup, told: list[int], now: int) -> dict[str, Any]:
    alert, causes = group.value["alert"], list(group.causes)
    return {
        "group.count": alert["count"],
        "group.firing": len(causes),
        "group.devices": len({device for cause in causes for device in cause.devices or (cause.device_id,)}),
        "group.seconds": max(0, now - alert["started_at"]) // SECOND,
        "group.severity": alert.get("severity", "UNKNOWN"),
        "history.alerts_24h": len(told),
        "history.since_last_s": (now - told[-1]) // SECOND if told else NEVER,
    }


@lru_cache(maxsize=512)
def _compiled(text: str) -> GroupExpression:
    return GroupExpression(text)
