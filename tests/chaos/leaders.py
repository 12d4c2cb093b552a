"""Who leads which partition: the last broker can be made the leader of all state, and of nothing else."""

from contextlib import closing
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from tests.chaos.entry import STATE

PREFERRED = 0
MOVED_MS = 30_000


def lead_state(bootstrap: str) -> None:
    """Let the last of three brokers lead the state topics, and the first two everything else."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        placed = placing(_partitions(admin.describe_topics()))
        wanted = {TopicPartition(each["topic"], each["partition"]): each["replicas"] for each in placed}
        refused = {
            place: error for place, error in admin.alter_partition_reassignments(wanted, MOVED_MS).items() if error
        }
        if refused:
            raise RuntimeError(f"{len(refused)} partitions keep their leaders: {next(iter(refused.items()))}")
        admin.elect_leaders(PREFERRED, timeout_ms=MOVED_MS, raise_errors=False)  # what is led as wanted is refused


def placing(partitions: list[tuple[str, int]]) -> list[dict[str, Any]]:
    """Return where each partition's three replicas are, the preferred leader first.

    >>> [each["replicas"] for each in placing([("group-state", 0), ("alerts", 0), ("alerts", 1)])]
    [[3, 1, 2], [1, 2, 3], [2, 1, 3]]
    """
    return [
        {"topic": topic, "partition": number, "replicas": [3, 1, 2] if STATE in topic else _others(number)}
        for topic, number in partitions
    ]


def _others(number: int) -> list[int]:
    return [2, 1, 3] if number % 2 else [1, 2, 3]


def _partitions(topics: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return every partition of replication 3."""
    every = [(topic["name"], each) for topic in topics for each in topic["partitions"]]
    return [(name, each["partition_index"]) for name, each in every if len(each["replica_nodes"]) == 3]
