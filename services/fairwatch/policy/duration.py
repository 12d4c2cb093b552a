"""Durations as operators write them: 500ms, 30s, 5m, 1h30m."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST = timedelta(days=3660)


def duration(value: object) -> timedelta:
    """Return a duration.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, timedelta):
        return value
    text = str(value)
    parts = re.findall(r"([0-9]{1,9})(ms|s|m|h|d)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("must be a duration such as 500ms, 30s, 5m or 1h30m")
    return timedelta(seconds=sum(int(number) * UNITS[unit] for number, unit in parts))


Duration = Annotated[timedelta, BeforeValidator(duration), Field(ge=timedelta(0), le=LONGEST)]
