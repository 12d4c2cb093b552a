"""What a processor can answer to an event."""

from dataclasses import dataclass
from typing import Any

from fairwatch.domain.errors import Reason


@dataclass(frozen=True, slots=True)
class Emit:
    """Write `record` to the logical topic `topic` under `key`; a None record is a tombstone."""

    topic: str
    key: str
    record: Any


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to do, on purpose; `reason` is a bounded metric label such as below_threshold."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """This event can never be processed: it goes to the dead letters."""

    reason: Reason
    detail: str
    field: str | None = None


Outcome = Emit | Skip | Reject
