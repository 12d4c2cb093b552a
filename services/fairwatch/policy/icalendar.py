"""The days that the events of an iCalendar file (RFC 5545) cover."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path

from dateutil.rrule import rrulestr

from fairwatch.domain.errors import ConfigurationError

LARGEST = 4 << 20  # bytes
EVENT_LIMIT = 20_000
DAY_LIMIT = 20_000  # of one file
EARLIEST = 1900  # a repetition is counted from its beginning
TOO_OFTEN = ("HOURLY", "MINUTELY", "SECONDLY")
DAY = timedelta(days=1)
Event = dict[str, list[str]]


def days_of(path: Path, first: date, last: date) -> frozenset[date]:
    """Return each day between two that an event of the file covers, repetitions included.

    Raises:
        ConfigurationError: The file is not there, is too large, or an event of it cannot be understood.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(f"{path}: has more than {LARGEST >> 20} MiB")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error
    found: set[date] = set()
    for number, event in enumerate(_events(path, text), 1):
        try:
            found.update(_covered(event, first, last))
        except (ValueError, KeyError, IndexError, OverflowError, TypeError) as error:
            raise ConfigurationError(f"{path}: event {number} cannot be understood: {error}") from error
        if number > EVENT_LIMIT or len(found) > DAY_LIMIT:
            raise ConfigurationError(f"{path}: has more than {EVENT_LIMIT:,} events or {DAY_LIMIT:,} days")
    return frozenset(found)


def _events(path: Path, text: str) -> Iterator[Event]:
    """Yield the properties of each event by name; parameters are left out."""
    lines = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "").split("\n")
    if "BEGIN:VCALENDAR" not in lines or "END:VCALENDAR" not in lines:
        raise ConfigurationError(f"{path}: is no iCalendar file, or is cut off")
    event: Event | None = None
    depth = 0
    for line in lines:
        name, _, value = line.partition(":")
        name = name.partition(";")[0].upper()
        if line == "BEGIN:VEVENT":
            event, depth = {}, 0
        elif line == "END:VEVENT" and event is not None:
            if event.get("STATUS") != ["CANCELLED"]:
                yield event
            event = None
        elif name in ("BEGIN", "END"):
            depth += 1 if name == "BEGIN" else -1  # an alarm has a time of its own
        elif event is not None and depth == 0 and value:
            event.setdefault(name, []).append(value)


def _covered(event: Event, first: date, last: date) -> Iterator[date]:
    start = _moment(event["DTSTART"][0])
    if start.year < EARLIEST:
        raise ValueError(f"it begins before {EARLIEST}")
    length = _length(event, start)
    without = {_moment(each).date() for line in event.get("EXDATE", ()) for each in line.split(",")}
    starts = [start, *(_moment(each) for line in event.get("RDATE", ()) for each in line.split(","))]
    span = datetime.combine(first, time()) - length, datetime.combine(last, time())
    for moment in (each for rule in event.get("RRULE", ()) for each in _repetitions(rule, start, *span)):
        starts.append(moment)
        if len(starts) > DAY_LIMIT:
            raise ValueError(f"it comes more than {DAY_LIMIT:,} times")
    for moment in starts:
        if moment.date() in without:
            continue
        day, end = moment.date(), moment + length
        while (datetime.combine(day, time()) < end or day == moment.date()) and day <= last:
            if day >= first:
                yield day
            day += DAY


def _repetitions(rule: str, start: datetime, first: datetime, last: datetime) -> Iterator[datetime]:
    plain = ";".join(part.removesuffix("Z") if part.startswith("UNTIL") else part for part in rule.split(";"))
    if any(f"FREQ={often}" in plain for often in TOO_OFTEN):
        raise ValueError("it comes more often than daily")
    repeated = rrulestr(plain, dtstart=start)
    if "COUNT=" not in plain:  # what is counted has no other end beside it
        repeated = repeated.replace(until=min(repeated._until or last, last))  # noqa: SLF001  has no other name
    return takewhile(lambda moment: moment <= last, repeated.xafter(first, inc=True))


def _length(event: Event, start: datetime) -> timedelta:
    if "DTEND" in event:
        length = _moment(event["DTEND"][0]) - start
        if length < timedelta():
            raise ValueError("it ends before it begins")
        return length
    return DAY if "T" not in event["DTSTART"][0] else timedelta()


def _moment(text: str) -> datetime:
    """Return a date or a date with time, as it is written: days are those of whoever reads the calendar."""
    plain = text.removesuffix("Z")
    return datetime.strptime(plain, "%Y%m%dT%H%M%S" if "T" in plain else "%Y%m%d")  # noqa: DTZ007  local by intent
