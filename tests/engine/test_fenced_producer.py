"""What goes over the wire so that a broker can refuse who lost its partitions, and what its answers mean."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
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
