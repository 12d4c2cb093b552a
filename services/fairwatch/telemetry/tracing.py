"""Traces from a device's request to the delivery, over all topics; off, and without cost, until somebody collects them.

The context travels in the header `traceparent` (W3C). What a span may say is a closed list: never who or what was seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from fairwatch.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from fairwatch.telemetry.otel import Spans

TRACE = "traceparent"
Kind = Literal["server", "consumer", "producer", "client"]
Attribute = Literal[
    "fairwatch.component",
    "fairwatch.batch_size",
    "fairwatch.outcome",
    "fairwatch.sink",
    "fairwatch.status",
    "messaging.system",
    "messaging.destination.name",
    "messaging.destination.partition.id",
    "messaging.kafka.offset",
    "messaging.message.body.size",
]
Attributes = Mapping[Attribute, str | int]

_spans: "Spans | None" = None


class Span:
    """A step of a trace; this one records nothing and hands on the context that it was given.

    Attributes:
        context: What the next step is told in its `traceparent`; None for nothing.
    """

    def __init__(self, context: bytes | None = None) -> None:
        self.context = context

    def note(self, **said: str | int) -> None:
        """Say more of how it went: `outcome`, `status`."""

    def end(self, fault: str | None = None) -> None:
        """End the step; `fault` is a reason from a bounded list, None when all went well."""


def configure(endpoint: str, ratio: float, *, component: str, version: str, instance: str = "") -> None:
    """Export traces of this process to an OTLP collector over HTTP; do nothing without an endpoint.

    Args:
        endpoint: Such as http://collector:4318.
        ratio: Share of the traces that begin here; those that came with a decision keep it.
        component: Whose steps they are.
        version: Of the application.
        instance: Name of this process.

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """
    global _spans  # noqa: PLW0603  # one process, one exporter, like its log
    if not endpoint:
        return
    try:
        from fairwatch.telemetry.otel import Spans  # noqa: PLC0415  # an extra; and slow to import
    except ImportError as error:
        raise ConfigurationError(
            "FAIRWATCH_OTLP_ENDPOINT is set, but OpenTelemetry is not here: pip install 'fairwatch[traces]'"
        ) from error
    _spans = Spans(endpoint, ratio, component=component, version=version, instance=instance)


def shut_down() -> None:
    """Send what was not sent yet, for a moment, and be off again."""
    global _spans
    spans, _spans = _spans, None
    if spans is not None:
        spans.close()


def active() -> "Spans | None":
    """Return what records spans, None when traces are off."""
    return _spans


@contextmanager
def span(name: str, kind: Kind, cause: bytes | None, attributes: Attributes) -> Iterator[Span]:
    """Record the block as one step that follows from `cause`, a `traceparent`; without one a trace begins here."""
    step = Span(cause) if _spans is None else _spans.start(name, kind, cause, attributes)
    try:
        yield step
    except BaseException as error:
        step.end(getattr(error, "reason", None) or type(error).__name__)  # never its message: it may quote the record
        raise
    else:
        step.end()


def joined(component: str, topic: str, causes: Iterable[bytes]) -> bytes | None:
    """Return the context of what follows from several causes: the last one's trace goes on, linked to the rest."""
    *others, last = dict.fromkeys(causes)
    if _spans is None or not others:
        return last
    said: Attributes = {
        "fairwatch.component": component,
        "fairwatch.batch_size": len(others) + 1,
        "messaging.destination.name": topic,
    }
    step = _spans.start(f"{component} join", "producer", last, said, others)
    step.end()
    return step.context


def sampled(context: bytes) -> bool:
    """Tell whether a `traceparent` says that its trace is recorded."""
    return context[-1:] in {b"1", b"3", b"5", b"7", b"9", b"b", b"d", b"f"}
