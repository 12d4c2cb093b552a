"""A coordinator that does not say how far a group has come is asked again; it is not taken for one of a new group."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    NotCoordinatorError,
)
from aiokafka.protocol.commit import OffsetFetchRequest, OffsetFetchResponse_v1, OffsetFetchResponse_v3

from fairwatch.engine.open_consumer import OpenConsumer, heed
from fairwatch.engine.private_names import coordinator_of

PASSING = (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError)


@pytest.mark.broker
async def test_who_has_come_somewhere_never_hears_that_it_has_not(
    broker: str, topic_prefix: str, make_topics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tp = TopicPartition(f"{make_topics('observations')}observations", 0)
    send, troubles = AIOKafkaClient.send, list[int]()

    async def troubled(client: AIOKafkaClient, node_id: int, request: Any, **options: Any) -> Any:
        if isinstance(request, OffsetFetchRequest) and troubles:
            return OffsetFetchResponse_v3(0, [], troubles.pop())
        return await send(client, node_id, request, **options)

    monkeypatch.setattr(AIOKafkaClient, "send", troubled)
    consumer = OpenConsumer(group_id=f"{topic_prefix}group", bootstrap_servers=broker, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([tp])
        await consumer.commit({tp: 5})
        troubles += [error.errno for error in PASSING]
        found = await asyncio.wait_for(coordinator_of(consumer).fetch_committed_offsets([tp]), 20)
    finally:
        await consumer.stop()
    assert ({at: row.offset for at, row in found.items()}, troubles) == ({tp: 5}, [])


def test_what_does_not_pass_is_told() -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        heed(OffsetFetchResponse_v3(0, [], GroupAuthorizationFailedError.errno))
    heed(OffsetFetchResponse_v3(0, [], 0))
    heed(OffsetFetchResponse_v1([]))
