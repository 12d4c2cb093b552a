"""Spans of a batch: one for each event whose trace is recorded, linked to the others that were handled with it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.telemetry import tracing
from fairwatch.telemetry.tracing import TRACE, Span

if TYPE_CHECKING:
    from fairwatch.telemetry.otel import Spans


class BatchSpans:
    """The spans by the place of their event in the batch."""

    def __init__(self) -> None:
        self._spans: dict[int, Span] = {}

    def begin(self, spans: "Spans", component: str, events: Sequence[Event], places: Sequence[int]) -> None:
        """Start them; what follows from an event carries its span's context on."""
        first: list[bytes] = []  # its span stands for the batch
        for event, place in zip(events, places, strict=True):
            cause = event.headers.get(TRACE)
            if cause is not None and not tracing.sampled(cause):
                continue
            span = spans.start(
                f"{component} process",
                "consumer",
                cause,
                {
                    "fairwatch.component": component,
                    "fairwatch.batch_size": len(events),
                    "messaging.system": "kafka",
                    "messaging.destination.name": event.topic,
                    "messaging.destination.partition.id": str(event.partition),
                    "messaging.kafka.offset": event.offset,
                },
                first,
            )
            assert span.context is not None  # a started one always has it
            cast("dict[str, bytes]", event.headers)[TRACE] = span.context
            if tracing.sampled(span.context):
                self._spans[place] = span
                first = first or [span.context]

    def died(self, dead: Mapping[int, RejectedError]) -> None:
        """Note which events became dead letters, and why."""
        for place in dead.keys() & self._spans.keys():
            self._spans.pop(place).end(dead[place].reason)

    def end(self, fault: str | None = None) -> None:
        """End all that are open."""
        for span in self._spans.values():
            span.end(fault)


@contextmanager
def traced(component: str, events: Sequence[Event], places: Sequence[int]) -> Iterator[BatchSpans]:
    """Record the handling of a batch; when traces are off that is one look at a variable."""
    batch = BatchSpans()
    spans = tracing.active()
    if spans is None:
        yield batch
        return
    batch.begin(spans, component, events, places)
    try:
        yield batch
    except BaseException as error:
        batch.end(type(error).__name__)
        raise
    else:
        batch.end()
