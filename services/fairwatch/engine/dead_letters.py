"""Makes dead letters of records that could not be processed."""

from collections.abc import Sequence
from typing import Any

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError
from fairwatch.engine.answer import Answer
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.submission import Output
from fairwatch.telemetry import metrics
from fairwatch.wire.avro import Codec
from fairwatch.wire.bonds import BOND, BOUND, Bonds
from fairwatch.wire.dead_letter import Raw, UndecodedError, dead_letter
from fairwatch.wire.headers import cloud_event, from_kafka
from fairwatch.wire.topics import DEAD_LETTERS, referred_topics

log = structlog.get_logger()


class DeadLetters:
    """Wraps original bytes, redacted where they parse, into `DeadLetter` records for `<topic>-dlq`.

    Of some topics (`dead_letter_bytes: false`) it holds none: topic, partition and offset say where they are.
    """

    limits = (None, 256 << 10, 0)  # bytes kept, when the broker refuses more

    def __init__(self, processor: str, config: EngineConfig, codec: Codec, clock: Clock) -> None:
        self._processor = processor
        self._version = config.version
        self._prefix = config.topic_prefix
        self._redact = config.redact
        self._codec = codec
        self._clock = clock
        self._bonds = Bonds(config.chain_key)

    def output(self, record: Any, place: int, error: RejectedError, limit: int | None = None) -> Output:
        """Return the dead letter of an aiokafka record, with at most `limit` bytes of its value."""
        topic = record.topic.removeprefix(self._prefix)
        headers = from_kafka(record.headers)
        raw = Raw(topic, record.partition, record.offset, record.key, record.value, headers)
        at = self._clock.now()
        letter = dead_letter(
            raw,
            error,
            processor=self._processor,
            version=self._version,
            at=at,
            redacted=self._kept(topic, record.value, error),
        )
        if letter["redacted"]:
            letter["headers"] = letter.get("headers", {}) | self._bound(raw, letter["value"])
        size = len(letter["value"])
        if limit is not None and size > limit:
            letter["value"] = letter["value"][:limit]
            letter["detail"] = f"{error.detail} (first {limit} of {size} bytes kept)"
        described = cloud_event(
            "DeadLetter", source=f"fairwatch/{self._processor}", event_id=letter["dead_letter_id"], at=at
        )
        value = self._codec.encode("DeadLetter", letter)
        return Output(record.topic + DEAD_LETTERS, record.key, value, list(described.items()), place)

    def _bound(self, raw: Raw, value: bytes) -> dict[str, bytes]:
        """Return a bond for what is kept of a record whose own bond held: redriven it is what its writer wrote.

        It proves that a processor of ours made it of that record. What bore no bond that holds gets none here.
        """
        if not self._bonds or raw.topic not in BOUND or not value:
            return {}
        writer = self._bonds.writer(raw.topic, raw.key, raw.headers, raw.value)
        record_id = raw.headers.get("ce_id", b"")
        return {BOND: self._bonds.header(writer, raw.topic, raw.key or b"", record_id, value)} if writer else {}

    def _kept(self, topic: str, value: bytes | None, error: RejectedError) -> bytes | None:
        """Return what to keep in the place of the value, None for the value itself."""
        if topic in referred_topics():
            return b""
        return None if isinstance(error, UndecodedError) else self._redacted(topic, value)

    def _redacted(self, topic: str, value: bytes | None) -> bytes | None:
        if self._redact is None or not value:
            return None
        try:
            return self._redact(topic, value)
        except RejectedError:
            return None  # does not parse: nothing can be said about its fields


class Burial:
    """Dead letters of a batch in the place of what the broker refuses, with less and less of the original bytes.

    Args:
        answer: To the batch; what dies is noted in it.
        records: Of the batch.
    """

    def __init__(self, dead_letters: DeadLetters, answer: Answer, records: Sequence[Any]) -> None:
        self._dead_letters = dead_letters
        self._answer = answer
        self._records = records
        self._tried: dict[int, int] = {}

    def letters(self, refused: list[Output]) -> list[Output]:
        """Return one dead letter for each event of which something was refused."""
        return [letter for output in {row.cause: row for row in refused}.values() for letter in self._letter(output)]

    def _letter(self, refused: Output) -> list[Output]:
        place, limits = refused.cause, self._dead_letters.limits
        tried = self._tried[place] = self._tried.get(place, -1) + 1
        if tried == len(limits):
            log.error("dead_letter.refused", topic=refused.topic, place=place)
            return []
        detail = f"what follows from it is too large for {refused.topic}: raise its max.message.bytes"
        error = self._answer.dead.setdefault(place, RejectedError("too_large", detail))
        return [self._dead_letters.output(self._records[place], place, error, limits[tried])]


class Dropped:
    """What a tick says and the broker refuses: there is no event that could become a dead letter."""

    def __init__(self, processor: str) -> None:
        self._processor = processor

    def letters(self, refused: list[Output]) -> list[Output]:
        """Log and count them; return none."""
        for output in refused:
            log.error("tick.refused", topic=output.topic, key=output.key)
            metrics.DROPPED.labels(self._processor, "too_large").inc()
        return []
