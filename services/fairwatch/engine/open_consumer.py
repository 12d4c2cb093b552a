"""A consumer of topics that anybody may write to: a batch that it cannot open becomes one record that says so.

aiokafka raises when it meets such a batch and stays in front of it, also after a restart. Here the batch is handed over
as an `Unreadable` at its place, and reading goes on after it.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from copy import copy
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import OffsetOutOfRangeError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from fairwatch.engine.decompression import Decompressor
from fairwatch.engine.private_names import (
    client_of,
    fetcher_of,
    how_fetched,
    records_of,
    set_buffer,
    set_isolation,
    set_records,
)
from fairwatch.engine.record import Record
from fairwatch.engine.record_batches import Batch, Unreadable, UnreadableError, batches

GONE = {OffsetOutOfRangeError.errno, UnknownTopicOrPartitionError.errno}
OPENED_BYTES = 16 << 20  # decompressed records of one partition that are handed over before it is fetched again
ASKED_MS = 40_000  # the longest that a question to the broker takes


class OpenConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types that mypy finds
    """aiokafka's consumer, whose records may be `Unreadable`.

    The bytes of a fetch are taken out of the broker's answer before aiokafka looks at them, and opened here when its
    fetcher comes to hand over what it took for them.
    """

    missed: "Missed"

    async def start(self) -> None:
        """Connect."""
        self.missed = missed = Missed()
        answers = Answers()
        client = client_of(self)
        send = client.send

        async def noted(node_id: int, request: Any, **options: Any) -> Any:
            response = await send(node_id, request, **options)
            if isinstance(request, OffsetFetchRequest):
                heed(response)
            if isinstance(request, FetchRequest):
                missed.take(response)
                answers.take(response)
            return response

        client.send = noted
        await super().start()
        set_buffer(fetcher_of(self), Fetched(answers))

    async def end_offsets_with_open(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Return where each ends, transactions included that are not committed yet or not seen to be.

        It asks as a reader would that reads what is not committed: a second client would have to connect first.
        """
        fetcher = copy(fetcher_of(self))
        set_isolation(fetcher, READ_UNCOMMITTED)
        ends: dict[TopicPartition, int] = await fetcher.end_offsets(partitions, ASKED_MS)
        return ends


def heed(response: Any) -> None:
    """Look at the error of an answer that says how far a group has come.

    A coordinator that is loading, or is none any more, names no partition. aiokafka does not look why, and takes it for
    a group that has never come to anything: everything would be read from its beginning.

    Raises:
        KafkaError: There is one; most pass.
    """
    if code := getattr(response, "error_code", 0):
        raise for_code(code)(f"the group's coordinator does not say how far it has come: {for_code(code).__name__}")


class Missed:
    """What fetches did not find where they were told to look.

    Attributes:
        offsets: Partitions whose offset was outside of what is there; aiokafka goes on at their beginning.
        topics: Those that the broker did not know; it may come to know them, or they were deleted.
    """

    def __init__(self) -> None:
        self.offsets: set[TopicPartition] = set()
        self.topics: set[str] = set()

    def take(self, response: Any) -> None:
        """Look at the errors of an answer."""
        for topic, partitions in response.topics or ():
            for partition, code, *_ in partitions:
                if code == OffsetOutOfRangeError.errno:
                    self.offsets.add(TopicPartition(topic, partition))
                if code in GONE:
                    self.topics.add(topic)


class Answers:
    """The bytes of the last fetch: aiokafka takes in an answer before it looks at the next."""

    def __init__(self) -> None:
        self._bytes: dict[TopicPartition, tuple[int, bytes]] = {}
        self._instead = _one_record()

    def take(self, response: Any) -> None:
        """Take the bytes of every partition and leave one record instead wherever there are any."""
        self._bytes = {}
        topics = []
        for topic, partitions in response.topics or ():
            rows = []
            for row in partitions:
                data = row[-1]
                if data:
                    self._bytes[TopicPartition(topic, row[0])] = row[2], data
                    row = (*row[:-1], self._instead)  # noqa: PLW2901
                rows.append(row)
            topics.append((topic, rows))
        response.topics = topics

    def pop(self, tp: TopicPartition) -> tuple[int, bytes]:
        """Return the end of a partition, and its bytes."""
        return self._bytes.pop(tp)


class Fetched(OrderedDict[TopicPartition, Any]):
    """What aiokafka's fetcher has fetched of each partition and nobody has taken yet."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers
        self._decompressor = Decompressor()

    def __setitem__(self, tp: TopicPartition, result: Any) -> None:
        if isinstance(result, FetchResult):
            end, data = self._answers.pop(tp)
            set_records(result, OpenRecords(records_of(result), data, end, self._decompressor))
        super().__setitem__(tp, result)


class OpenRecords(PartitionRecords):  # type: ignore[misc]
    """The records of one fetch of one partition, in order, with an `Unreadable` for each batch that is none.

    Args:
        fetched: aiokafka's own, made of something else.
        data: What the broker answered.
        end: Of the partition, as the broker knows it.
    """

    next_fetch_offset: int

    def __init__(self, fetched: PartitionRecords, data: bytes, end: int, decompressor: Decompressor) -> None:
        tp, aborted, checks, isolation = how_fetched(fetched)
        super().__init__(tp, None, aborted, fetched.next_fetch_offset, None, None, checks, isolation)
        self._data = data
        self._end = end
        self._decompressor = decompressor
        self._opened = 0

    def _unpack_records(self) -> Iterator[Any]:
        """Yield records; `next_fetch_offset` is behind each when it is yielded, and grows with every fetch."""
        began = self.next_fetch_offset
        try:
            for batch, following in _with_following(batches(self._data)):
                yield from self._batch(batch, following)
                if self._opened > OPENED_BYTES:
                    return  # the rest is fetched again, when this has been handled
        except UnreadableError as error:
            yield self._unreadable(error, began + 1)
        if self.next_fetch_offset <= began:
            lost = UnreadableError("structure", "its offsets are not those that were asked for")
            yield self._unreadable(lost, began + 1)

    def _batch(self, batch: Batch, following: Batch | None) -> Iterator[Any]:
        if self._check_crcs and not batch.sound:
            error = UnreadableError("crc", "its checksum is not that of its content")
            yield self._unreadable(error, self._behind(batch, following), batch.timestamp)
            return
        try:
            if not self._aborted(batch) and not batch.control:
                yield from self._readable(batch)
        except UnreadableError as error:
            yield from self._rest(batch, error)
        except Exception as error:  # noqa: BLE001  # whatever a decoder finds wrong, it is not ours
            # What an error says may quote the records.
            yield from self._rest(
                batch, UnreadableError("structure", f"its records are broken: {type(error).__name__}")
            )
        self.next_fetch_offset = max(self.next_fetch_offset, batch.last + 1)

    def _readable(self, batch: Batch) -> Iterator[Any]:
        topic, partition = self._tp
        for record in self._open(batch):
            offset = record.offset
            if offset < self.next_fetch_offset:  # of a batch that begins before the offset that was asked for
                continue
            if offset > batch.last:
                raise UnreadableError("structure", "a record lies behind the end of its batch")
            self.next_fetch_offset = offset + 1
            yield Record(topic, partition, offset, record.timestamp, record.key, record.value, tuple(record.headers))

    def _open(self, batch: Batch) -> Any:
        if not batch.compressed:
            return batch.opened()
        opened, size = batch.decompressed(self._decompressor)
        self._opened += size
        return opened

    def _aborted(self, batch: Batch) -> bool:
        """Tell whether a batch is part of a transaction that came to nothing, as aiokafka does."""
        if self._isolation_level != READ_COMMITTED or batch.producer is None:
            return False
        self._consume_aborted_up_to(batch.base)
        if batch.control and self._contains_abort_marker(batch.opened()):
            self._aborted_producers.discard(batch.producer)
        return batch.transactional and batch.producer in self._aborted_producers

    def _behind(self, batch: Batch, following: Batch | None) -> int:
        """Return the next offset to be read after a batch whose own words may be wrong.

        Rather too small than too large: it is fetched again then, and found wanting again, one offset further on.
        """
        at = self.next_fetch_offset
        if following is not None and following.base > at and following.sound:
            return following.base
        if batch.regular and at <= batch.last < self._end:
            return batch.last + 1
        return at + 1

    def _rest(self, batch: Batch, error: UnreadableError) -> Iterator[Unreadable]:
        """Yield what stands for the records of a batch from here on."""
        if self.next_fetch_offset <= batch.last:
            yield self._unreadable(error, batch.last + 1, batch.timestamp, batch.base)

    def _unreadable(self, error: UnreadableError, behind: int, timestamp: int = -1, base: int = 0) -> Unreadable:
        first = max(self.next_fetch_offset, base)
        self.next_fetch_offset = max(behind, first + 1)
        topic, partition = self._tp
        return Unreadable(topic, partition, self.next_fetch_offset - 1, first, timestamp, error.fault, str(error))


def _with_following(found: Iterable[Batch]) -> Iterator[tuple[Batch, Batch | None]]:
    """Yield each batch with the one after it.

    >>> list(_with_following("abc"))
    [('a', 'b'), ('b', 'c'), ('c', None)]
    """
    before: Batch | None = None
    for batch in found:
        if before is not None:
            yield before, batch
        before = batch
    if before is not None:
        yield before, None


def _one_record() -> bytes:
    """Return a sound record batch."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 10)
    builder.append(0, 0, None, None, [])
    return bytes(builder.build())
