"""Who is on call: rosters in iCalendar files, with swaps, holidays and absences, in the zone of the people."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fairwatch.domain.calendar import instant
from fairwatch.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from icalendar import Calendar

LARGEST = 4 << 20  # bytes
WEEK, DAY = timedelta(days=7), timedelta(days=1)
MONDAY = date(1970, 1, 5)
WEEKS_AHEAD = 9  # so far a next shift is looked for
ENDS_SOON = timedelta(days=14)
MICROS = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """Somebody's time, in microseconds UTC; the end is not part of it."""

    starts: int
    ends: int
    person: str


class Shifts(ABC):
    """Shifts that follow from something, looked up week by week.

    Args:
        zone: In which weeks begin.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._week: Callable[[int], tuple[Shift, ...]] = lru_cache(maxsize=64)(self._read_week)

    @abstractmethod
    def _between(self, first: datetime, last: datetime) -> Iterable[Shift]:
        """Return at least the shifts that touch the time between two moments."""

    def at(self, moment: int) -> list[Shift]:
        """Return the shifts of a moment, the latest begun first."""
        found = [shift for shift in self._around(moment) if shift.starts <= moment < shift.ends]
        return sorted(found, key=lambda shift: (-shift.starts, shift.person))

    def after(self, moment: int) -> Iterator[Shift]:
        """Iterate over the shifts that begin after a moment, in order, some weeks ahead."""
        first = _week_of(self._local(moment))
        for week in range(first, first + WEEKS_AHEAD):
            yield from sorted(shift for shift in self._week(week) if shift.starts > moment)

    def ends_at(self, moment: int) -> int | None:
        """Return when the last shift ends of those that hold now or begin within weeks; None where there is none."""
        return max((shift.ends for shift in (*self.at(moment), *self.after(moment))), default=None)

    def people(self, moment: int) -> set[str]:
        """Return whoever has a shift now or within weeks."""
        return {shift.person for shift in (*self.at(moment), *self.after(moment))}

    def _around(self, moment: int) -> tuple[Shift, ...]:
        return self._week(_week_of(self._local(moment)))

    def _local(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment / MICROS, self._zone)

    def _read_week(self, number: int) -> tuple[Shift, ...]:
        """Return the shifts that touch a week of the zone, with a day before and after."""
        first = datetime.combine(MONDAY + number * WEEK, time(), self._zone)
        return tuple(set(self._between(first - DAY, first + WEEK + DAY)))


class Roster(Shifts):
    """The shifts of one iCalendar file: an event is the shift of the person that its summary names.

    Args:
        path: The file.
        zone: Of times that name none, and of whole days.

    Raises:
        ConfigurationError: The file is not there, too large, cut off, or no iCalendar.
    """

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        import recurring_ical_events  # noqa: PLC0415  only those pay for it who have rosters

        super().__init__(zone)
        self._query = recurring_ical_events.of(_calendar(path))
        try:
            self._week(_week_of(datetime.now(zone)))
        except Exception as error:  # the library raises whatever a broken event makes it stumble over
            raise ConfigurationError(f"{path}: an event cannot be understood: {error}") from error

    def _between(self, first: datetime, last: datetime) -> Iterator[Shift]:
        for event in self._query.between(first, last):
            if str(event.get("STATUS", "")) != "CANCELLED":
                starts, ends = self._instant(event.start), self._instant(event.end)
                yield Shift(starts, ends, str(event.get("SUMMARY", "")).strip().lower())

    def _instant(self, moment: date | datetime) -> int:
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time(), self._zone)
        return instant(moment if moment.tzinfo else moment.replace(tzinfo=self._zone))


class Schedule:
    """Who is on call, and when somebody is next.

    Args:
        shifts: The ordinary roster.
        overrides: Who is there instead, for as long as their event lasts.
        holidays: Days on which the ordinary roster does not hold.
        holiday_shifts: Who is there on these.
    """

    def __init__(
        self,
        shifts: Shifts,
        overrides: Shifts | None = None,
        holidays: Shifts | None = None,
        holiday_shifts: Shifts | None = None,
    ) -> None:
        self._shifts = shifts
        self._overrides = overrides
        self._holidays = holidays
        self._holiday_shifts = holiday_shifts

    def on_call(self, moment: int) -> list[str]:
        """Return the people of a moment, whoever began last first."""
        if self._overrides and (instead := self._overrides.at(moment)):
            return _names(instead)
        if self._holidays and self._holidays.at(moment):
            return _names(self._holiday_shifts.at(moment)) if self._holiday_shifts else []
        return _names(self._shifts.at(moment))

    def next_change(self, moment: int, is_there: Callable[[str, int], bool]) -> int | None:
        """Return when somebody who is there is next on call, in microseconds; None for not within weeks."""
        times = self._changes(moment)
        return next((at for at in times if any(is_there(name, at) for name in self.on_call(at))), None)

    def people(self, moment: int) -> set[str]:
        """Return everybody whom it names now or within weeks."""
        rosters = (self._shifts, self._overrides, self._holiday_shifts)
        return set[str]().union(*(roster.people(moment) for roster in rosters if roster))

    def hole(self, moment: int) -> tuple[int, int] | None:
        """Return the first time within weeks in which nobody is on call before somebody is again; None for none."""
        begins: int | None = None
        for at in (moment, *self._changes(moment)):
            if not self.on_call(at):
                begins = at if begins is None else begins
            elif begins is not None:
                return begins, at
        return None

    def _changes(self, moment: int) -> list[int]:
        """Return when within weeks somebody may come or go, in order; swaps end in the middle of shifts."""
        rosters = (self._shifts, self._overrides, self._holidays, self._holiday_shifts)
        known = {shift for roster in rosters if roster for shift in (*roster.at(moment), *roster.after(moment))}
        return sorted({at for shift in known for at in (shift.starts, shift.ends) if at > moment})

    def trouble(self, moment: int) -> str:
        """Return what people should know: that it names nobody, or ends soon; empty where all is well."""
        ends = self._shifts.ends_at(moment)
        if ends is None:
            return "names nobody in the coming weeks"
        if ends < moment + round(ENDS_SOON.total_seconds() * MICROS):
            return f"ends at {datetime.fromtimestamp(ends / MICROS, UTC):%Y-%m-%d %H:%M} UTC"
        return ""


def _names(shifts: Sequence[Shift]) -> list[str]:
    return list(dict.fromkeys(shift.person for shift in shifts))


def _week_of(moment: datetime) -> int:
    return (moment.date() - MONDAY) // WEEK


def _calendar(path: Path) -> "Calendar":
    from icalendar import Calendar  # noqa: PLC0415  likewise

    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(f"{path}: has more than {LARGEST >> 20} MiB")
        found = Calendar.from_ical(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error
    except (ValueError, IndexError, KeyError) as error:
        raise ConfigurationError(f"{path}: is no iCalendar file, or is cut off: {error}") from error
    if found.name != "VCALENDAR":
        raise ConfigurationError(f"{path}: is no iCalendar file")
    return found
