"""Turns records off the wire into events, and what a processor answers into records to write."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit
from fairwatch.domain.processor import Spec
from fairwatch.engine.outbox import Output
from fairwatch.wire.avro import Codec

COPIED = ("ce_recordedtime", "traceparent")


class Encoding:
    """Knows topics by their logical names and writes CloudEvents headers.

    Args:
        records: Name of the record that each topic carries.
    """

    def __init__(self, spec: Spec, codec: Codec, records: Mapping[str, str], topic_prefix: str) -> None:
        self._codec = codec
        self._decode = codec.decode
        self._prefix = topic_prefix
        self._logical = {topic_prefix + name: name for name in spec.reads}
        self._records = {name: records[name] for name in (*spec.reads, *spec.writes)}
        self._writes = frozenset(spec.writes)
        self._source = f"fairwatch/{spec.name}".encode()
        self._name = spec.name
        self._fixed = {name: self._fixed_headers(name) for name in spec.writes}

    def _fixed_headers(self, topic: str) -> list[tuple[str, bytes]]:
        record = self._records[topic]
        return [
            ("ce_specversion", b"1.0"),
            ("ce_source", self._source),
            ("ce_type", f"fairwatch.{record}".encode()),
            ("content-type", b"avro/binary"),
        ]

    def events(self, records: Sequence[Any]) -> tuple[list[Event], list[int], dict[int, RejectedError]]:
        """Decode a batch: the events, the place of each in the batch, and what could not be decoded by place."""
        first = records[0]
        topic = self._logical[first.topic]
        expected = self._records[topic]
        events: list[Event] = []
        places: list[int] = []
        broken: dict[int, RejectedError] = {}
        for place, record in enumerate(records):
            try:
                key = record.key.decode() if record.key else ""
                value = record.value
                decoded = None if value is None else self._decode(value, expected)[1]
            except RejectedError as error:
                broken[place] = error
            except UnicodeDecodeError:
                broken[place] = RejectedError("malformed", "the key is not UTF-8")
            else:
                events.append(
                    Event(topic, expected, decoded, key, dict(record.headers), record.partition, record.offset)
                )
                places.append(place)
        return events, places, broken

    def output(self, emit: Emit, cause: Event, number: int, now: bytes, place: int) -> Output:
        """Encode the `number`th outcome of an event.

        Raises:
            RejectedError: The record does not fit its schema.
            ValueError: The topic is none of the processor's.
        """
        headers = [
            *self._headers(emit.topic),
            ("ce_id", f"{cause.topic}/{cause.partition}/{cause.offset}/{self._name}/{number}".encode()),
            ("ce_time", now),
        ]
        for name in COPIED:
            value = cause.headers.get(name)
            if value is not None:
                headers.append((name, value))
        return self._encoded(emit, headers, place)

    def timed_output(self, emit: Emit, now: bytes) -> Output:
        """Encode what a tick emits; the record's own `received_at` says when its cause came in."""
        output = self._encoded(emit, [], -1)
        digest = sha256(output.value or b"").hexdigest()
        headers = [
            *self._headers(emit.topic),
            ("ce_id", stable_id(emit.topic, emit.key, digest).encode()),
            ("ce_time", now),
        ]
        received_at = emit.record.get("received_at") if emit.record else None
        if isinstance(received_at, int):
            headers.append(("ce_recordedtime", str(received_at).encode()))
        output.headers = headers
        return output

    def _headers(self, topic: str) -> list[tuple[str, bytes]]:
        if topic not in self._writes:
            raise ValueError(f"{self._name} may not write to {topic}: its spec declares {sorted(self._writes)}")
        return self._fixed[topic]

    def _encoded(self, emit: Emit, headers: list[tuple[str, bytes]], place: int) -> Output:
        self._headers(emit.topic)
        value = None if emit.record is None else self._codec.encode(self._records[emit.topic], emit.record)
        return Output(self._prefix + emit.topic, emit.key.encode(), value, headers, place)


def rfc3339(micros: int) -> bytes:
    """Write a time as CloudEvents has it.

    >>> rfc3339(1_767_225_600_000_000)
    b'2026-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat().encode()
