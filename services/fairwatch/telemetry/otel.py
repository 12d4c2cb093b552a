"""Spans by OpenTelemetry, sent over OTLP/HTTP in the background; imported only where traces are on."""

import logging
from collections.abc import Iterable
from threading import Thread

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from fairwatch.telemetry.tracing import Attributes, Kind, Span

EXPORT_S = 5.0
CLOSE_S = 3.0
QUEUE = 4096  # spans that wait; more are dropped, so that a collector that is away costs no memory
LINKS = 32
_KINDS: dict[Kind, SpanKind] = {
    "server": SpanKind.SERVER,
    "consumer": SpanKind.CONSUMER,
    "producer": SpanKind.PRODUCER,
    "client": SpanKind.CLIENT,
}
_PARTS = (2, 32, 16, 2)  # hex digits of version, trace, span, flags


class Spans:
    """Records spans of one component; see `tracing.configure`."""

    def __init__(self, endpoint: str, ratio: float, *, component: str, version: str, instance: str) -> None:
        resource = Resource.create(
            {
                "service.namespace": "fairwatch",
                "service.name": f"fairwatch-{component}",
                "service.version": version,
                **({"service.instance.id": instance} if instance else {}),
            }
        )
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)), resource=resource, shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=QUEUE))
        self._tracer = self._provider.get_tracer("fairwatch", version)
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a collector that is away is no news of ours

    def start(
        self, name: str, kind: Kind, cause: bytes | None, attributes: Attributes, links: Iterable[bytes] = ()
    ) -> Span:
        """Begin a step that follows from `cause` and is linked to others."""
        parent = parsed(cause)
        around = None if parent is None else trace.set_span_in_context(trace.NonRecordingSpan(parent))
        others = [Link(context) for link in list(links)[:LINKS] if (context := parsed(link)) is not None]
        said: dict[str, str | int] = {name: value for name, value in attributes.items()}  # noqa: C416  # widens the keys
        return RecordedSpan(
            self._tracer.start_span(name, context=around, kind=_KINDS[kind], attributes=said, links=others)
        )

    def close(self) -> None:
        """Send what was not sent yet; a collector that is away is not waited for."""
        ending = Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(CLOSE_S)


class RecordedSpan(Span):
    """A step that the collector is told of, if it is sampled."""

    def __init__(self, span: trace.Span) -> None:
        context = span.get_span_context()
        super().__init__(f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}".encode())
        self._span = span

    def note(self, **said: str | int) -> None:
        """Say more of how it went."""
        for name, value in said.items():
            self._span.set_attribute(f"fairwatch.{name}", value)

    def end(self, fault: str | None = None) -> None:
        """End the step."""
        if fault is not None:
            self._span.set_status(Status(StatusCode.ERROR, fault))
        self._span.end()


def parsed(context: bytes | None) -> SpanContext | None:
    """Return what a `traceparent` says; None when it says nothing that can be used.

    >>> parsed(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").span_id == 0x00F067AA0BA902B7
    True
    >>> parsed(b"00-nonsense-01") is None
    True
    """
    parts = (context or b"").split(b"-")
    if tuple(map(len, parts)) != _PARTS or parts[0] == b"ff":
        return None
    try:
        _, trace_id, span_id, flags = (int(part, 16) for part in parts)
    except ValueError:
        return None
    found = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags & TraceFlags.SAMPLED))
    return found if found.is_valid else None
