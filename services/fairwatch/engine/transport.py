"""Faust transport that hands over what was fetched as one message and acknowledges it as one.

Faust keeps what it is good at (group membership, assignment, life cycle); the per-event machinery, which costs it
nearly all of its throughput, is bypassed. Offsets are remembered as one number per partition, the next to be read.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

import faust
import structlog
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message
from mode.utils.futures import notify

from fairwatch.engine.backlog import Backlog
from fairwatch.engine.consumer_thread import BatchThread
from fairwatch.engine.group_ownership import GroupOwnership
from fairwatch.engine.ownership import HANDLED, UNTOUCHED, Note, Place
from fairwatch.engine.runs import by_partition

Release = Callable[[], Awaitable[None]]
FLOW_POLL_S = 0.02

log = structlog.get_logger()


class Batch(list[Any]):
    """Records of one or several partitions, those of one together and in order; some may be `Unreadable`.

    Attributes:
        taken_at: When the consumer took them, by `time.perf_counter`.
        ends: Next offset to be read of each partition, once all are handled.
        runs: The records of each partition, and the place of the first of them.
    """

    __slots__ = ("ends", "runs", "taken_at")

    def __init__(self, records: Iterable[Any]) -> None:
        super().__init__(records)
        self.taken_at = time.perf_counter()
        self.runs: list[tuple[int, list[Any]]] | None = None
        self.runs = list(by_partition(self))
        self.ends = {TP(run[-1].topic, run[-1].partition): run[-1].offset + 1 for _, run in self.runs}


class BatchSchema(faust.Schema[Any, Any]):
    """Passes a message on as it is: its value is a list of aiokafka records, decoded by the worker."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Awaitable[Any]]:
        """Return the decoder, which has nothing to decode."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001  # Faust's signature
            return app.create_event(None, message.value, None, message)

        return decode


class BatchConsumer(driver.Consumer):
    """Faust's consumer, with one message per fetch.

    Attributes:
        backlog: What is read before anything else.
    """

    app: Any
    _thread: BatchThread

    def __init__(self, *args: Any, **options: Any) -> None:
        self.next_read: dict[TP, int] = {}
        self.next_commit: dict[TP, int] = {}
        self.commits = 0
        self.backlog = Backlog()
        self._seeks = 0
        self._fetching = asyncio.Lock()
        super().__init__(*args, **options)
        self.ownership = None if self.app.transactions is None else GroupOwnership(self, self.app.transactions)

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109  # Faust's
        """Yield one message for all that was fetched, or several where that is longer than the byte bound.

        Partitions go together because every batch costs its round trips to the broker: with one batch for each of 32
        partitions an event costs several times as much as with one partition.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        with suppress(TimeoutError):
            await asyncio.wait_for(self.app.handover.free.wait(), timeout)
        if not self.app.handover.free.is_set():
            return
        async with self._fetching:
            if not self.flow_active:
                return  # waiting for it here would keep the seek waiting that it comes after
            seeks = self._seeks
            fetched, _ = await self._wait_next_records(timeout)
        unseen = [
            record
            for partition, records in (fetched or {}).items()
            for record in self._unseen(ensure_TP(partition), records)
        ]
        batches = [Batch(records) for records in split(unseen, self.app.batch_bytes)]
        self._pass_over(batches, seeks)
        for batch in batches:
            if self.app.handover.writing:
                await self.app.ahead.decode(batch, lambda: self.app.handover.writing)
            if not await self._current(seeks):
                return  # positions were set anew since: whoever is next reads on from the committed offset
            self.next_read.update(batch.ends)
            self.app.handover.taken(batch)
            message = self._message(batch, self.app.consumer_generation_id)
            self._read_offset[message.tp] = None  # Faust drops what lies before; `_unseen` knows better
            yield message.tp, message

    async def _current(self, seeks: int) -> bool:
        """Wait while the flow is stopped; return whether the positions are still those that were fetched from.

        What was fetched after the last seek is never dropped: the client's position is behind it already, and nobody
        would read it again.
        """
        while not self.flow_active and not self.should_stop and seeks == self._seeks:  # noqa: ASYNC110  # any of three
            await asyncio.sleep(FLOW_POLL_S)
        return not self.should_stop and seeks == self._seeks

    def _pass_over(self, batches: "list[Batch]", seeks: int) -> None:
        """Take for handled what needs no handling: marks of transactions, and records of those that came to nothing.

        Otherwise the group would lag behind the end of a topic for ever, by the last mark at least. Where records were
        handed over and not acknowledged nothing is passed over.
        """
        ends = {tp: end for batch in batches for tp, end in batch.ends.items()}
        passed = {
            tp: position
            for tp, position in self.positions().items()
            if (tp in ends or self.next_read.get(tp) == self.next_commit.get(tp))
            and position > max(ends.get(tp, 0), self.next_commit.get(tp, 0), self._committed_offset[tp] or 0)
        }
        if batches:
            batches[-1].ends.update(passed)
        elif passed and seeks == self._seeks and self.flow_active:
            self.next_read.update(passed)
            self.next_commit.update(passed)
            if self.app.transactions is not None:
                self.app.transactions.passed(passed)

    def _unseen(self, tp: TP, records: list[Any]) -> list[Any]:
        """Drop what was handed over before: a fetch under way during a seek brings it a second time."""
        expected = self.next_read.get(tp, 0)
        known = max(expected, self._committed_offset[tp] or 0)
        if records and records[0].offset < known and tp in self._thread.missed.offsets:
            self._set_back(tp, known, records[0].offset)
            return records
        if records and records[0].offset < expected:
            return [record for record in records if record.offset >= expected]
        return records

    def _set_back(self, tp: TP, known: int, offset: int) -> None:
        """Go on from here: the offset that we knew is not there (set by hand, cut off, or of a deleted topic)."""
        log.warning("offsets.not_there", topic=tp.topic, partition=tp.partition, offset=known, reads_from=offset)
        self._thread.missed.offsets.discard(tp)
        self.next_read.pop(tp, None)
        self.next_commit.pop(tp, None)
        self._committed_offset[tp] = None
        if self.app.forms is not None:
            self.app.forms.forget((tp.topic, tp.partition))
        if self.ownership is not None:
            self.ownership.set_back(tp, offset)

    def _message(self, batch: "Batch", generation: int) -> ConsumerMessage:
        last = batch[-1]
        tp = TP(last.topic, last.partition)
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, last.timestamp / 1000, 0, None, None, cast("Any", batch), None,
            0, 0, tp, generation_id=generation,
        )  # fmt: skip

    def ack(self, message: Message) -> bool:
        """Let the offsets of the whole message be committed."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        if message.generation_id == self.app.consumer_generation_id:
            self.next_commit.update(cast("Batch", message.value).ends)
        notify(self._waiting_for_ack)
        return True

    async def perform_seek(self) -> None:
        """Go on where the group left off; where it never was (or when replaying) at the beginning."""
        async with self._fetching:  # a fetch under way would bring records from one side of the seek or the other
            await self._set_positions()
            self._seeks += 1
            self.app.handover.reset()

    async def _set_positions(self) -> None:
        self.next_read.clear()
        self.next_commit.clear()
        if self.app.forms is not None and self.assignment():
            await self._catch_up(await self.app.forms.begin(self.group))
        if self.ownership is not None:
            await self.ownership.take_over()
        if self.app.replay:
            fresh = set(self.assignment())
            self._read_offset.update(dict.fromkeys(fresh))
        else:
            await super().perform_seek()
            fresh = {tp for tp in self.assignment() if self._committed_offset.get(tp) is None}
        if fresh:
            await self._thread.rewind(fresh)

    async def _catch_up(self, beginnings: Mapping[tuple[str, int], int]) -> None:
        """Let the group begin where its processors have come to in groups of another form (`engine.forms`).

        The names of the last owners stay in the notes: `take_over` is to shut them out. Where the group does not take
        it, each processor leaves out by itself what it has handled.
        """
        assigned = self.assignment()
        ours = {tp: offset for place, offset in beginnings.items() if (tp := TP(*place)) in assigned and offset}
        known = await self.group.places() if ours else {}
        ahead = {tp: caught_up(known.get(tp), offset) for tp, offset in ours.items()}
        places = {tp: place for tp, place in ahead.items() if place is not None}
        if places:
            log.info("group.catches_up", partitions=len(places))
            await self.group.note(places)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish and commit what runs before giving anything up: Faust forgets acknowledged offsets first."""
        self.stop_flow()
        self.app.flow_control.suspend()
        await self.app.release()
        await self.commit_now()
        for tp in revoked:
            self.next_commit.pop(tp, None)
            self.next_read.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def look_at_topics(self) -> None:
        """Ask for our partitions anew where a topic was deleted and made anew: its offsets begin again.

        Raises:
            KafkaError: The broker does not answer.
        """
        missed = self._thread.missed.topics
        if self.ownership is None or not missed:
            return
        looked_at = set(missed)
        if self.ownership.topics_changed(await self.group.topic_ids(looked_at)):
            await self.group.rejoin()
        missed -= looked_at

    def committed_by_transaction(self, offsets: Mapping[TP, int]) -> None:
        """Note offsets that took effect with a transaction."""
        self._committed_offset.update(offsets)
        self.commits += 1

    async def commit_now(self) -> None:
        """Commit everything acknowledged, after any commit under way."""
        if self.ownership is not None:
            await self.ownership.let_go()
            return
        while await self.maybe_wait_for_commit_to_finish():
            pass
        await self.commit()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        if self.app.replay or self.ownership is not None:
            return iter(())
        chosen = (tp for tp in self.next_commit if topics is None or tp in topics or tp.topic in topics)
        return iter([tp for tp in chosen if self._should_commit(tp, self.next_commit[tp])])

    def _new_offset(self, tp: TP) -> int | None:
        return self.next_commit.get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets that compaction left out need no bookkeeping here."""

    async def verify_all_partitions_active(self) -> None:
        """Leave this to our watchdog: Faust's takes one that commits nothing, since it replays, for stuck."""

    def on_buffer_full(self, tp: TP) -> None:
        """A full queue blocks the fetcher as it is; taking the partition out as well costs a second's sleep."""

    def on_buffer_drop(self, tp: TP) -> None:
        """See `on_buffer_full`."""

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        before = {tp: self._committed_offset.get(tp) for tp in offsets}
        done = await super()._commit_offsets(offsets, start_new_transaction=start_new_transaction)
        if done:
            self.commits += 1
        else:  # Faust takes them for committed all the same
            self._committed_offset.update({tp: offset for tp, offset in before.items() if tp in self.next_commit})
        return done

    @property
    def group(self) -> BatchThread:
        """What speaks to the group's coordinator."""
        return self._thread

    def positions(self) -> dict[TP, int]:
        """Return the next offset to be fetched of each partition where that is known."""
        return self._thread.positions()

    async def committed_now(self) -> dict[TP, int | None]:
        """Ask the broker for the next offset of each partition as committed; None where nothing was handled yet."""
        places = await self.group.places()
        handled = {tp: place.offset for tp, place in places.items() if place.note.what != UNTOUCHED}
        return {ensure_TP(tp): handled.get(ensure_TP(tp)) for tp in self.assignment()}

    @property
    def committed(self) -> Mapping[TP, int | None]:
        """Next offset of each partition as committed."""
        return self._committed_offset

    @property
    def connected(self) -> bool:
        """Whether the group's coordinator answers."""
        return self._thread.connected


def caught_up(known: Place | None, offset: int) -> Place | None:
    """Return where a group goes on that is at `known` when all its processors have come to `offset`; None: as it is.

    >>> caught_up(Place(5, Note("x", "17")), 4), caught_up(Place(5, Note("x", "untouched")), 5)
    (None, Place(offset=5, note=Note(owner='x', what='handled', topic='')))
    """
    if known is None:
        return Place(offset, Note("", HANDLED))
    if offset > known.offset or (offset == known.offset and known.note.what == UNTOUCHED):
        return Place(offset, known.note._replace(what=HANDLED))
    return None


class BatchTransport(driver.Transport):
    """The driver that Faust is given."""

    Consumer = BatchConsumer


def split(records: list[Any], limit: int) -> Iterable[list[Any]]:
    """Cut a run of records where their values exceed `limit` bytes together.

    >>> from types import SimpleNamespace as Record
    >>> [len(run) for run in split([Record(value=b"12345") for _ in range(5)], 10)]
    [2, 2, 1]
    """
    run: list[Any] = []
    size = 0
    for record in records:
        length = len(record.value or b"")
        if run and size + length > limit:
            yield run
            run, size = [], 0
        run.append(record)
        size += length
    if run:
        yield run
