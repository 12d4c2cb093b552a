"""The envelope of what could not be processed: whole, with its reason, so that it can be redriven."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairwatch.domain.errors import Reason, RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import DeadLetter
from fairwatch.policy.protected import is_protected
from fairwatch.wire.headers import HANDLED, REDRIVES, redrives

UNREADABLE: Reason = "unreadable_batch"  # nobody could open what held the records: their bytes are not kept


class UndecodedError(RejectedError):
    """The bytes are no record of any kind: nothing can be said of their fields."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A Kafka record as it lies in its topic, undecoded.

    Attributes:
        topic: Logical topic, without a deployment's prefix.
        offset: -1 where a chain handled it while it was being written.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)


def dead_letter(
    raw: Raw, error: RejectedError, *, processor: str, version: str, at: int, redacted: bytes | None = None
) -> DeadLetter:
    """Return the letter for `<topic>-dlq`, to be written under the record's own key.

    Args:
        raw: What could not be processed.
        error: Why.
        processor: Who gave up.
        version: Its version.
        at: When, microseconds UTC.
        redacted: What is kept instead of the original value, where that held protected attributes.
    """
    value = (raw.value or b"") if redacted is None else redacted
    return {
        "dead_letter_id": stable_id("dead-letter", raw.topic, raw.partition, *_place(raw, processor)),
        "processor": processor,
        "version": version,
        "reason": error.reason,
        "detail": error.detail,
        "field": error.field,
        "topic": raw.topic,
        "partition": raw.partition,
        "offset": raw.offset,
        "key": raw.key,
        "value": value,
        "headers": {name: value for name, value in raw.headers.items() if name != HANDLED and not is_protected(name)},
        "redacted": value != (raw.value or b""),
        "at": at,
        "redrives": redrives(raw.headers),
    }


def redrivable(letter: DeadLetter) -> bool:
    """Tell whether a letter holds what it is about; of a record batch that nobody could open it does not."""
    return letter["reason"] != UNREADABLE


def _place(raw: Raw, processor: str) -> tuple[object, ...]:
    """Return what tells a record from others of its partition: a chain handles some before they have an offset."""
    return (raw.offset,) if raw.offset >= 0 else (raw.headers["ce_id"].decode(), processor)


def is_reference(letter: DeadLetter) -> bool:
    """Tell whether a letter only says where what it is about lies."""
    return not letter["value"] and letter.get("redacted", False)


def redriven(letter: DeadLetter) -> tuple[bytes | None, bytes, dict[str, bytes]]:
    """Return key, value and headers that put the record back into its topic; its redrives are counted in a header."""
    count = letter.get("redrives", 0) + 1
    return letter.get("key"), letter["value"], {**letter.get("headers", {}), REDRIVES: str(count).encode()}
