"""Times of day as people write them, quoted: YAML takes 22:00 without quotes for the number 1320."""

import re
from datetime import time
from typing import Annotated

from pydantic import BeforeValidator

HOUR, MIDNIGHT = 60, 24 * 60
_WRITTEN = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def minutes_of(value: object) -> int:
    """Return HH:MM as minutes since midnight; 24:00 is the end of the day.

    Raises:
        ValueError: It is none, or a number: whether 1320 was 22:00 or 13:20 nobody can say.
    """
    if value == "24:00":
        return MIDNIGHT
    found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a quoted time such as '22:00'")
    return int(found[1]) * HOUR + int(found[2])


def _clock(value: object) -> time:
    return value if isinstance(value, time) else time(*divmod(minutes_of(value) % MIDNIGHT, HOUR))


Minutes = Annotated[int, BeforeValidator(minutes_of)]
Clock = Annotated[time, BeforeValidator(_clock)]
