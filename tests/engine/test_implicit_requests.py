"""Transactions whose parts the brokers add by themselves: what goes over the wire, and what the answers mean."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ConcurrentTransactions, MessageSizeTooLargeError, ProducerFenced
from aiokafka.protocol.api import RequestHeader_v2
from aiokafka.structs import OffsetAndMetadata

from fairwatch.engine.fenced_producer import FencedOffsets, FencedProducer, ImplicitEnd, ImplicitRecords
from fairwatch.engine.implicit_requests import (
    EndRequestV5,
    EndResponseV5,
    ProduceRequestV12,
    ProduceResponseV12,
    VersionsRequestV3,
    VersionsResponseV3,
    adds_by_itself,
)
from fairwatch.engine.txn_offset_commit import Membership

US = Membership("group", 7, "us")
IN, OUT = TopicPartition("in", 3), TopicPartition("out", 1)
AGREED = bytes([2, 20]) + b"transaction.version" + bytes([0, 2, 0, 0, 0])  # one feature: between levels 0 and 2


class Client:
    """Answers one request for what its cluster has agreed on."""

    def __init__(self, tags: bytes, highest: int = 4) -> None:
        self._tags = tags
        self._highest = highest

    def get_random_node(self) -> int:
        return 1

    async def send(self, node: int, request: Any) -> Any:
        assert node == 1
        sent = request.prepare({18: (0, self._highest)})
        assert isinstance(sent.build_request_header(1, "us"), RequestHeader_v2), "its fields are of the flexible kind"
        assert VersionsRequestV3.decode(sent.encode()).software == "fairwatch"
        return VersionsResponseV3.decode(bytes([0, 0, 1, 0, 0, 0, 0]) + self._tags)


async def test_a_cluster_says_whether_it_adds_to_transactions_what_comes():
    assert await adds_by_itself(Client(bytes([1, 2, len(AGREED)]) + AGREED))


async def test_a_cluster_that_has_not_agreed_on_it_or_never_heard_of_it_does_not():
    earlier = AGREED[:-4] + bytes([1, 0, 0, 0])
    assert not await adds_by_itself(Client(bytes([1, 2, len(earlier)]) + earlier))
    assert not await adds_by_itself(Client(bytes([0])))
    assert not await adds_by_itself(Client(bytes([0]), highest=2))


class Batch:
    """A record batch, and what it was told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def get_data_buffer(self) -> bytes:
        return b"records"

    def done(self, *told: Any) -> None:
        self.heard.append(told)

    def failure(self, exception: Exception) -> None:
        self.heard.append(exception)


@pytest.fixture
async def producer() -> AsyncIterator[FencedProducer]:
    """Give a producer, number 5 in epoch 2, of a cluster that adds by itself; it was not started."""
    found = FencedProducer(transactional_id="probe-0", bootstrap_servers="127.0.0.1:1", acks="all")
    found._txn_manager.set_pid_and_epoch(5, 2)
    found._sender.implicit = True
    yield found
    await found.stop()


def answer(code: int) -> Any:
    rows = [(1, code, 41, -1, 0, [], None, {})]
    return ProduceResponseV12.decode(ProduceResponseV12([("out", rows, {})], 0, {}).encode())


async def test_records_name_their_transaction_and_nothing_is_asked_before(producer):
    await producer.begin_transaction()
    producer._sender.begin(US)
    producer._txn_manager.maybe_add_partition_to_txn(OUT)
    assert producer._sender._maybe_do_transactional_request() is None
    assert producer._txn_manager.txn_partitions == {OUT}
    request = ImplicitRecords(producer._sender, {OUT: Batch()}).create_request()
    sent = ProduceRequestV12.decode(request.build(ProduceRequestV12).encode())
    assert (sent.transactional_id, sent.required_acks) == ("probe-0", -1)
    assert sent.topics == [("out", [(1, b"records", {})], {})]


async def test_offsets_go_without_asking_for_their_group_in_the_version_that_adds_it(producer):
    await producer.begin_transaction()
    producer._sender.begin(US)
    producer._txn_manager.add_offsets_to_txn({IN: OffsetAndMetadata(41, "")}, "group").cancel()
    sending = producer._sender._maybe_do_transactional_request()
    assert sending.get_coro().__name__ == "_do_txn_offset_commit"
    sending.cancel()
    request = FencedOffsets(producer._sender, {IN: OffsetAndMetadata(41, "")}, "group").create_request()
    assert request.prepare({28: (0, 5)}).API_VERSION == 5
    producer._sender.implicit = False
    request = FencedOffsets(producer._sender, {IN: OffsetAndMetadata(41, "")}, "group").create_request()
    assert request.prepare({28: (0, 5)}).API_VERSION == 3


async def test_records_that_a_broker_took_lie_where_it_says(producer):
    batch = Batch()
    ImplicitRecords(producer._sender, {OUT: batch}).handle_response(answer(0))
    assert batch.heard == [(41, -1, 0)]


async def test_records_come_again_while_the_coordinator_is_busy_and_not_when_they_are_refused(producer):
    batch = Batch()
    sending = ImplicitRecords(producer._sender, {OUT: batch})
    sending.handle_response(answer(ConcurrentTransactions.errno))
    assert (batch.heard, sending._to_reenqueue) == ([], [batch])
    ImplicitRecords(producer._sender, {OUT: batch}).handle_response(answer(MessageSizeTooLargeError.errno))
    assert isinstance(batch.heard[0], MessageSizeTooLargeError)


async def test_a_producer_goes_on_under_the_epoch_that_the_end_of_its_transaction_gave_it(producer):
    await producer.begin_transaction()
    manager = producer._txn_manager
    manager.increment_sequence_number(OUT, 9)
    manager.committing_transaction()
    ending = ImplicitEnd(producer._sender, 1)
    sent = EndRequestV5.decode(ending.create_request().build(EndRequestV5).encode())
    assert (sent.transactional_id, sent.producer_id, sent.producer_epoch, sent.committed) == ("probe-0", 5, 2, True)
    assert ending.handle_response(EndResponseV5(0, ConcurrentTransactions.errno, -1, -1, {})) > 0
    assert (manager.producer_epoch, manager.sequence_number(OUT)) == (2, 9)
    assert ending.handle_response(EndResponseV5(0, 0, 5, 3, {})) is None
    assert (manager.producer_id, manager.producer_epoch, manager.sequence_number(OUT)) == (5, 3, 0)


async def test_who_was_fenced_does_not_go_on(producer):
    await producer.begin_transaction()
    producer._txn_manager.committing_transaction()
    with pytest.raises(ProducerFenced):
        ImplicitEnd(producer._sender, 1).handle_response(SimpleNamespace(error_code=47))
    assert producer._txn_manager.producer_epoch == 2
