"""One record as a consumer hands it over, or a processor of the same chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairwatch.engine.submission import Headers


@dataclass(slots=True)
class Record:
    """What anybody reads of aiokafka's ConsumerRecord.

    Attributes:
        timestamp: Milliseconds since 1970 UTC.
        decoded: Its value, where somebody had the time to decode it ahead; the first who takes it has it alone.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    decoded: dict[str, Any] | None = None

    def take_decoded(self) -> dict[str, Any] | None:
        """Return what was decoded ahead, once."""
        decoded, self.decoded = self.decoded, None
        return decoded


@dataclass(slots=True)
class Handed:
    """A record that is still to be written, as a consumer would give it; it has no offset yet.

    Attributes:
        origin: Full topic, partition and offset of what came into the chain; None for what a tick said.
        said: What its value was made of, where that is known.
    """

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    origin: tuple[str, int, int] | None = None
    said: Mapping[str, Any] | None = None
    offset: int = -1
