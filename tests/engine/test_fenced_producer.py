"""What goes over the wire so that a broker can refuse who lost its partitions, and what its answers mean."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import CoordinationType
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    IllegalGenerationError,
    InvalidProducerEpoch,
    KafkaConnectionError,
    NotCoordinatorError,
    RequestTimedOutError,
    UnknownMemberIdError,
    UnknownTopicOrPartitionError,
)
from aiokafka.producer.sender import Sender
from aiokafka.structs import OffsetAndMetadata

from fairwatch.engine.fenced_producer import FencedOffsets, FencedProducer
from fairwatch.engine.ownership import shut_out
from fairwatch.engine.topic_ids import NO_ID, RequestV10, ResponseV10, TopicsWithIds, topic_ids
from fairwatch.engine.txn_offset_commit import Membership, RequestV3

IN = TopicPartition("in", 3)
US = Membership("group", 7, "us", "static-1")
NOWHERE = {"bootstrap_servers": "127.0.0.1:1"}


@pytest.fixture
async def offsets() -> AsyncIterator[FencedOffsets]:
    """Give the request of one producer that was not started."""
    producer = FencedProducer(transactional_id="probe-0", **NOWHERE)
    producer._sender.who = US
    rows = {IN: OffsetAndMetadata(41, "us 9 id")}
    manager = producer._txn_manager
    manager._pending_txn_offsets.append(("group", dict(rows), asyncio.get_running_loop().create_future()))
    yield FencedOffsets(producer._sender, rows, "group")
    await producer.stop()


def answer(error: type[Exception] | None) -> Any:
    return SimpleNamespace(topics=[("in", [(3, getattr(error, "errno", 0), {})], {})])


async def test_offsets_of_a_transaction_say_in_which_generation_of_the_group_who_got_its_partitions(offsets):
    sent = RequestV3.decode(offsets.create_request().build(RequestV3).encode())
    assert (sent.transactional_id, sent.group_id) == ("probe-0", "group")
    assert (sent.generation_id, sent.member_id, sent.group_instance_id) == (7, "us", "static-1")
    assert sent.topics == [("in", [(3, 41, -1, "us 9 id", {})], {})]


@pytest.mark.parametrize("error", [CoordinatorNotAvailableError, NotCoordinatorError, RequestTimedOutError])
async def test_a_coordinator_that_has_moved_is_looked_for(offsets, monkeypatch, error):
    lost: list[Any] = []
    monkeypatch.setattr(offsets._sender, "_coordinator_dead", lost.append)
    assert offsets.handle_response(answer(error)) > 0
    assert len(lost) == 1


async def test_offsets_that_a_broker_took_are_waited_for_no_longer(offsets):
    manager = offsets._sender._txn_manager
    [(_, _, taken)] = manager._pending_txn_offsets
    assert offsets.handle_response(answer(None)) is None
    assert taken.done()
    assert not manager._pending_txn_offsets


@pytest.mark.parametrize("error", [CoordinatorLoadInProgressError, UnknownTopicOrPartitionError])
async def test_a_coordinator_that_is_not_ready_is_asked_again(offsets, error):
    assert offsets.handle_response(answer(error)) > 0


@pytest.mark.parametrize("error", [IllegalGenerationError, UnknownMemberIdError, InvalidProducerEpoch])
async def test_who_lost_its_partitions_hears_so(offsets, error):
    with pytest.raises(error, match="offset of in-3 in a transaction"):
        offsets.handle_response(answer(error))


async def test_a_broker_that_is_away_shuts_nobody_out():
    with pytest.raises(KafkaConnectionError):
        await shut_out({"them"}, NOWHERE)


class Client:
    """Answers one request."""

    def __init__(self, *topics: tuple[int, str, bytes]) -> None:
        self._topics = [(code, name, number, False, [], 0, {}) for code, name, number in topics]
        self.asked: Any = None

    def get_random_node(self) -> int:
        return 1

    async def send(self, node: int, request: TopicsWithIds) -> Any:
        assert node == 1
        self.asked = RequestV10.decode(request.build(RequestV10).encode())
        return ResponseV10.decode(ResponseV10(0, [(1, "host", 9092, None, {})], "c", 1, self._topics, 0, {}).encode())


async def test_topics_that_are_there_have_ids():
    client = Client((0, "in", bytes(range(16))), (3, "gone", NO_ID), (0, "old", NO_ID))
    assert await topic_ids(client, {"in", "gone", "old"}) == {"in": "AAECAwQFBgcICQoLDA0ODw"}
    assert [row[1] for row in client.asked.topics] == ["gone", "in", "old"]
    assert client.asked.allow_auto_topic_creation is False


async def test_a_broker_that_knows_no_ids_has_none():
    class Old(Client):
        async def send(self, node: int, request: TopicsWithIds) -> Any:
            return request.prepare({3: (0, 9)})

    assert await topic_ids(Old(), {"in"}) == {}


@pytest.fixture
async def producer() -> AsyncIterator[FencedProducer]:
    """Give a producer that was not started."""
    found = FencedProducer(transactional_id="probe-0", **NOWHERE)
    yield found
    await found.stop()


async def test_the_group_joins_a_transaction_before_anything_is_sent_however_often_that_takes(producer, monkeypatch):
    sender, order, answers = producer._sender, [], [False, True]

    async def add(group: str) -> bool:
        order.append(group)
        return answers.pop(0)

    async def begun() -> None:
        order.append("begun")

    monkeypatch.setattr(sender, "_do_add_offsets_to_txn", add)
    monkeypatch.setattr(producer, "begin_transaction", begun)
    monkeypatch.setattr(Sender, "_maybe_do_transactional_request", lambda _: order.append("records"))
    sender._maybe_do_transactional_request()
    await producer.begin(US)
    await sender._maybe_do_transactional_request()
    sender._maybe_do_transactional_request()
    assert order == ["records", "begun", "group", "group", "records"]


async def test_offsets_go_with_their_notes_to_the_group_that_began_the_transaction(producer, monkeypatch):
    added: list[Any] = []

    def add(rows: Any, group: str) -> Any:
        added.append((rows, group))
        return asyncio.sleep(0)

    producer._sender.begin(US)
    monkeypatch.setattr(producer._txn_manager, "add_offsets_to_txn", add)
    await producer.commit_offsets({IN: (41, "us 9 id")})
    assert added == [({IN: OffsetAndMetadata(41, "us 9 id")}, "group")]


async def test_offsets_are_sent_to_the_coordinator_of_the_group_and_only_where_there_are_some(producer, monkeypatch):
    asked: list[Any] = []

    async def find(kind: Any, name: str) -> int:
        asked.append((kind, name))
        return 5

    async def send(self: FencedOffsets, node: int) -> bool:
        asked.append((node, self._offsets))
        return True

    monkeypatch.setattr(producer._sender, "_find_coordinator", find)
    monkeypatch.setattr(FencedOffsets, "do", send)
    await producer._sender._do_txn_offset_commit({}, "group")
    assert asked == []
    rows = {IN: OffsetAndMetadata(41, "")}
    await producer._sender._do_txn_offset_commit(rows, "group")
    assert asked == [(CoordinationType.GROUP, "group"), (5, rows)]
