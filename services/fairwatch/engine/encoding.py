"""Turns records off the wire into events, and what a processor answers into records to write."""

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any

import structlog

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit
from fairwatch.domain.processor import Spec
from fairwatch.engine.record import Handed, Record
from fairwatch.engine.record_batches import Unreadable, about
from fairwatch.engine.submission import Headers, Output
from fairwatch.telemetry import metrics
from fairwatch.telemetry.tracing import TRACE, joined
from fairwatch.wire.avro import Codec
from fairwatch.wire.bonds import BOND, BOUND, Bonds
from fairwatch.wire.dead_letter import UNREADABLE, UndecodedError
from fairwatch.wire.headers import CARRIED, RECORDED, carried, cloud_event

# Full name, headers of all, what encodes.
Target = tuple[str, Headers, Callable[[Mapping[str, Any]], tuple[bytes, bool]]]

log = structlog.get_logger()


class Encoding:
    """Knows topics by their logical names and writes CloudEvents headers.

    Args:
        records: Name of the record that each topic carries.
        bonds: Prove who wrote a record that only processors write.

    Attributes:
        handed_on: Full names of topics whose outputs are read in memory as well.
    """

    def __init__(
        self, spec: Spec, codec: Codec, records: Mapping[str, str], topic_prefix: str, bonds: Bonds | None = None
    ) -> None:
        self._codec = codec
        self._bonds = bonds or Bonds()
        self._binds = BOUND.intersection(spec.writes) if self._bonds else frozenset[str]()
        self._asks = BOUND.intersection(spec.reads) if self._bonds else frozenset[str]()
        self._prefix = topic_prefix
        self._logical = {topic_prefix + name: name for name in spec.reads}
        self._records = {name: records[name] for name in (*spec.reads, *spec.writes)}
        self._name = spec.name
        self._source = f"fairwatch/{spec.name}"
        self._writes = spec.writes
        self._decoders = {name: codec.decoder(self._records[name]) for name in spec.reads}
        self._copiers: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {}
        self._targets: dict[str, Target] = {}
        self._now = 0
        self.handed_on: Collection[str] = ()

    def begin(self, now: int) -> None:
        """Start a batch: what its outputs to one topic have in common is made when the first of them comes."""
        self._now = now
        self._targets.clear()

    def _target(self, topic: str) -> Target:
        """Return what outputs to a topic have in common; ValueError where it is none of the processor's."""
        if topic not in self._writes:
            raise ValueError(f"{self._name} may not write to {topic}: declared are {sorted(self._writes)}")
        described = cloud_event(self._records[topic], source=self._source, event_id="", at=self._now)
        described.pop("ce_id")
        encode = self._codec.exact_encoder(self._records[topic])
        target = self._targets[topic] = self._prefix + topic, list(described.items()), encode
        return target

    def events(self, records: Sequence[Any], first: int = 0) -> tuple[list[Event], list[int], dict[int, RejectedError]]:
        """Decode records of one topic: the events, the place of each in the batch, what could not be decoded by place.

        Args:
            records: Of one topic.
            first: Place of the first of them.
        """
        topic = self._logical[records[0].topic]
        expected = self._records[topic]
        decode = self._decoders[topic]
        asks = topic in self._asks
        events: list[Event] = []
        places: list[int] = []
        broken: dict[int, RejectedError] = {}
        lost = False
        for place, record in enumerate(records, first):
            if record.__class__ is Unreadable:
                if not lost:  # one line for many
                    log.error("batch.unreadable", **about(record))
                lost = True
                broken[place] = RejectedError(UNREADABLE, str(record))
                continue
            try:
                key = record.key.decode() if record.key else ""
                value = record.value
                if value is not None:
                    known = self._known(topic, record)
                    value = decode(value) if known is None else known
            except RejectedError as error:
                broken[place] = _undecoded(error)
            except UnicodeDecodeError:
                broken[place] = RejectedError("malformed", "the key is not UTF-8")
            else:
                headers = dict(record.headers)
                event = Event(topic, expected, value, key, headers, record.partition, record.offset)
                if record.offset < 0 and record.origin is not None:  # a chain handed it over
                    came, partition, offset = record.origin
                    event.origin = came.removeprefix(self._prefix), partition, offset
                if asks:
                    event.writer = self._writer(topic, record, headers)
                events.append(event)
                places.append(place)
        return events, places, broken

    def _known(self, topic: str, record: Any) -> dict[str, Any] | None:
        """Return what the value of a record says, where that is known without reading it; the caller's own."""
        if record.__class__ is Record:
            return record.take_decoded() if record.decoded else None
        if record.__class__ is not Handed or record.said is None:
            return None
        copy = self._copiers.get(topic)
        if copy is None:
            copy = self._copiers[topic] = self._codec.copier(self._records[topic])
        return copy(record.said)

    def _writer(self, topic: str, record: Any, headers: Mapping[str, bytes]) -> str | None:
        """Return who wrote a bound record; one that is taken without a proof is counted."""
        writer = self._bonds.writer(topic, record.key, headers, record.value)
        if writer is None:
            metrics.RECORDS_UNBOUND.labels(self._name, topic).inc()
        return writer

    def output(self, emit: Emit, cause: Event, number: int, place: int) -> Output:
        """Encode the `number`th outcome of the event at `place` of its batch.

        Raises:
            RejectedError: The record does not fit its schema.
            ValueError: The topic is none of the processor's.
        """
        topic, fixed, encode = self._targets.get(emit.topic) or self._target(emit.topic)
        known = cause.headers
        if cause.offset >= 0:
            event_id = f"{cause.topic}/{cause.partition}/{cause.offset}/{number}"
        else:  # a chain handed it over before it has a place: it is named by what it follows from
            event_id = f"{known['ce_id'].decode()}/{self._name}/{number}"
        headers = [*fixed, ("ce_id", event_id.encode())]
        if emit.causes:
            headers += (carried(known) | self._joined(emit)).items()
        else:  # as `carried` has it, without a dict for each event
            for name in CARRIED:
                if name in known:
                    headers.append((name, known[name]))
        key = emit.key.encode()
        value, exact = (None, False) if emit.record is None else encode(emit.record)
        if emit.topic in self._binds:
            headers.append((BOND, self._bonds.header(self._name, emit.topic, key, event_id.encode(), value or b"")))
        said = emit.record if exact and topic in self.handed_on else None
        return Output(topic, key, value, headers, place, said=said)

    def timed_output(self, emit: Emit) -> Output:
        """Encode what a tick emits; the record's own `received_at` says when its cause came in."""
        topic, fixed, encode = self._targets.get(emit.topic) or self._target(emit.topic)
        output = Output(topic, emit.key.encode(), None if emit.record is None else encode(emit.record)[0], fixed)
        event_id = stable_id("tick", emit.topic, emit.key, sha256(output.value or b"").hexdigest())
        output.headers = [*output.headers, ("ce_id", event_id.encode())]
        if emit.topic in self._binds:
            key, value = emit.key.encode(), output.value or b""
            bond = self._bonds.header(self._name, emit.topic, key, event_id.encode(), value)
            output.headers.append((BOND, bond))
        received_at = emit.record.get("received_at") if emit.record else None
        if isinstance(received_at, int):
            output.headers.append((RECORDED, str(received_at).encode()))
        if emit.causes:
            output.headers += self._joined(emit).items()
        return output

    def _joined(self, emit: Emit) -> dict[str, bytes]:
        context = joined(self._name, emit.topic, (cause.encode() for cause in emit.causes))
        return {} if context is None else {TRACE: context}


def _undecoded(error: RejectedError) -> RejectedError:
    """Return what is to be said of bytes that are no record here; they may be one of another kind or topic."""
    return error if error.reason == "unknown_schema" else UndecodedError(error.reason, error.detail, error.field)
