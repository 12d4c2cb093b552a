"""Asks a cluster something that each of its brokers can answer."""

from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.metadata import MetadataRequest

from fairwatch.domain.errors import ConfigurationError


async def ask_any(client: AIOKafkaClient, question: Any) -> Any:
    """Return the answer of the first broker that gives one; `client` has bootstrapped.

    Raises:
        KafkaError: None does; of the last that was asked.
    """
    failed: KafkaError = KafkaConnectionError("no broker is known")
    for broker in client.cluster.brokers():
        try:
            return await client.send(broker.nodeId, question)
        except KafkaError as error:
            failed = error
    raise failed


async def partitions_of(client: AIOKafkaClient, topic: str) -> set[int]:
    """Return the partitions of a topic, none where there is no such topic; no broker makes one because of the question.

    Raises:
        ConfigurationError: Our user may not know of it.
        KafkaError: No broker answers.
    """
    # Of all topics, of which there may be thousands, an answer takes long.
    question = MetadataRequest([topic], allow_auto_topic_creation=False)
    [(code, _, _, partitions)] = (await ask_any(client, question)).topics
    if code == TopicAuthorizationFailedError.errno:
        raise ConfigurationError(f"topic {topic}: the broker does not let our user know of it")
    return {number for _, number, *_ in partitions}
