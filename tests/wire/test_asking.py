"""A broker that is away does not keep the others from being asked."""

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest, MetadataResponse_v1

from fairwatch.apps.embedded import free_port
from fairwatch.wire.asking import ask_any


@pytest.fixture
async def client(broker):
    made = AIOKafkaClient(bootstrap_servers=broker, request_timeout_ms=2000)
    await made.bootstrap()
    yield made
    await made.close()


def know(client: AIOKafkaClient, *ports: int) -> None:
    """Let it take brokers at these ports for its cluster."""
    brokers = [(number, "127.0.0.1", port, None) for number, port in enumerate(ports)]
    client.cluster.update_metadata(MetadataResponse_v1(brokers, 0, []))


@pytest.mark.broker
async def test_the_brokers_that_are_there_answer_for_those_that_are_not(client, broker):
    port = int(broker.rpartition(":")[2])
    for ports in ((free_port(), port), (port, free_port())):
        know(client, *ports)
        assert (await ask_any(client, MetadataRequest([]))).brokers


@pytest.mark.broker
async def test_where_none_is_there_it_says_so(client):
    know(client, free_port(), free_port())
    with pytest.raises(KafkaError):
        await ask_any(client, MetadataRequest([]))
    with pytest.raises(KafkaError, match="no broker is known"):
        await ask_any(AIOKafkaClient(bootstrap_servers="127.0.0.1:1"), MetadataRequest([]))
