"""Requests of transactions whose parts the brokers add by themselves (KIP-890, `transaction.version` 2, Kafka 4.0).

Before it, a client first told the transaction's coordinator which partitions and which group a transaction was going to
hold, and a broker asked the coordinator whether that was so. Here a broker tells it when records or offsets come, which
saves two round trips of each transaction. Each end of a transaction gives the producer a new epoch, so that nothing of
an earlier one can come late. aiokafka 0.14 knows none of these versions.
"""

from io import BytesIO
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

NAME = CompactString("utf-8")
FINALIZED = 2  # the tag of what the whole cluster has agreed on
FEATURES = CompactArray(("name", NAME), ("highest", Int16), ("lowest", Int16), ("tags", TaggedFields))
CLIENT = ("fairwatch", "1")
IMPLICIT = 2
Topics = list[tuple[str, list[tuple[int, bytes]]]]


class VersionsResponseV3(Response):  # type: ignore[misc]  # aiokafka has no types
    """What a broker speaks, and among the tags what its cluster has agreed on."""

    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        ("api_versions", CompactArray(("key", Int16), ("min", Int16), ("max", Int16), ("tags", TaggedFields))),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class VersionsRequestV3(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """The first version whose answer tells what a cluster has agreed on."""

    API_KEY = 18
    API_VERSION = 3
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = VersionsResponseV3
    SCHEMA = Schema(("software", NAME), ("version", NAME), ("tags", TaggedFields))

    def parse_response_header(self, read_buffer: Any) -> Any:
        """Return the header, which is the oldest one in every version: a broker that knows less answers as well."""
        return ResponseHeader_v0.decode(read_buffer)


class Versions(Request[VersionsRequestV3]):  # type: ignore[misc]  # aiokafka has no types
    """Asks for what a cluster has agreed on."""

    API_KEY = 18

    def build(self, request_struct_class: type[VersionsRequestV3]) -> VersionsRequestV3:
        """Return the request as it goes over the wire."""
        return request_struct_class(*CLIENT, {})


class ProduceResponseV12(Response):  # type: ignore[misc]  # aiokafka has no types
    """What became of the records of each partition."""

    API_KEY = 0
    API_VERSION = 12
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic", NAME),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("offset", Int64),
                        ("timestamp", Int64),
                        ("log_start_offset", Int64),
                        ("record_errors", CompactArray(("place", Int32), ("message", NAME), ("tags", TaggedFields))),
                        ("error_message", NAME),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class ProduceRequestV12(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """The first version whose partitions a broker adds to the transaction, and the last one that names topics."""

    API_KEY = 0
    API_VERSION = 12
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = ProduceResponseV12
    SCHEMA = Schema(
        ("transactional_id", NAME),
        ("required_acks", Int16),
        ("timeout", Int32),
        (
            "topics",
            CompactArray(
                ("topic", NAME),
                ("partitions", CompactArray(("partition", Int32), ("records", CompactBytes), ("tags", TaggedFields))),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class Produce(Request[ProduceRequestV12]):  # type: ignore[misc]  # aiokafka has no types
    """Records of a transaction, by topic and partition."""

    API_KEY = 0

    def __init__(self, transactional_id: str, acks: int, timeout_ms: int, topics: Topics) -> None:
        self.required_acks = acks
        self._fields: tuple[Any, ...] = (
            transactional_id,
            acks,
            timeout_ms,
            [(topic, [(partition, records, {}) for partition, records in rows], {}) for topic, rows in topics],
            {},
        )

    def build(self, request_struct_class: type[ProduceRequestV12]) -> ProduceRequestV12:
        """Return the request as it goes over the wire."""
        return request_struct_class(*self._fields)


class EndResponseV5(Response):  # type: ignore[misc]  # aiokafka has no types
    """Under which number and epoch the producer goes on."""

    API_KEY = 26
    API_VERSION = 5
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("tags", TaggedFields),
    )


class EndRequestV5(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """The first version that gives the producer a new epoch."""

    API_KEY = 26
    API_VERSION = 5
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = EndResponseV5
    SCHEMA = Schema(
        ("transactional_id", NAME),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("committed", Boolean),
        ("tags", TaggedFields),
    )


class End(Request[EndRequestV5]):  # type: ignore[misc]  # aiokafka has no types
    """Commits a transaction, or gives it up."""

    API_KEY = 26

    def __init__(self, transactional_id: str, pid: int, epoch: int, *, committed: bool) -> None:
        self._fields: tuple[Any, ...] = (transactional_id, pid, epoch, committed, {})

    def build(self, request_struct_class: type[EndRequestV5]) -> EndRequestV5:
        """Return the request as it goes over the wire."""
        return request_struct_class(*self._fields)


async def adds_by_itself(client: Any) -> bool:
    """Return whether the cluster of a client adds to a transaction what comes under its id.

    Raises:
        KafkaError: The broker does not answer.
    """
    try:
        response = await client.send(client.get_random_node(), Versions())
    except NotImplementedError:  # what aiokafka says where the broker has no such version
        return False
    return agreed(response.tags).get("transaction.version", 0) >= IMPLICIT


def agreed(tags: dict[int, bytes]) -> dict[str, int]:
    """Return the level of each feature that a cluster has agreed on.

    >>> agreed({2: bytes([2, 4]) + b"abc" + bytes([0, 2, 0, 1, 0])}), agreed({})
    ({'abc': 2}, {})
    """
    if FINALIZED not in tags:
        return {}
    rows: list[Any] = FEATURES.decode(BytesIO(tags[FINALIZED])) or []
    return {name: highest for name, highest, _, _ in rows}
