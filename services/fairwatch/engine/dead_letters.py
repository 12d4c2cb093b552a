"""Makes dead letters of records that could not be processed."""

from typing import Any

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.outbox import Output
from fairwatch.wire.avro import Codec

log = structlog.get_logger()


class DeadLetters:
    """Wraps original bytes, redacted where they parse, into `DeadLetter` records for `<topic>-dlq`."""

    limits = (None, 256 << 10, 0)  # bytes kept, when the broker refuses more

    def __init__(self, processor: str, config: EngineConfig, codec: Codec, clock: Clock) -> None:
        self._processor = processor
        self._version = config.version
        self._codec = codec
        self._clock = clock
        self._redact = config.redact
        self._prefix = config.topic_prefix

    def output(self, record: Any, place: int, error: RejectedError, limit: int | None = None) -> Output:
        """Return the dead letter of an aiokafka record, with at most `limit` bytes of its value."""
        topic = record.topic.removeprefix(self._prefix)
        original = record.value or b""
        value = self._redacted(topic, original)
        detail = error.detail
        if limit is not None and len(value) > limit:
            detail += f" (first {limit} of {len(value)} bytes kept)"
            value = value[:limit]
        letter = {
            "dead_letter_id": stable_id("dead-letter", topic, record.partition, record.offset),
            "processor": self._processor,
            "version": self._version,
            "reason": error.reason,
            "detail": detail,
            "field": error.field,
            "topic": topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": record.key,
            "value": value,
            "headers": dict(record.headers),
            "redacted": value is not original and value != original[: len(value)],
            "at": self._clock.now(),
        }
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_type", b"fairwatch.DeadLetter"),
            ("ce_source", f"fairwatch/{self._processor}".encode()),
            ("ce_id", letter["dead_letter_id"].encode()),
            ("content-type", b"avro/binary"),
        ]
        return Output(f"{record.topic}-dlq", record.key, self._codec.encode("DeadLetter", letter), headers, place)

    def _redacted(self, topic: str, original: bytes) -> bytes:
        if self._redact is None or not original:
            return original
        try:
            return self._redact(topic, original)
        except RejectedError:
            return original  # does not parse: nothing can be said about its fields
