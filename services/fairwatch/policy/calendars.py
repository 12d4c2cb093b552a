"""Calendars of days: public holidays of a country, iCalendar files, or dates written out."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.icalendar import days_of

YEARS_BACK, YEARS_AHEAD = 2, 5  # for which holidays are known; a replay of the past has its days too
ENDS_SOON = timedelta(days=30)


class Calendar(BaseModel):
    """Days from one source.

    Attributes:
        country: ISO 3166-1 code, with `subdivision` for a state of it; by the table of the package `holidays`.
        file: An iCalendar file beside the rules; a day counts when an event of it covers it.
        dates: Days written out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    subdivision: str | None = None
    file: str | None = None
    dates: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _has_one_source(self) -> "Calendar":
        if sum(bool(source) for source in (self.country, self.file, self.dates)) != 1:
            raise ValueError("exactly one of country, file and dates must be given, and not be empty")
        if self.subdivision and not self.country:
            raise ValueError("subdivision is of a country")
        if self.country:
            try:
                _public(self.country, self.subdivision, 2026)
            except NotImplementedError as error:
                raise ValueError(str(error)) from error
        return self


class Days:
    """The days of one calendar.

    Args:
        calendar: Where they come from.
        folder: Where its file lies.

    Raises:
        ConfigurationError: The file cannot be read, or is no iCalendar.
    """

    def __init__(self, calendar: Calendar, folder: Path | None = None) -> None:
        self._calendar = calendar
        self._dates = frozenset(calendar.dates)
        if calendar.file is not None:
            if folder is None or Path(calendar.file).name != calendar.file:
                raise ConfigurationError(f"calendar file {calendar.file!r}: is no name of a file beside the rules")
            year = date.today().year  # noqa: DTZ011  which years are read, not what time it is
            span = date(year - YEARS_BACK, 1, 1), date(year + YEARS_AHEAD, 12, 31)
            self._dates = days_of(folder / calendar.file, *span)

    def __contains__(self, day: date) -> bool:
        if self._calendar.country is None:
            return day in self._dates
        return day in _public(self._calendar.country, self._calendar.subdivision, day.year)

    def trouble(self, today: date) -> str:
        """Return what people should know: that it is empty, or ends soon; empty where all is well."""
        if self._calendar.country is not None:
            return ""
        if not self._dates:
            return "holds no day"
        last = max(self._dates)
        return f"ends on {last}" if last < today + ENDS_SOON else ""

    def written_out(self) -> Calendar:
        """Return it without its file, for rules that travel without it."""
        return Calendar(dates=tuple(sorted(self._dates))) if self._calendar.file else self._calendar


Calendars = Mapping[str, Days]


@lru_cache(maxsize=256)
def _public(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415  half a second, which only those pay whose rules name a country

    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=[year]))
