"""Reads the audit log for the console: what somebody looks for, whether the log is whole, and what vouches for it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from itertools import groupby
from typing import Any

from fairwatch.apps.audit_columns import Place
from fairwatch.apps.audit_index import AuditIndex, Came, Records
from fairwatch.apps.audit_reading import AuditReading
from fairwatch.apps.iterated import iterated
from fairwatch.apps.kafka import client_options, codec, require_broker
from fairwatch.apps.keys import log_anchors
from fairwatch.apps.settings import Settings
from fairwatch.console.audit_log import AuditDesk, Wanted
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import RejectedError
from fairwatch.engine.reader import TopicReader
from fairwatch.stores.checkpoints import NAME, CheckpointFile

TOPIC = "audit-chain"
SMALL = {"max_partition_fetch_bytes": 64 << 10}  # of records that are read one by one


@asynccontextmanager
async def audit_desk(settings: Settings) -> AsyncIterator[AuditDesk]:
    """Give what the console needs to show the audit log of this hub; it is read from now on, in the background."""
    file, clock = CheckpointFile(settings.anchor_dir / NAME), SystemClock()
    reading = AuditReading(AuditIndex(KafkaLog(settings), file.after, log_anchors(settings), clock.now))

    async def reads(wanted: Wanted) -> Mapping[str, Any]:
        return await asyncio.to_thread(reading.look, wanted)

    reading.go_on()
    try:
        yield AuditDesk(reads)
    finally:
        await asyncio.to_thread(reading.close)


class KafkaLog:
    """The chained records on their topic: `audit_index.Log`."""

    def __init__(self, settings: Settings) -> None:
        """Take where the broker is."""
        self._settings = settings
        self._topic = settings.topic_prefix + TOPIC
        self._decode = codec(settings).decode

    def after(self, offsets: Mapping[int, int]) -> Came | None:
        """Return what lies from these offsets on; None where the log ends before them: it is another one."""
        require_broker(self._settings)
        runs = iterated(self._runs(offsets))
        begun = next(runs, None)
        if begun is None:
            return None
        [(starts, ends)] = begun
        return Came(self._read(runs), starts, ends)

    def at(self, places: Sequence[Place]) -> Iterator[Mapping[str, Any]]:
        """Yield the records at these places, in their order; what is gone is left out."""
        with closing(iterated(self._single(sorted(places)))) as runs:
            found = {(record.partition, record.offset): record for run in runs for record in run}
        for place in places:
            if place in found and (record := self._decoded(found[place])) is not None:
                yield record

    def _read(self, runs: Generator[list[Any], None, None]) -> Records:
        with closing(runs):
            for run in runs:
                for one in run:
                    record = self._decoded(one)
                    if record is not None:
                        yield (one.partition, one.offset), record

    def _decoded(self, record: Any) -> Mapping[str, Any] | None:
        """Return an audit record; None for anything else, which nobody of ours has written there."""
        if isinstance(getattr(record, "value", None), bytes):
            with suppress(RejectedError):
                kind, found = self._decode(record.value)
                return found if kind == "AuditRecord" else None
        return None

    async def _runs(self, offsets: Mapping[int, int]) -> AsyncGenerator[list[Any], None]:
        """Yield where reading starts and ends, where the log goes on from these offsets, then runs of what it holds."""
        async with self._reader() as reader:
            bounds = await reader.bounds()
            if any(part not in bounds or bounds[part].end < offset for part, offset in offsets.items()):
                return
            starts = {part: max(bound.begin, offsets.get(part, 0)) for part, bound in bounds.items()}
            yield [(starts, {part: bound.end for part, bound in bounds.items()})]
            reader.seek(starts)
            async for run in reader.runs_to_end():
                yield run

    async def _single(self, places: Sequence[Place]) -> AsyncGenerator[list[Any], None]:
        if not places:
            return
        async with self._reader({part for part, _ in places}, SMALL) as reader:
            bounds = await reader.bounds()
            reader.seek({part: bound.end for part, bound in bounds.items()})
            for part, group in groupby(places, key=lambda place: place[0]):
                wanted = [offset for _, offset in group if bounds[part].begin <= offset < bounds[part].end]
                async for run in reader.runs_at(part, wanted):
                    yield run

    def _reader(self, partitions: Iterable[int] | None = None, more: Mapping[str, Any] | None = None) -> TopicReader:
        servers = self._settings.kafka_bootstrap
        options = {**client_options(self._settings), "client_id": "fairwatch-audit", **(more or {})}
        return TopicReader(servers, options, self._topic, partitions, lenient=True)
