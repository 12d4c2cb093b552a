"""Kafka headers: CloudEvents 1.0 in binary mode, W3C trace context, and those that are our own."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from fairwatch.telemetry.tracing import TRACE
from fairwatch.wire.schemas import newest

CONTENT_TYPE = b"avro/binary"
RECORDED = "ce_recordedtime"
REDRIVES = "fw_redrives"
HANDLED = "fw_handled"  # written and read by `wire.marks`
CARRIED = (RECORDED, TRACE)

Headers = dict[str, bytes]


def cloud_event(type: str, *, source: str, event_id: str, at: int, recorded_at: int | None = None) -> Headers:  # noqa: A002
    """Describe one event.

    Args:
        type: Record name, e.g. `Observation`.
        source: Who writes it, e.g. `fairwatch/normalize`.
        event_id: Unique per source, the same on replay.
        at: When it was written, microseconds UTC.
        recorded_at: When a gateway received its first cause, microseconds UTC: what latency is measured from.
    """
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": event_id.encode(),
        "ce_source": source.encode(),
        "ce_type": f"fairwatch.{type}".encode(),
        "ce_time": rfc3339(at),
        "ce_dataschema": newest()[type].uri.encode(),
        "content-type": CONTENT_TYPE,
    }
    if recorded_at is not None:
        headers[RECORDED] = str(recorded_at).encode()
    return headers


def carried(cause: Mapping[str, bytes]) -> Headers:
    """Return what every stage copies from cause to effect: the recorded time and the trace."""
    return {name: cause[name] for name in CARRIED if name in cause}


def recorded_at(headers: Mapping[str, bytes]) -> int | None:
    """Return when a gateway received the first cause, microseconds UTC; None where nobody said."""
    return _number(headers.get(RECORDED))


def redrives(headers: Mapping[str, bytes]) -> int:
    """Return how often this record came back from the dead letters."""
    return _number(headers.get(REDRIVES)) or 0


def from_kafka(pairs: Iterable[tuple[str, bytes | None]] | None) -> Headers:
    """Return a client's header pairs as a dict; the last of a name wins, as CloudEvents names are unique."""
    return {name: value or b"" for name, value in pairs or ()}


@lru_cache(maxsize=64)
def _to_the_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def rfc3339(micros: int) -> bytes:
    """Write a time as CloudEvents wants it.

    >>> rfc3339(1_767_225_600_000_000)
    b'2026-01-01T00:00:00.000000Z'
    """
    seconds, rest = divmod(micros, 1_000_000)
    return f"{_to_the_second(seconds)}.{rest:06d}Z".encode()


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
