"""Reads whole topics, once, from their beginning to where they end now."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import structlog

from fairwatch.apps.kafka import codec
from fairwatch.apps.messages import read
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import RejectedError
from fairwatch.wire.topics import topics

log = structlog.get_logger()


def read_everything(settings: Settings) -> Iterator[tuple[str, str, Any]]:
    """Yield (logical topic, record type, record) of every record of every topic; tombstones are left out."""
    for name in topics():
        yield from read_topic(settings, name)


def latest(settings: Settings, name: str) -> dict[str, Any]:
    """Return the newest record of each key of a compacted topic; what cannot be decoded counts as not written."""
    decode, found = codec(settings).decode, dict[str, Any]()
    for message in read(settings, name):
        key = (message.raw.key or b"").decode("utf-8", "replace")
        if message.unreadable is not None:
            continue
        if message.raw.value is None:
            found.pop(key, None)
            continue
        with suppress(RejectedError):
            found[key] = decode(message.raw.value, topics()[name].record)[1]
    return found


def read_topic(settings: Settings, name: str, *, since_ms: int | None = None) -> Iterator[tuple[str, str, Any]]:
    """Yield (logical topic, record type, record) of one topic; what cannot be decoded is left out.

    So are record batches that cannot be opened, which the log names. With `since_ms` it begins at what the broker took
    since then, in milliseconds since 1970 UTC.
    """
    decode = codec(settings).decode
    for message in read(settings, name, since_ms=since_ms):
        if message.unreadable is not None:
            log.warning("batch.unreadable", detail=message.unreadable)
        if message.raw.value is None:
            continue
        try:
            kind, record = decode(message.raw.value)
        except RejectedError:
            continue
        yield name, kind, record
