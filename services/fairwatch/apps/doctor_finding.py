"""One thing that `doctor` looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["good", "warning", "bad"]
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do where it is not good."""

    what: str
    level: Level
    seen: str
    advice: str = ""


def some(things: Sequence[str]) -> str:
    """Return the first few, and how many more there are.

    >>> some(["a", "b", "c", "d", "e"])
    'a; b; c and 2 more'
    """
    more = len(things) - _SHOWN
    return "; ".join(things[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
