"""Who leads which partition: the last broker can be made the leader of all state, and of nothing else."""

import json
from typing import Any

from tests.chaos.entry import STATE

TOOLS = "/opt/kafka/bin"
ADDRESS = "localhost:9092"


def lead_state(cluster: Any) -> None:
    """Let the last of three brokers lead the state topics, and the first two everything else."""
    broker = cluster.brokers[0].get_wrapped_container()
    plan = json.dumps({"version": 1, "partitions": placing(_described(broker))})
    _sh(broker, f"cat > /tmp/leaders.json <<'END'\n{plan}\nEND")
    moved = f"{TOOLS}/kafka-reassign-partitions.sh --bootstrap-server {ADDRESS} --reassignment-json-file"
    _sh(broker, f"{moved} /tmp/leaders.json --execute")
    elect = f"{TOOLS}/kafka-leader-election.sh --bootstrap-server {ADDRESS} --election-type preferred"
    _sh(broker, f"{elect} --all-topic-partitions")


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


def _described(broker: Any) -> list[tuple[str, int]]:
    """Return every partition of replication 3."""
    text = _sh(broker, f"{TOOLS}/kafka-topics.sh --bootstrap-server {ADDRESS} --describe")
    found = []
    for line in text.splitlines():
        words = line.replace("\t", " ").split()
        if "Partition:" in words:
            found.append((words[words.index("Topic:") + 1], int(words[words.index("Partition:") + 1])))
    return found


def _sh(broker: Any, command: str) -> str:
    code, output = broker.exec_run(["sh", "-c", f"unset KAFKA_HEAP_OPTS KAFKA_OPTS; {command}"])
    text: str = output.decode()
    if code:
        raise RuntimeError(f"{command.splitlines()[0]}: {text}")
    return text
