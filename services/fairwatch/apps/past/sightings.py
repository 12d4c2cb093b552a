"""What was seen between two times, from the topic or from files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fairwatch.apps.backtest.history import FileHistory
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings

LATE_MS: Final = 3_600_000  # by which a device's clock may go before the broker's


def sightings(settings: Settings, since: int, until: int, files: list[Path] | None = None) -> Iterator[dict[str, Any]]:
    """Yield what was seen between two times in microseconds UTC, by the time at which it happened.

    Args:
        settings: Where the broker is.
        since: First time.
        until: Time after the last one.
        files: Written by `fairwatch tail sightings --json`, in the place of the topic.

    Raises:
        ConfigurationError: A file cannot be read; the topic is not there.
        RetryableError: No broker answers.
    """
    rows = _of_files(files) if files else _of_topic(settings, since)
    yield from (record for record in rows if since <= record["occurred_at"] < until)


def _of_topic(settings: Settings, since: int) -> Iterator[dict[str, Any]]:
    rows = read_topic(settings, "sightings", since_ms=max(0, since // 1000 - LATE_MS))
    yield from (record for _, type_, record in rows if type_ == "Sighting")


def _of_files(files: list[Path]) -> Iterator[dict[str, Any]]:
    yield from (record for _, type_, record in FileHistory(files).share(0, 1) if type_ == "Sighting")
