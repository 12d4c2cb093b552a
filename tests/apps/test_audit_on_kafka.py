"""The console's index reads the audit log from a real broker: to its end, on from there, and single records."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fairwatch.apps.audit_desk import KafkaLog
from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.kafka import producer
from fairwatch.apps.settings import Settings
from fairwatch.policy.audit_chain import Head, link
from tests.support.records import audit_record

pytestmark = pytest.mark.broker


def came(log: KafkaLog, offsets: dict[int, int]) -> list[Any]:
    found = log.after(offsets)
    assert found is not None
    records = list(found.records)
    assert found.starts == {0: offsets.get(0, 0)}
    assert found.ends == {0: offsets.get(0, 0) + len(records)}
    return records


async def test_the_log_is_read_on_from_where_it_was_read_to(broker: str, topic_prefix: str, tmp_path: Path) -> None:
    settings = Settings(
        kafka_bootstrap=broker, topic_prefix=topic_prefix, embedded=True, max_partitions=1, config_dir=tmp_path,
        redis_url=SecretStr("redis://127.0.0.1:1"),
    )  # fmt: skip
    make_topics(settings)
    log, head = KafkaLog(settings), Head()
    assert came(log, {}) == []
    async with producer(settings, "audit") as publisher:
        for number in range(5):
            record = link(audit_record(number), "audit-0", head)
            head = Head(record["sequence"], record["hash"])
            await publisher.publish("audit-chain", "audit-0", record)
    read = came(log, {})
    assert [(place, record["sequence"]) for place, record in read] == [((0, n), n + 1) for n in range(5)]
    assert [record["sequence"] for _, record in came(log, {0: 3})] == [4, 5]
    assert [record["sequence"] for record in log.at([(0, 4), (0, 1), (0, 77)])] == [5, 2]
    assert log.after({0: 9}) is None
