"""The one way in: received bytes of an authenticated device become a RawEvent that the broker has acknowledged."""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Literal

import structlog
from prometheus_client import Counter, Histogram

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import MediaStore, Publisher
from fairwatch.domain.records import RawEvent
from fairwatch.edges.status import DeviceStatuses, is_sign_of_life
from fairwatch.formats.payload import Payload
from fairwatch.telemetry import metrics, tracing
from fairwatch.telemetry.tracing import TRACE, Kind, Span
from fairwatch.wire.headers import RECORDED

INLINE_LIMIT = 512 * 1024
TOPIC = "raw-events"
_NO_SPAN = Span()
_log = structlog.get_logger(__name__)
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted of one gateway's arrivals: asking a metric for its labels costs more than counting does."""

    received: Counter
    bytes: Counter
    publish_s: Histogram
    emitted: Counter


@cache
def _counts_of(gateway: str) -> _Counts:
    return _Counts(
        metrics.RECEIVED.labels(gateway),
        metrics.GATEWAY_BYTES.labels(gateway),
        metrics.GATEWAY_PUBLISH_SECONDS.labels(gateway),
        metrics.EMITTED.labels(gateway, TOPIC),
    )


Check = Callable[[Payload, str | None], RejectedError | None]


@dataclass(slots=True)  # not frozen: making one is on the hot path, and a frozen one takes three times as long
class Arrival:
    """What came from whom.

    Attributes:
        gateway: Which gateway received it; also the transport.
        device_id: The device as authenticated, never as claimed by the payload.
        body: The bytes as sent.
        format: Adapter that the device's binding or the address names; None to recognise it.
        path: URL path without credentials, or MQTT topic.
        headers: Lower-case names, already allow-listed.
        transport: By which protocol it came.
    """

    gateway: str
    device_id: str
    body: bytes
    format: str | None = None
    path: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    transport: Literal["http", "mqtt"] = "http"


class Intake:
    """Publishes arrivals.

    Args:
        publisher: Where RawEvents go.
        media: Where bodies above the inline limit go.
        clock: Time of receipt.
        check: Judges a payload at once, so that its sender hears of a mistake; None to accept all.
        statuses: Hears that a device is there; None where nobody asks.

    Attributes:
        statuses: The same, for edges that hear of a device without a body: keepalives, streams that end.
    """

    def __init__(
        self,
        publisher: Publisher,
        media: MediaStore,
        clock: Clock,
        check: Check | None = None,
        statuses: DeviceStatuses | None = None,
    ) -> None:
        self._publisher, self._media, self._clock, self._check = publisher, media, clock, check
        self.statuses = statuses

    async def accept(self, arrival: Arrival) -> str:
        """Return the raw id once the broker has acknowledged the event.

        Raises:
            OverloadedError, RetryableError: It is not stored; the sender should try again.
        """
        counts = _counts_of(arrival.gateway)
        counts.received.inc()
        counts.bytes.inc(len(arrival.body))
        with _step(arrival) as step:
            record = await self._record(arrival)
            headers = {RECORDED: b"%d" % record["received_at"]}
            if step.context is not None:
                headers[TRACE] = step.context
            began = perf_counter()
            try:
                await self._publisher.publish(TOPIC, arrival.device_id, record, headers)
            finally:
                counts.publish_s.observe(perf_counter() - began)
        counts.emitted.inc()
        if self.statuses is not None and is_sign_of_life(arrival.body, arrival.headers):
            await self.statuses.heard(arrival.device_id)
        return record["raw_id"]

    def judge(self, arrival: Arrival) -> RejectedError | None:
        """Return why no adapter will take the payload, or None; what is refused is still to be accepted and kept."""
        if self._check is None:
            return None
        payload = Payload(
            body=arrival.body,
            content_type=arrival.content_type,
            path=arrival.path,
            headers=arrival.headers,
            device_id=arrival.device_id,
            received_at=self._clock.now(),
        )
        try:
            return self._check(payload, arrival.format)
        except Exception:  # noqa: BLE001 - our fault, not the sender's: the event is kept and becomes a dead letter
            _log.exception("payload cannot be judged", device_id=arrival.device_id, format=arrival.format)
            return None

    async def _record(self, arrival: Arrival) -> RawEvent:
        body = arrival.body
        sha256 = hashlib.sha256(body).hexdigest()
        record: RawEvent = {
            "raw_id": stable_id("raw", arrival.device_id, arrival.gateway, arrival.path, sha256),
            "device_id": arrival.device_id,
            "gateway": arrival.gateway,
            "transport": arrival.transport,
            "path": arrival.path,
            "format": arrival.format,
            "content_type": arrival.content_type,
            "headers": dict(arrival.headers),
            "received_at": self._clock.now(),
            "sha256": sha256,
            "size": len(body),
            "body": body,
            "body_ref": None,
        }
        if len(body) > INLINE_LIMIT:
            mime = arrival.content_type.partition(";")[0].strip() or "application/octet-stream"
            uri = await self._media.put(body, mime)
            record["body"] = b""
            record["body_ref"] = {"uri": uri, "sha256": sha256, "mime": mime, "bytes": len(body)}
        return record


def _step(arrival: Arrival) -> AbstractContextManager[Span]:
    """Begin the trace of an arrival, or go on with that of a device that has one."""
    given = arrival.headers.get(TRACE, "")
    if not given and tracing.active() is None:
        return nullcontext(_NO_SPAN)
    kind: Kind = "consumer" if arrival.transport == "mqtt" else "server"
    return tracing.span(
        f"{arrival.gateway} receive",
        kind,
        given.encode() if _TRACE.fullmatch(given) else None,
        {
            "fairwatch.component": arrival.gateway,
            "messaging.destination.name": TOPIC,
            "messaging.message.body.size": len(arrival.body),
        },
    )
