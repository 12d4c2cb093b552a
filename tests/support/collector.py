"""A real OTLP/HTTP collector, as small as can be: it keeps what it is sent."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Seen:
    """One span as it came; ids in hex."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: str
    attributes: dict[str, Any]
    links: tuple[str, ...]
    fault: str


@dataclass
class Collector:
    """Where spans go."""

    url: str = ""
    raw: list[bytes] = field(default_factory=list)
    spans: list[Seen] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """Keep the spans of one export."""
        self.raw.append(body)
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(a.value.string_value for a in group.resource.attributes if a.key == "service.name")
            self.spans += [_seen(service, span) for scope in group.scope_spans for span in scope.spans]

    def traces(self) -> dict[str, list[Seen]]:
        """Return the spans by trace."""
        found: dict[str, list[Seen]] = {}
        for span in self.spans:
            found.setdefault(span.trace_id, []).append(span)
        return found

    def named(self, name: str, seconds: float = 10.0) -> list[Seen]:
        """Return all spans of a name, once there is one."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := [span for span in self.spans if span.name == name]:
                return found
            time.sleep(0.05)
        raise AssertionError(f"no span {name!r} among {sorted({span.name for span in self.spans})}")


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on loopback, in a thread."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            assert self.headers["Content-Type"] == "application/x-protobuf"
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def _seen(service: str, span: Any) -> Seen:
    return Seen(
        service=service,
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        kind=type(span).SpanKind.Name(span.kind),
        attributes={pair.key: next(iter(MessageToDict(pair.value).values())) for pair in span.attributes},
        links=tuple(link.span_id.hex() for link in span.links),
        fault=span.status.message,
    )
