"""What was seen and decided in the past, from the topics or from files.

A history can be shared out: each of several processes reads it whole, and decodes its own share of the records. Each
record has a number, the same whoever reads it, which says what came before what at the same time.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import orjson

from fairwatch.apps.kafka import codec
from fairwatch.apps.messages import read
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError, RejectedError

TOPICS = ("sightings", "verdicts", "alerts", "device-status")
TYPES = ("Sighting", "Verdict", "Alert", "DeviceStatus")
SMALL = 4_000_000  # bytes of files that are not worth a second process
Record = tuple[str, dict[str, Any]]  # type, record
Numbered = tuple[int, str, dict[str, Any]]


class History(Protocol):
    """Records of the past."""

    @property
    def is_small(self) -> bool:
        """Whether one process is as quick as several."""
        ...

    def share(self, number: int, count: int) -> Iterator[Numbered]:
        """Yield (number, type, record) of one of so many shares, which no other has."""
        ...


class Listed:
    """A history that is at hand."""

    is_small = False

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = list(records)

    def share(self, number: int, count: int) -> Iterator[Numbered]:
        """Yield every n-th record."""
        for at in range(number, len(self._records), count):
            yield at, *self._records[at]


class TopicHistory:
    """All that lies on the topics that a back-test reads; what cannot be decoded is left out.

    `share` raises ConfigurationError and RetryableError as `messages.read` does.
    """

    is_small = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def share(self, number: int, count: int) -> Iterator[Numbered]:
        """Yield the records of every n-th offset."""
        decode = codec(self._settings).decode
        for topic, name in enumerate(TOPICS):
            for message in read(self._settings, name):
                raw = message.raw
                if raw.value is None or raw.offset % count != number:
                    continue
                with suppress(RejectedError):
                    type_, record = decode(raw.value)
                    yield topic << 60 | raw.partition << 44 | raw.offset, type_, record


class FileHistory:
    """What files hold, as `fairwatch tail TOPIC --json` writes it: one object a line.

    `share` raises ConfigurationError: it names the file that cannot be read, or the line that is no record.
    """

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    @property
    def is_small(self) -> bool:
        """Whether one process is as quick as several."""
        return sum(path.stat().st_size for path in self._paths if path.exists()) < SMALL

    def share(self, number: int, count: int) -> Iterator[Numbered]:
        """Yield the records of every n-th line."""
        for place, path in enumerate(self._paths):
            try:
                with path.open("rb") as lines:
                    for line_number, line in enumerate(lines, 1):
                        if line_number % count == number and (found := _read(path, line_number, line)) is not None:
                            yield place << 44 | line_number, *found
            except OSError as error:
                raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error


def _read(path: Path, number: int, line: bytes) -> Record | None:
    if not line.strip():
        return None
    try:
        said = orjson.loads(line)
        type_, record = said["type"], said["record"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path}: line {number} is no record as `tail --json` writes it") from error
    return (type_, record) if type_ in TYPES and isinstance(record, dict) else None


def happened_at(type_: str, record: dict[str, Any]) -> int:
    """Return when we heard of it, in microseconds."""
    if type_ == "Sighting":
        return int(record["observation"]["received_at"])
    return int(record[{"Verdict": "decided_at", "DeviceStatus": "at"}.get(type_, "issued_at")])
