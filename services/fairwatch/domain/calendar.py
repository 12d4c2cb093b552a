"""Instants in local time; what cannot be a time here is told, never guessed."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = 946_684_800_000_000  # 2000-01-01: no camera sends events from before; a clock that says so was never set
LATEST = 4_102_444_800_000_000  # 2100-01-01
DAY = 86_400_000_000


@lru_cache(maxsize=512)
def zone(name: str | None) -> ZoneInfo | None:
    """Return the IANA zone, or None for a name that is none."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def is_plausible(at: int) -> bool:
    """Tell whether an instant, in microseconds, lies in this century."""
    return EARLIEST <= at < LATEST


def local_time(at: int, where: ZoneInfo) -> datetime:
    """Return a plausible instant, in microseconds, as local time."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(where)


def instant(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970-01-01 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def iso_8601(at: int) -> str:
    """Return an instant as text such as 2026-01-01T00:00:00.000000Z, or the bare number outside of datetime's range."""
    try:
        written = (EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")  # a fifth of strftime's cost
    except OverflowError:
        return str(at)
    return f"{written[:-6]}Z"
