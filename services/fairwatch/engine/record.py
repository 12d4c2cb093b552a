"""One record as a consumer hands it over."""

from dataclasses import dataclass
from typing import Any


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
