"""Asks a cluster something that each of its brokers can answer."""

from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError


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
