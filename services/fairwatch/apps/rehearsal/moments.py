"""Times as people write them in tests of rules: of a day, with a date, or after the beginning; in a named zone."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from fairwatch.domain.calendar import instant, local_time, zone
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.duration import Duration

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


class Moments:
    """Reads and writes times of one test.

    Args:
        zone_name: IANA zone of times without an offset.
        day: Of times without a date; the 2nd of March 2026, a Monday, by default.
    """

    def __init__(self, zone_name: str, day: date | None = None) -> None:
        found = zone(zone_name)
        if found is None:
            raise ConfigurationError(f"zone {zone_name!r} does not exist")
        self._zone: ZoneInfo = found
        self._day = day or date(2026, 3, 2)
        self.first: int | None = None  # the beginning, to which `+30s` refers

    def read(self, text: str) -> int:
        """Return a time such as `23:00`, `2026-03-02 23:00:00.5`, `2026-10-25T02:30:00+01:00` or `+30s`.

        Raises:
            ConfigurationError: It is none of these, or is no or two moments there, since the clocks change.
        """
        if text.startswith("+"):
            return self._after(text)
        if re.match(r"\d\d:\d\d", text):
            text = f"{self._day}T{text}"
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ConfigurationError(f"{text!r} is no time such as 23:00, 2026-03-02 23:00:00 or +30s") from None
        return instant(moment if moment.tzinfo else self._placed(moment))

    def write(self, at: int) -> str:
        """Return a moment as text: time of day to the millisecond, with the date on other days."""
        local = local_time(at, self._zone)
        text = local.time().isoformat("milliseconds")
        return text if local.date() == self._day else f"{local.date()} {text}"

    def _after(self, text: str) -> int:
        if self.first is None:
            raise ConfigurationError(f"{text!r}: there is no beginning yet to which this could refer")
        try:
            return self.first + _DURATION.validate_python(text[1:]) // timedelta(microseconds=1)
        except ValidationError as error:
            raise ConfigurationError(f"{text!r} is no duration such as +30s or +1h30m") from error

    def _placed(self, moment: datetime) -> datetime:
        early, late = (moment.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        if early.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != moment:
            raise ConfigurationError(f"{moment} does not exist in {self._zone}: the clocks go forward")
        if early.utcoffset() != late.utcoffset():
            offsets = " or ".join(f"{each:%z}" for each in (early, late))
            raise ConfigurationError(f"{moment} comes twice in {self._zone}: say {offsets}")
        return early
