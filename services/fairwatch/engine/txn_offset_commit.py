"""The request that commits offsets within a transaction as KIP-447 has it: with the group's generation and member.

aiokafka 0.14 knows the first version only, which says nothing of who commits: a worker that stood still while the group
gave its partitions away could still commit with it. A broker refuses what comes from an old generation (Kafka 2.5).
"""

from typing import Any, NamedTuple

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

NAME = CompactString("utf-8")
EXPLICIT = 4  # the last version whose sender has added the group to the transaction
Offsets = dict[str, list[tuple[int, int, str]]]


class Membership(NamedTuple):
    """Who we are in the group since the last rebalance.

    Attributes:
        instance: Of a static member; None otherwise.
    """

    group: str
    generation: int
    member: str
    instance: str | None = None


class ResponseV3(Response):  # type: ignore[misc]  # aiokafka has no types
    """An error for each partition, 0 for none."""

    API_KEY = 28
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", NAME),
                (
                    "partitions",
                    CompactArray(("partition", Int32), ("error_code", Int16), ("tags", TaggedFields)),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class RequestV3(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """Protocol version 3, the first with the group's generation."""

    API_KEY = 28
    API_VERSION = 3
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = ResponseV3
    SCHEMA = Schema(
        ("transactional_id", NAME),
        ("group_id", NAME),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", NAME),
        ("group_instance_id", NAME),
        (
            "topics",
            CompactArray(
                ("name", NAME),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", NAME),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class ResponseV5(ResponseV3):
    """As before."""

    API_VERSION = 5


class RequestV5(RequestV3):
    """The first version whose group a broker adds to the transaction by itself; else as before."""

    API_VERSION = 5
    RESPONSE_TYPE = ResponseV5


class TxnOffsetCommit(Request[RequestV3 | RequestV5]):  # type: ignore[misc]  # aiokafka has no types
    """The offsets that take effect with a transaction, and who says so.

    Args:
        offsets: Partition, next offset and metadata, by topic.
        implicit: The broker is to add the group to the transaction; else it was added before.
    """

    API_KEY = 28

    def __init__(
        self, transactional_id: str, pid: int, epoch: int, who: Membership, offsets: Offsets, *, implicit: bool = False
    ) -> None:
        self._implicit = implicit
        self._fields: tuple[Any, ...] = (
            transactional_id,
            who.group,
            pid,
            epoch,
            who.generation,
            who.member,
            who.instance,
            [
                (topic, [(partition, offset, -1, metadata, {}) for partition, offset, metadata in rows], {})
                for topic, rows in offsets.items()
            ],
            {},
        )

    def prepare(self, versions: dict[int, tuple[int, int]]) -> Any:
        """Return the request as it goes to a broker that speaks these versions."""
        lowest, highest = versions.get(self.API_KEY, (0, 0))
        return super().prepare({self.API_KEY: (lowest, highest if self._implicit else min(highest, EXPLICIT))})

    def build(self, request_struct_class: type[RequestV3]) -> RequestV3:
        """Return the request as it goes over the wire."""
        return request_struct_class(*self._fields)


def errors(response: Any) -> list[tuple[str, int, int]]:
    """Return topic, partition and error code of each partition."""
    return [(topic, partition, code) for topic, rows, _ in response.topics for partition, code, _ in rows]
