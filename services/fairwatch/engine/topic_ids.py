"""Asks a broker for the ids of topics: one that was deleted and made anew bears the old one's name, but not its id.

aiokafka 0.14 knows the request up to version 5; ids came with version 10 (Kafka 2.8).
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

UUID_BYTES = 16
NO_ID = bytes(UUID_BYTES)
NAME = CompactString("utf-8")
NUMBERS = CompactArray(Int32)


class Uuid:
    """Sixteen bytes, as a type of the protocol."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        """Return the bytes."""
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        """Return the bytes."""
        return data.read(UUID_BYTES)


class ResponseV10(Response):  # type: ignore[misc]  # aiokafka has no types
    """Brokers and topics."""

    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(("node_id", Int32), ("host", NAME), ("port", Int32), ("rack", NAME), ("tags", TaggedFields)),
        ),
        ("cluster_id", NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", NAME),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", NUMBERS),
                        ("isr", NUMBERS),
                        ("offline", NUMBERS),
                        ("tags", TaggedFields),
                    ),
                ),
                ("operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("operations", Int32),
        ("tags", TaggedFields),
    )


class RequestV10(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """Protocol version 10, the first whose answer has ids."""

    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = ResponseV10
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Uuid), ("name", NAME), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicsWithIds(Request[RequestV10]):  # type: ignore[misc]  # aiokafka has no types
    """What a broker knows of topics, ids included."""

    API_KEY = 3

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics: list[tuple[bytes, str, dict[int, bytes]]] = [(NO_ID, topic, {}) for topic in topics]

    def build(self, request_struct_class: type[RequestV10]) -> RequestV10:
        """Return the request as it goes over the wire."""
        return request_struct_class(self._topics, False, False, False, {})


async def topic_ids(client: Any, topics: Iterable[str]) -> dict[str, str]:
    """Return the id of each topic that is there; nothing from a broker that knows no ids.

    Args:
        client: aiokafka's.
        topics: Full names.

    Raises:
        KafkaError: The broker does not answer.
    """
    try:
        response = await client.send(client.get_random_node(), TopicsWithIds(sorted(topics)))
    except NotImplementedError:  # what aiokafka says where the broker has no such version
        return {}
    found = {row[1]: row[2] for row in response.topics if row[0] == 0}
    return {topic: text(number) for topic, number in found.items() if number != NO_ID}


def text(number: bytes) -> str:
    """Return an id as Kafka's tools print it.

    >>> text(bytes(range(16)))
    'AAECAwQFBgcICQoLDA0ODw'
    """
    return urlsafe_b64encode(number).decode().rstrip("=")
