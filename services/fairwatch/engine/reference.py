"""A compacted topic that every worker holds whole: complete before the worker is ready, followed afterwards."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.engine.reader import TopicReader
from fairwatch.telemetry import metrics
from fairwatch.wire.avro import Codec

RETRY_S = 2.0
log = structlog.get_logger()


class TopicReference:
    """The Reference port over one topic.

    Args:
        topic: Logical name.
        record: Name of the record it holds.
    """

    def __init__(self, component: str, topic: str, record: str, codec: Codec) -> None:
        self._component = component
        self._topic = topic
        self._record = record
        self._codec = codec
        self._entries: dict[str, Any] = {}
        self._version = 0
        self.complete = asyncio.Event()

    @property
    def version(self) -> int:
        """Grow by one at each change."""
        return self._version

    def get(self, key: str) -> Any | None:
        """Return the record, or None."""
        return self._entries.get(key)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over a snapshot of all records by key."""
        return iter(list(self._entries.items()))

    def apply(self, key: bytes | None, value: bytes | None) -> None:
        """Take one record of the topic in; a broken one is counted and leaves what was there."""
        try:
            name = (key or b"").decode()
            if value is None:
                self._entries.pop(name, None)
            else:
                self._entries[name] = self._codec.decode(value, self._record)[1]
        except (RejectedError, UnicodeDecodeError) as error:
            metrics.REFERENCE_BAD.labels(self._component, self._topic).inc()
            log.warning("reference.undecodable", topic=self._topic, key=repr(key), error=str(error))
            return
        self._version += 1
        metrics.REFERENCE_ENTRIES.labels(self._component, self._topic).set(len(self._entries))

    async def run(self, bootstrap: str, client_options: Mapping[str, Any], topic_prefix: str) -> None:
        """Read to the end, then follow, for ever; start over when the broker, or the schema registry, was away."""
        away = False
        while True:
            try:
                async with TopicReader(bootstrap, client_options, topic_prefix + self._topic) as reader:
                    await self._read(reader)
            except (KafkaError, RetryableError) as error:
                if not away:
                    log.warning("reference.away", topic=self._topic, error=repr(error))
                away = True
                await asyncio.sleep(RETRY_S)

    async def _read(self, reader: TopicReader) -> None:
        seen: set[str] = set()
        async for record in reader.to_end():
            seen.add((record.key or b"").decode(errors="replace"))
            self.apply(record.key, record.value)
        for gone in self._entries.keys() - seen:  # deleted and compacted away while we were not connected
            del self._entries[gone]
            self._version += 1
        self.complete.set()
        log.info("reference.complete", topic=self._topic, entries=len(self._entries))
        async for record in reader.follow():
            self.apply(record.key, record.value)
