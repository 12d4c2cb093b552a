"""Shifts written in escalations.yaml itself: people who take turns, and who is there instead."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from fairwatch.domain.calendar import instant
from fairwatch.policy.clock_time import Clock
from fairwatch.policy.on_call import DAY, MONDAY, Shift, Shifts
from fairwatch.policy.strict import Strict
from fairwatch.policy.time_interval import DAYS, Weekday


def _moment(value: object) -> object:
    if str(value).isdecimal():  # else it were seconds since 1970
        raise ValueError("must be a time such as 2026-12-24 08:00")
    return value


def _lower(value: object) -> object:
    return str(value).strip().lower()


Moment = Annotated[datetime, BeforeValidator(_moment)]
Person = Annotated[str, BeforeValidator(_lower), Field(min_length=1)]


class Hours(Strict):
    """A part of each day, in local time; over midnight where it ends no later than it begins."""

    begin: Clock = Field(validation_alias=AliasChoices("from", "begin"))
    end: Clock = Field(validation_alias=AliasChoices("to", "end"))


class RotationOptions(Strict):
    """People who take turns.

    Attributes:
        people: In the order of their turns.
        handover: When a turn ends and the next begins, in local time.
        weekday: On which day; each day without one.
        since: The first of `people` has the turn that begins on this day, or on the first such weekday after it.
        hours: When somebody is there at all; all day without.
    """

    people: tuple[Person, ...] = Field(min_length=1)
    handover: Clock = time()
    weekday: Weekday | None = None
    since: date = MONDAY
    hours: Hours | None = None


class OverrideOptions(Strict):
    """Who is there instead, between two local times."""

    person: Person
    begin: Moment = Field(validation_alias=AliasChoices("from", "begin"))
    end: Moment = Field(validation_alias=AliasChoices("to", "end"))

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "OverrideOptions":
        if (self.begin.tzinfo is None) != (self.end.tzinfo is None):
            raise ValueError("from and to have a zone both, or neither")
        if self.end <= self.begin:
            raise ValueError(f"to {self.end} is not after from {self.begin}")
        return self


class Rotation(Shifts):
    """The shifts of several rotations together, endless in both directions.

    Args:
        turns: The rotations.
        zone: Of their times.
    """

    def __init__(self, turns: Sequence[RotationOptions], zone: ZoneInfo) -> None:
        super().__init__(zone)
        self._turns = turns

    def people(self, moment: int) -> set[str]:  # noqa: ARG002  whoever has a turn at all
        """Return everybody who has a turn."""
        return {person for turns in self._turns for person in turns.people}

    def _between(self, first: datetime, last: datetime) -> Iterator[Shift]:
        begin, end = (moment.replace(tzinfo=None) for moment in (first, last))
        for turns in self._turns:
            for starts, ends, person in _pieces(turns, begin, end):
                yield Shift(
                    instant(starts.replace(tzinfo=self._zone)), instant(ends.replace(tzinfo=self._zone)), person
                )


class Written(Shifts):
    """Shifts that are written out one by one.

    Args:
        given: From when to when who is there.
        zone: Of times that name none.
    """

    def __init__(self, given: Iterable[OverrideOptions], zone: ZoneInfo) -> None:
        super().__init__(zone)
        moments = [(each, each.begin.tzinfo or zone) for each in given]
        self._given = [
            Shift(instant(each.begin.replace(tzinfo=where)), instant(each.end.replace(tzinfo=where)), each.person)
            for each, where in moments
        ]

    def people(self, moment: int) -> set[str]:
        """Return everybody who is there now, or will be."""
        return {shift.person for shift in self._given if shift.ends > moment}

    def _between(self, first: datetime, last: datetime) -> Iterator[Shift]:
        begin, end = instant(first), instant(last)
        return (shift for shift in self._given if shift.starts < end and shift.ends > begin)


def _pieces(turns: RotationOptions, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, str]]:
    """Yield (from, to, person) of what touches a time, all of them local times without a zone."""
    length = timedelta(days=7 if turns.weekday else 1)
    first = turns.since
    if turns.weekday:
        first += timedelta(days=(DAYS.index(turns.weekday) - first.weekday()) % 7)
    anchor = datetime.combine(first, turns.handover)
    if turns.hours is None:
        for number in range((begin - anchor) // length, (end - anchor) // length + 1):
            starts = anchor + number * length
            yield starts, starts + length, turns.people[number % len(turns.people)]
        return
    day = begin.date() - DAY
    while day <= end.date():
        starts, ends = (datetime.combine(day, at) for at in (turns.hours.begin, turns.hours.end))
        number = (starts - anchor) // length
        yield starts, ends if ends > starts else ends + DAY, turns.people[number % len(turns.people)]
        day += DAY
