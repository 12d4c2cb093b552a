"""What all patterns share: a rule's times as numbers, the memory of one key, and the trigger that it raises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from fairwatch.domain.ids import stable_id
from fairwatch.policy.correlation.rules import ERRORS, MICROSECOND, Correlation, Kind
from fairwatch.policy.correlation.step import Step

NAMED = 20  # events and devices that a trigger names
OPTIONAL = ("media", "zones", "verified_by", "parameters")
WAITING = 64  # events of one key that wait for what may follow: each is held whole


class Row(NamedTuple):
    """An event as it is remembered: between which times it happened, in microseconds, and what it was."""

    earliest: int
    latest: int
    value: str
    trigger_id: str
    device_id: str


@dataclass(frozen=True, slots=True)
class Times:
    """A rule in numbers. Times are microseconds.

    Attributes:
        slack: How long after a time everything that happened then is known.
    """

    rule: str
    kind: Kind
    count: int
    distinct: bool
    within: int
    before: int
    dwell: int
    gap: int | None
    lateness: int
    slack: int

    @classmethod
    def of(cls, rule: Correlation) -> "Times":
        """Return a rule in numbers."""
        error = max(rule.error_of(clock) for clock in ERRORS)
        # Of two events in a window both may be off; what goes on is looked at one by one.
        slack = rule.lateness // MICROSECOND + (error if rule.dwell else 2 * error)
        return cls(
            rule=rule.name,
            kind=rule.kind,
            count=rule.count or 0,
            distinct=rule.distinct is not None,
            within=(rule.within or 0 * MICROSECOND) // MICROSECOND,
            before=rule.before // MICROSECOND,
            dwell=(rule.dwell or 0 * MICROSECOND) // MICROSECOND,
            gap=None if rule.gap is None else rule.gap // MICROSECOND,
            lateness=rule.lateness // MICROSECOND,
            slack=slack,
        )


class Pattern(Protocol):
    """The memory of one key.

    Attributes:
        value: What is kept of it, as it passes through JSON.
    """

    value: dict[str, Any]

    def take(self, step: Step) -> tuple[list[dict[str, Any]], str]:
        """Take an event in; return what it raises, and why nothing where it raises nothing."""
        ...

    def pass_time(self, now: int) -> list[dict[str, Any]]:
        """Return what is raised since everything up to `now` is known."""
        ...

    def due_at(self) -> int | None:
        """Return when time changes something; None when nothing is left to remember."""
        ...


def row_of(step: Step) -> Row:
    """Return an event as it is remembered."""
    return Row(step.earliest, step.latest, step.value, step.trigger_id, step.device_id)


def kept(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be kept of a trigger: without what is nothing, or empty where that is the default."""
    return {name: value for name, value in record.items() if value is not None and (value or name not in OPTIONAL)}


def raised(
    record: Mapping[str, Any],
    rows: Sequence[Row],
    *,
    started_at: int,
    updated_at: int,
    issued_at: int,
    lasts: bool = False,
    surely: bool = True,
) -> dict[str, Any]:
    """Return the trigger that several events raise.

    Args:
        record: The trigger of the event that tells what it is like, maybe as `kept`.
        rows: The events.
        started_at: When that began.
        updated_at: When it was so.
        issued_at: When that was known.
        lasts: It goes on until its end is told.
        surely: It is so however far the clocks are off.
    """
    key, last = record["group"], rows[-1].trigger_id
    cause = {
        "cause_id": blake2b(f"correlation|{key}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest(),
        "kind": "CONDITION" if lasts else "MOMENT",
        "state": "FIRING",
        "device_id": rows[-1].device_id,
        "event_type": record["event_type"],
        "started_at": started_at,
        "updated_at": updated_at,
    }
    devices = list(dict.fromkeys(row.device_id for row in rows))[-NAMED:]
    return {
        **record,
        "alert_id": stable_id("correlation", key, last),
        "state": "NEW",
        "certainty": record["certainty"] if surely else "POSSIBLE",
        "started_at": started_at,
        "updated_at": updated_at,
        "ended_at": None,
        "issued_at": issued_at,
        "triggers": list(dict.fromkeys(row.trigger_id for row in rows))[-NAMED:],
        "device_ids": devices,
        "parameters": {**record.get("parameters", {}), "devices": ", ".join(devices), "events": str(len(rows))},
        "causes": [cause],
    }


def ended(trigger: Mapping[str, Any], at: int, known_at: int, *, revoked: bool = False) -> dict[str, Any]:
    """Return the end of what goes on; or, where it was raised by what is revoked, that it never was."""
    [cause] = trigger["causes"]
    at = max(at, trigger["started_at"])
    return {
        **trigger,
        "alert_id": stable_id(trigger["alert_id"], "revoked" if revoked else "end"),
        "state": "CANCELLED" if revoked else "ENDED",
        "updated_at": at,
        "ended_at": at,
        "received_at": known_at,
        "issued_at": known_at,
        "causes": [{**cause, "state": "ENDED", "updated_at": at}],
    }
