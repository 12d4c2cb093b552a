"""The events of an incident, and what they say of each other: seen twice, too fast, as fast as one would be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from fairwatch.policy.incidents.roles import Role, role_of
from fairwatch.policy.incidents.rules import MICROSECOND, IncidentRule, Transit
from fairwatch.policy.incidents.step import Step, short

CERTAINTIES: Final = ("UNKNOWN", "UNLIKELY", "POSSIBLE", "LIKELY", "OBSERVED")
RAISED_TO: Final = CERTAINTIES.index("LIKELY")  # Observed is said of what people or sensors vouch for
FIRING, ENDED, WITHDRAWN = "FIRING", "ENDED", "WITHDRAWN"
Remark = Literal["NONE", "PLAUSIBLE_TRANSIT", "IMPLAUSIBLE_TRANSIT"]
NEAR = 2  # times as long, or as short, as is typical


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One event. Times are microseconds UTC; the fields stand in the order in which a state keeps them."""

    at: int
    event_id: str
    alert_id: str
    cause: str
    source: str
    who: str
    state: str
    until: int | None
    role: Role
    event_type: str
    device_id: str
    rule: str
    certainty: str

    @classmethod
    def of(cls, step: Step, rule: IncidentRule | None) -> "Row":
        """Return the row of a step; of an end that speaks for its beginning, from then on."""
        ends = step.state == ENDED
        return cls(
            at=step.since if ends else step.at,
            event_id=short(step.step_id),
            alert_id=step.alert_id,
            cause=step.cause,
            source=step.source,
            who=step.who,
            state=ENDED if ends else FIRING,
            until=step.at if ends else None,
            role=role_of(step.rule, step.event_type, rule.roles if rule else {}),
            event_type=step.event_type,
            device_id=step.device_id,
            rule=step.rule,
            certainty=step.certainty,
        )

    def kept(self) -> list[Any]:
        """Return it as a value that passes through JSON."""
        return [getattr(self, name) for name in self.__slots__]

    def ended(self, at: int) -> "Row":
        """Return it with its end."""
        return replace(self, state=ENDED, until=max(at, self.at))

    def withdrawn(self) -> "Row":
        """Return what may be left of it when its alert was revoked or erased: that something was there, and when."""
        nothing = dict.fromkeys(("alert_id", "cause", "source", "who", "device_id", "rule"), "")
        plain = replace(self, state=WITHDRAWN, until=None, role="OTHER", event_type="other", certainty="UNKNOWN")
        return replace(plain, **nothing)  # type: ignore[arg-type]  # these are texts


@dataclass(frozen=True, slots=True)
class Told:
    """A row beside the others.

    Attributes:
        certainty: With what the others say of it.
        same_as: Event of another one of which it is a second view.
        remark: Of the way from another one, or to it.
        other: That one.
        took: How long the way took, in microseconds.
    """

    row: Row
    certainty: str
    same_as: str | None = None
    remark: Remark = "NONE"
    other: str | None = None
    took: int | None = None


def told(rows: Sequence[Row], rule: IncidentRule | None) -> list[Told]:
    """Return each row, in the order of time, with what the others say of it.

    Args:
        rows: Of one incident.
        rule: Which cameras overlap, and how far apart others are; None where that is not known any more.
    """
    found = [Told(row, row.certainty) for row in sorted(rows)]
    _find_doubles(found, rule)
    if rule is not None and rule.transits:
        _judge_transits(found, rule)
    return found


def _find_doubles(found: list[Told], rule: IncidentRule | None) -> None:
    together = 0 if rule is None else rule.together // MICROSECOND
    for number, one in enumerate(found):
        if one.row.state == WITHDRAWN:
            continue
        for earlier in range(number - 1, -1, -1):
            first = found[earlier]
            if one.row.at - first.row.at > together:
                break
            if first.row.state == WITHDRAWN or first.same_as is not None:
                continue
            if first.row.source == one.row.source:
                found[number] = replace(one, same_as=first.row.event_id)
                break
            if rule is not None and _are_one(first.row, one.row, rule):
                certainty = _raised(_highest((first.certainty, one.certainty)))
                found[earlier] = replace(first, certainty=certainty)
                found[number] = replace(one, certainty=certainty, same_as=first.row.event_id)
                break


def _are_one(first: Row, other: Row, rule: IncidentRule) -> bool:
    if first.who and other.who and first.who != other.who:
        return False
    alike = (first.role, first.event_type) == (other.role, other.event_type)
    return alike and rule.overlap(first.device_id, other.device_id)


def _judge_transits(found: list[Told], rule: IncidentRule) -> None:
    last: dict[str, int] = {}
    for number, one in enumerate(found):
        who = one.row.who
        if not who or one.same_as is not None:
            continue
        if who in last:
            _judge(found, last[who], number, rule)
        last[who] = number


def _judge(found: list[Told], start: int, end: int, rule: IncidentRule) -> None:
    first, second = found[start].row, found[end].row
    transit = rule.transit(first.device_id, second.device_id)
    if transit is None:
        return
    took = second.at - first.at
    remark = _remark(transit, took)
    if remark == "NONE":
        return
    fits = transit.typical is None or transit.typical / NEAR <= took * MICROSECOND <= transit.typical * NEAR
    for number, other in ((start, second), (end, first)):
        one = found[number]
        if one.remark == "IMPLAUSIBLE_TRANSIT" or (one.remark == remark and number == start):
            continue
        certainty = _lowered(one.row.certainty) if remark == "IMPLAUSIBLE_TRANSIT" else one.certainty
        if remark == "PLAUSIBLE_TRANSIT" and fits:
            certainty = _raised(one.row.certainty)
        found[number] = replace(one, certainty=certainty, remark=remark, other=other.event_id, took=took)


def _remark(transit: Transit, took: int) -> Remark:
    error = 2 * (transit.clock_error // MICROSECOND)
    if took + error < transit.least // MICROSECOND:
        return "IMPLAUSIBLE_TRANSIT"
    return "PLAUSIBLE_TRANSIT" if took - error <= transit.most // MICROSECOND else "NONE"


def _highest(certainties: Sequence[str]) -> str:
    return max(certainties, key=CERTAINTIES.index, default="UNKNOWN")


def _raised(certainty: str) -> str:
    number = CERTAINTIES.index(certainty)
    return CERTAINTIES[max(number, min(number + 1, RAISED_TO))] if number else certainty


def _lowered(certainty: str) -> str:
    number = CERTAINTIES.index(certainty)
    return CERTAINTIES[max(1, number - 1)] if number else certainty
