"""aiokafka's transactional producer, whose offsets are refused once the group has given our partitions away."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import CoordinationType
from aiokafka.errors import (
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
    RequestTimedOutError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.producer.sender import EndTxnHandler, Sender, SendProduceReqHandler, TxnOffsetCommitHandler
from aiokafka.structs import OffsetAndMetadata

from fairwatch.engine.implicit_requests import End, Produce, adds_by_itself
from fairwatch.engine.private_names import forget_coordinator, go_on_as, is_sent, options_of, transaction_of
from fairwatch.engine.txn_offset_commit import Membership, Offsets, TxnOffsetCommit, errors

MOVED = (CoordinatorNotAvailableError, NotCoordinatorError, RequestTimedOutError)
LATER = (ConcurrentTransactions, CoordinatorLoadInProgressError, UnknownTopicOrPartitionError)


class FencedProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """A producer of transactions; `commit_offsets` in place of `send_offsets_to_transaction`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        old: Any = self._sender
        self._sender: FencedSender = FencedSender(
            self.client,
            txn_manager=self._txn_manager,
            message_accumulator=self._message_accumulator,
            **options_of(old),
        )

    async def begin(self, who: Membership) -> None:
        """Begin a transaction that will hold offsets of a group.

        Args:
            who: In which generation of the group we got our partitions.
        """
        await self.begin_transaction()
        self._sender.begin(who)

    async def commit_offsets(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        """Let offsets, each with a note, take effect with the transaction; call it once all records are acknowledged.

        Raises:
            KafkaError: The group knows somebody else by now, or the transaction cannot go on.
        """
        rows = {tp: OffsetAndMetadata(offset, note) for tp, (offset, note) in offsets.items()}
        await asyncio.shield(self._txn_manager.add_offsets_to_txn(rows, self._sender.who.group))


class FencedSender(Sender):  # type: ignore[misc]
    """Sends offsets with the group's generation.

    Attributes:
        implicit: The brokers add partitions and the group to a transaction by themselves.
    """

    who: Membership
    implicit = False
    _group_is_missing = False

    async def start(self) -> None:
        """Ask how transactions are made here, then start."""
        self.implicit = await adds_by_itself(self.client)
        await super().start()

    def begin(self, who: Membership) -> None:
        """Add the group to the transaction before anything is sent.

        A broker checks a transaction when its records come and again when its offsets do, and refuses them for a moment
        while the coordinator is busy with another part of it (KIP-890). aiokafka does all of it at once: every fourth
        transaction waited for a second try. Here it is one thing after the other: group, partitions, records, offsets.
        """
        self.who = who
        self._group_is_missing = not self.implicit

    def _maybe_do_transactional_request(self) -> Any:
        if self.implicit:
            self._nothing_to_add()
        if self._group_is_missing:
            self._group_is_missing = False
            return asyncio.ensure_future(self._add_group())
        return super()._maybe_do_transactional_request()

    def _nothing_to_add(self) -> None:
        manager = transaction_of(self)
        for tp in list(manager.partitions_to_add()):
            manager.partition_added(tp)
        if manager.consumer_group_to_add() is not None:
            manager.consumer_group_added(self.who.group)

    async def _send_produce_req(self, node_id: int, batches: Any) -> None:
        if not self.implicit:
            await super()._send_produce_req(node_id, batches)
            return
        await ImplicitRecords(self, batches).do(node_id)
        is_sent(self, node_id, batches)

    async def _do_txn_commit(self, commit_result: Any) -> None:
        if not self.implicit:
            await super()._do_txn_commit(commit_result)
            return
        node = await self._find_coordinator(CoordinationType.TRANSACTION, transaction_of(self).transactional_id)
        await ImplicitEnd(self, commit_result).do(node)

    async def _add_group(self) -> None:
        while not await self._do_add_offsets_to_txn(self.who.group):
            """Again: it has paused."""

    async def _do_txn_offset_commit(self, offsets: Any, group_id: str) -> None:
        if offsets:
            node = await self._find_coordinator(CoordinationType.GROUP, group_id)
            await FencedOffsets(self, offsets, group_id).do(node)


class FencedOffsets(TxnOffsetCommitHandler):  # type: ignore[misc]
    """One request; what refuses it for good fails the transaction, and the producer with it."""

    def create_request(self) -> TxnOffsetCommit:
        """Return the request."""
        manager = transaction_of(self._sender)
        rows: Offsets = defaultdict(list)
        for tp, offset in sorted(self._offsets.items()):
            rows[tp.topic].append((tp.partition, offset.offset, offset.metadata))
        return TxnOffsetCommit(
            manager.transactional_id,
            manager.producer_id,
            manager.producer_epoch,
            self._sender.who,
            dict(rows),
            implicit=self._sender.implicit,
        )

    def handle_response(self, response: Any) -> float | None:
        """Return the pause before the next try, None when there is none."""
        manager = transaction_of(self._sender)
        for topic, partition, code in errors(response):
            error = for_code(code)
            if error in MOVED:
                forget_coordinator(self._sender, CoordinationType.GROUP)
                return float(self._default_backoff)
            if error in LATER:
                return float(self._default_backoff)
            if code:
                raise error(f"offset of {topic}-{partition} in a transaction: {error.__name__}")
            tp = TopicPartition(topic, partition)
            manager.offset_committed(tp, self._offsets[tp].offset, self._group_id)
        return None


class ImplicitRecords(SendProduceReqHandler):  # type: ignore[misc]
    """One request with records of several partitions."""

    def create_request(self) -> Produce:
        """Return the request."""
        topics: defaultdict[str, list[tuple[int, bytes]]] = defaultdict(list)
        for tp, batch in self._batches.items():
            topics[tp.topic].append((tp.partition, batch.get_data_buffer()))
        acks, _, timeout_ms = options_of(self._sender).values()
        return Produce(transaction_of(self._sender).transactional_id, acks, timeout_ms, list(topics.items()))

    def handle_response(self, response: Any) -> None:
        """Tell each batch what became of it."""
        super().handle_response(Untagged(response))

    def _can_retry(self, error: Any, batch: Any) -> bool:
        return isinstance(error, ConcurrentTransactions) or bool(super()._can_retry(error, batch))


class Untagged:
    """An answer as aiokafka knows it: without the fields that later versions added."""

    API_VERSION = 8

    def __init__(self, response: Any) -> None:
        self.topics = [(topic, [row[:7] for row in rows]) for topic, rows, _ in response.topics]


class ImplicitEnd(EndTxnHandler):  # type: ignore[misc]
    """Ends a transaction, after which the producer goes on under another epoch.

    A broker that is asked again, since its answer was lost, knows that by the old epoch, and answers as before.
    """

    def create_request(self) -> End:
        """Return the request."""
        manager = transaction_of(self._sender)
        return End(
            manager.transactional_id, manager.producer_id, manager.producer_epoch, committed=bool(self._commit_result)
        )

    def handle_response(self, response: Any) -> float | None:
        """Return the pause before the next try, None when there is none."""
        pause_s: float | None = super().handle_response(response)
        if response.error_code == 0:
            go_on_as(transaction_of(self._sender), response.producer_id, response.producer_epoch)
        return pause_s
