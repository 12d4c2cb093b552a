"""What was seen and decided in the past, from the topics or from files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError

TOPICS = ("sightings", "verdicts", "alerts")
TYPES = ("Sighting", "Verdict", "Alert")
Record = tuple[str, dict[str, Any]]  # type, record


def of_topics(settings: Settings) -> Iterator[Record]:
    """Yield all that lies on the topics of sightings, verdicts and alerts.

    Raises:
        ConfigurationError, RetryableError: As of `messages.read`.
    """
    for name in TOPICS:
        for _, type_, record in read_topic(settings, name):
            yield type_, record


def of_files(paths: list[Path]) -> Iterator[Record]:
    """Yield what files hold, as `fairwatch tail TOPIC --json` writes it: one object a line.

    Raises:
        ConfigurationError: Names the file and the line that is none.
    """
    for path in paths:
        try:
            with path.open("rb") as lines:
                yield from (found for number, line in enumerate(lines, 1) for found in _read(path, number, line))
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error


def _read(path: Path, number: int, line: bytes) -> Iterator[Record]:
    if not line.strip():
        return
    try:
        said = orjson.loads(line)
        type_, record = said["type"], said["record"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path}: line {number} is no record as `tail --json` writes it") from error
    if type_ in TYPES and isinstance(record, dict):
        yield type_, record


def happened_at(type_: str, record: dict[str, Any]) -> int:
    """Return when we heard of it, in microseconds."""
    if type_ == "Sighting":
        return int(record["observation"]["received_at"])
    return int(record["decided_at"] if type_ == "Verdict" else record["issued_at"])
