"""A compacted topic that every worker holds whole: complete before the worker is ready, followed afterwards."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from fairwatch.domain.errors import ConfigurationError, RejectedError, RetryableError
from fairwatch.domain.event import Event
from fairwatch.domain.history import History
from fairwatch.engine.pauses import longer
from fairwatch.engine.reader import TopicReader
from fairwatch.engine.record_batches import Unreadable, about
from fairwatch.telemetry import metrics
from fairwatch.wire.avro import Codec
from fairwatch.wire.bonds import BOUND, Bonds
from fairwatch.wire.refused_records import is_foreign
from fairwatch.wire.topics import topics

FOREIGN_KEPT = 100  # until somebody tells the audit log of them
log = structlog.get_logger()


class TopicReference:
    """The Reference port over one topic.

    Args:
        topic: Logical name.
        record: Name of the record it holds.
        bonds: Prove who wrote it, where only processors write it.
    """

    def __init__(self, component: str, topic: str, record: str, codec: Codec, bonds: Bonds | None = None) -> None:
        self._bonds = bonds if bonds and topic in BOUND else None
        self._foreign: list[Event] = []
        self._component = component
        self._topic = topic
        self._record = record
        self._codec = codec
        self._table = _Table()
        self._version = 0
        self._history = History()
        self.complete = asyncio.Event()

    @property
    def version(self) -> int:
        """Grow by one at each change."""
        return self._version

    def changed_since(self, version: int) -> list[str] | None:
        """Return the keys that changed after a version; None when that is not known, as after it was read anew."""
        return self._history.since(self._version - version)

    def get(self, key: str) -> Any | None:
        """Return the record, or None."""
        return self._table.entries.get(key)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over a snapshot of all records by key."""
        return iter(list(self._table.entries.items()))

    def take(self, record: Any) -> None:
        """Take one record of the topic in; a broken one is counted and leaves what was there."""
        if self._put(self._table, record):
            self._history.note((record.key or b"").decode())
            self._changed()

    def take_foreign(self) -> list[Event]:
        """Return what nobody of the hub has written since the last call, a hundred at most: it is not in force."""
        taken, self._foreign = self._foreign, []
        return taken

    async def run(self, bootstrap: str, client_options: Mapping[str, Any], topic_prefix: str) -> None:
        """Read to the end, then follow, for ever.

        Starts over when the broker, or the schema registry, was away, with growing pauses, and when partitions were
        added.
        """
        pause_s = 0.0
        while True:
            try:
                async with TopicReader(bootstrap, client_options, topic_prefix + self._topic, lenient=True) as reader:
                    await self._read(reader)
                    if pause_s:
                        log.info("reference.back", topic=self._topic)
                    pause_s = 0.0
                    async for record in reader.follow():
                        self.take(record)
            except (KafkaError, RetryableError, ConfigurationError) as error:
                if not pause_s:
                    log.warning("reference.away", topic=self._topic, error=repr(error))
                pause_s = longer(pause_s)
                await asyncio.sleep(pause_s)

    async def _read(self, reader: TopicReader) -> None:
        """Replace what we hold, at once: nobody may see an older value on the way to the newest."""
        table = _Table()
        async for record in reader.to_end():
            self._put(table, record)
        self._table = table
        self._history.forget()
        self._changed()
        self.complete.set()
        log.info("reference.complete", topic=self._topic, entries=len(table.entries))

    def _put(self, table: "_Table", record: Any) -> bool:
        if isinstance(record, Unreadable):
            metrics.REFERENCE_BAD.labels(self._component, self._topic).inc()
            log.error("reference.unreadable", **about(record))
            return False
        key = ""
        try:
            key = (record.key or b"").decode()
            value = None if record.value is None else self._codec.decode(record.value, self._record)[1]
            self._agree(key, value)
            self._written_by_us(record, key, value)
        except (RejectedError, UnicodeDecodeError) as error:
            metrics.REFERENCE_BAD.labels(self._component, self._topic).inc()
            log.warning("reference.undecodable", topic=self._topic, key=repr(record.key), error=str(error))
            if table is not self._table and key in self._table.entries:  # it may have been compacted away
                table.entries.setdefault(key, self._table.entries[key])
            return False
        return table.put(key, value, record.partition, record.timestamp)

    def _agree(self, key: str, value: Any) -> None:
        """Refuse a record under a key that is not its id: it would speak for another."""
        topic = topics().get(self._topic)
        if value is not None and topic is not None and topic.key_of(value) != key:
            raise RejectedError("invalid_field", f"the key {key!r} is not the {topic.key} {topic.key_of(value)!r}")

    def _written_by_us(self, record: Any, key: str, value: Any) -> None:
        """Refuse what nobody of the hub wrote, also where it only takes something away."""
        if self._bonds is None:
            return
        headers = dict(record.headers)
        writer = self._bonds.writer(self._topic, record.key, headers, record.value)
        if writer is None:
            metrics.RECORDS_UNBOUND.labels(self._component, self._topic).inc()
        event = Event(self._topic, self._record, value, key, headers, record.partition, record.offset, writer=writer)
        if is_foreign(event):
            if len(self._foreign) < FOREIGN_KEPT:
                self._foreign.append(event)
            raise RejectedError("not_authentic", "no processor that writes it has written it")

    def _changed(self) -> None:
        self._version += 1
        metrics.REFERENCE_ENTRIES.labels(self._component, self._topic).set(len(self._table.entries))


class _Table:
    """The newest value of each key, also where a key lies in two partitions since some were added."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self._origins: dict[str, tuple[int, int]] = {}

    def put(self, key: str, value: Any, partition: int, at: int) -> bool:
        """Take a value (None: deleted) in, unless another partition has a newer one; return whether it did."""
        known = self._origins.get(key)
        if known is not None and known[0] != partition and known[1] > at:
            return False
        self._origins[key] = (partition, at)
        if value is None:
            self.entries.pop(key, None)
        else:
            self.entries[key] = value
        return True

    def forget(self, key: str) -> None:
        """Leave a value out, and that there was one: for who keeps some of many."""
        self.entries.pop(key, None)
        self._origins.pop(key, None)
