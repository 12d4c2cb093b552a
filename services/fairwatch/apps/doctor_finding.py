"""One thing that `doctor` looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["good", "warning", "bad"]
OF_TRUST: Final = frozenset({"access", "trust", "receipts", "bonds"})  # who may write what, and what is asked of it
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do where it is not good."""

    what: str
    level: Level
    seen: str
    advice: str = ""


def fails(findings: Iterable[Finding], *, insecure: bool = False) -> bool:
    """Tell whether anything is bad; in a trial that is knowingly insecure, whether anything is bad besides trust."""
    bad = {finding.what for finding in findings if finding.level == "bad"}
    return bool(bad - OF_TRUST if insecure else bad)


def some(things: Sequence[str]) -> str:
    """Return the first few, and how many more there are.

    >>> some(["a", "b", "c", "d", "e"])
    'a; b; c and 2 more'
    """
    more = len(things) - _SHOWN
    return "; ".join(things[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
