"""Recurring times in local time, such as nights, working hours, weekends or holidays.

What the clock on the wall says decides. In the night in which clocks go forward, an hour is skipped: an interval that
would begin or end in it begins or ends with the hour after it. In the night in which an hour comes twice, both count:
an interval that begins in that hour begins the first time, one that ends in it ends the second time.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, model_validator

from fairwatch.domain.calendar import zone
from fairwatch.policy.calendars import Calendars
from fairwatch.policy.clock_time import MIDNIGHT, Minutes
from fairwatch.policy.strict import Strict

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
NONE: Calendars = {}
LAST_DAY = 31


def _day_of_month(value: object) -> object:
    """Read `1`, `-1` (the last day) or `1..7`."""
    first, _, last = str(value).partition("..")
    try:
        span = int(first), int(last or first)
    except ValueError:
        raise ValueError("must be a day such as 1, a last day such as -1, or a span such as 1..7") from None
    if not all(1 <= abs(day) <= LAST_DAY for day in span) or (span[0] > 0) != (span[1] > 0) or span[0] > span[1]:
        raise ValueError("must lie between 1 and 31 or -31 and -1, the earlier one first")
    return span


def _date_span(value: object) -> object:
    """Read `2026-12-24`, `2026-12-24..2027-01-06`, `12-24` or `12-24..01-06`; the latter two come each year."""
    if isinstance(value, (tuple, list)):
        return tuple(value)
    text = str(value)
    if not re.fullmatch(r"(\d{4}-\d\d-\d\d)(\.\.\d{4}-\d\d-\d\d)?|(\d\d-\d\d)(\.\.\d\d-\d\d)?", text):
        raise ValueError("must be a date or span such as 2026-12-24, 2026-12-24..2027-01-06, 12-24 or 12-24..01-06")
    first, _, last = text.partition("..")
    last = last or first
    for each in (first, last):
        date.fromisoformat(each if len(each) > 5 else f"2024-{each}")  # noqa: PLR2004  MM-DD; a leap year has them all
    if len(first) > 5 and last < first:  # noqa: PLR2004
        raise ValueError("ends before it begins")
    return first, last


def _zone_name(value: object) -> object:
    if value is not None and zone(str(value)) is None:
        raise ValueError("is no IANA zone")
    return value


DaySpan = Annotated[tuple[int, int], BeforeValidator(_day_of_month)]
DateSpan = Annotated[tuple[str, str], BeforeValidator(_date_span)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Month = Literal[
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip


class TimeInterval(Strict):
    """Times of day, on some days; all that is given must hold. One that ends before it starts goes past midnight.

    Attributes:
        start: First minute.
        end: First minute after it.
        weekdays, days_of_month, months, dates: Days on which it starts; empty for all. `-1` is the last of a month.
        holidays: Calendars; it starts only on a day of one of them.
        except_holidays: It starts on no day of these.
        zone: Its IANA zone; the site's without.
    """

    start: Minutes = 0
    end: Minutes = MIDNIGHT
    weekdays: tuple[Weekday, ...] = ()
    days_of_month: tuple[DaySpan, ...] = ()
    months: tuple[Month, ...] = ()
    dates: tuple[DateSpan, ...] = ()
    holidays: tuple[str, ...] = ()
    except_holidays: tuple[str, ...] = ()
    zone: Annotated[str | None, BeforeValidator(_zone_name)] = None

    @model_validator(mode="after")
    def _has_length(self) -> "TimeInterval":
        if self.start == self.end:
            raise ValueError("start and end are the same: leave both out for the whole day")
        return self

    @property
    def calendars(self) -> tuple[str, ...]:
        """The calendars that it names."""
        return (*self.holidays, *self.except_holidays)

    def holds(self, local: datetime, calendars: Calendars = NONE) -> bool:
        """Tell whether a local time lies within."""
        if self.zone is not None:
            local = local.astimezone(zone(self.zone))
        minute = self._minute(local)
        if self.start < self.end:
            return self.start <= minute < self.end and self._starts_on(local.date(), calendars)
        if minute >= self.start:
            return self._starts_on(local.date(), calendars)
        return minute < self.end and self._starts_on(local.date() - timedelta(days=1), calendars)

    def _minute(self, local: datetime) -> int:
        """Return the minute of the day; in an hour that comes twice, as if the interval did not stop in between."""
        minute = local.hour * 60 + local.minute
        if local.tzinfo is None or not _comes_twice(local.date(), minute, local.tzinfo):
            return minute
        if local.fold == 0 and minute >= self.end and _comes_twice(local.date(), self.end, local.tzinfo):
            return max(self.end - 1, 0) if _begun(self.start, self.end, minute) else minute
        if local.fold == 1 and minute < self.start and _comes_twice(local.date(), self.start, local.tzinfo):
            return self.start
        return minute

    def _starts_on(self, day: date, calendars: Calendars) -> bool:
        return (
            (not self.weekdays or DAYS[day.weekday()] in self.weekdays)
            and (not self.months or MONTHS[day.month - 1] in self.months)
            and (not self.days_of_month or any(_is_day(span, day) for span in self.days_of_month))
            and (not self.dates or any(_is_date(span, day) for span in self.dates))
            and (not self.holidays or any(day in calendars[name] for name in self.holidays))
            and not any(day in calendars[name] for name in self.except_holidays)
        )


def _begun(start: int, end: int, minute: int) -> bool:
    """Tell whether an interval that ended by the wall clock had begun on the same day, or the day before."""
    return start > end or start <= minute


def _comes_twice(day: date, minute: int, where: Any) -> bool:
    if minute >= MIDNIGHT or not isinstance(where, ZoneInfo):
        return False
    moment = datetime.combine(day, time(minute // 60, minute % 60), where)
    first, second = moment.utcoffset(), moment.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second


def _is_day(span: tuple[int, int], day: date) -> bool:
    if span[0] > 0:
        return span[0] <= day.day <= span[1]
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return span[0] <= (day - following).days <= span[1]


def _is_date(span: tuple[str, str], day: date) -> bool:
    first, last = span
    text = day.isoformat()[-len(first) :]
    if first <= last:
        return first <= text <= last
    return text >= first or text <= last  # over the turn of the year
