"""Recurring times of the week in local time, such as nights or working hours."""

from datetime import datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _clock_time(value: object) -> object:
    """Read HH:MM as minutes since midnight; 24:00 is the end of the day."""
    if value == "24:00":
        return 1440
    try:
        moment = time.fromisoformat(str(value))
    except ValueError:
        raise ValueError("must be a quoted time such as '22:00'") from None
    return moment.hour * 60 + moment.minute


Minutes = Annotated[int, BeforeValidator(_clock_time)]


class TimeInterval(BaseModel):
    """Times of day, on some days of the week; one that ends before it starts goes past midnight.

    Attributes:
        start: First minute.
        end: First minute after it.
        weekdays: Days on which it starts; empty for all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Minutes = 0
    end: Minutes = 1440
    weekdays: tuple[Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], ...] = ()

    @model_validator(mode="after")
    def _has_length(self) -> "TimeInterval":
        if self.start == self.end:
            raise ValueError("start and end are the same: leave both out for the whole day")
        return self

    def holds(self, local: datetime) -> bool:
        """Tell whether a local time lies within."""
        minute = local.hour * 60 + local.minute
        if self.start < self.end:
            return self.start <= minute < self.end and self._starts_on(local)
        if minute >= self.start:
            return self._starts_on(local)
        return minute < self.end and self._starts_on(local - timedelta(days=1))

    def _starts_on(self, local: datetime) -> bool:
        return not self.weekdays or DAYS[local.weekday()] in self.weekdays
