"""What CAP writes in a way of its own: times with an offset in digits, circles as one text."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fairwatch.formats.language.converters import Converter, converter
from fairwatch.formats.language.converters.times import read_date_time

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _written(micros: int) -> str:
    """Return a time in whole seconds; CAP wants `-00:00` for UTC, never Z."""
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S-00:00")


@converter("cap_time")
def cap_time() -> Converter:
    """A time with an offset."""

    def encode(value: Any) -> str:
        raw = str(value.get("raw") or "")
        return raw if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", raw) else _written(value["utc"])

    return Converter(read_date_time, encode)


@converter("cap_circle")
def cap_circle() -> Converter:
    """A place as a circle without extent: `lat,lon 0`."""
    return Converter(lambda *_: None, lambda value: f"{value['lat']},{value['lon']} 0", exact=False)
