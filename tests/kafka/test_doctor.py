"""`fairwatch doctor` on Apache Kafka."""

import asyncio
import re
import time
from contextlib import closing

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from pydantic import SecretStr

from fairwatch import __version__
from fairwatch.apps import doctor, doctor_kafka, kafka
from fairwatch.apps.embedded import start_valkey
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import apply, differences
from fairwatch.apps.topics_acls import access_differences, apply_access
from fairwatch.stores.health import Health
from tests.kafka.secured import secured_fixture  # noqa: F401
from tests.kafka.test_secured_access import PATTERN, settled
from tests.support.kafka_cluster import one_broker

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def parts():
    """Give the addresses of a broker and of a Redis."""
    with one_broker() as broker, start_valkey() as redis:
        yield broker.address, redis.address


@pytest.fixture
def settings(parts, topic_prefix):
    """Give settings under a prefix of their own, with all topics."""
    broker, redis = parts
    found = Settings(
        kafka_bootstrap=broker, redis_url=SecretStr(redis), max_partitions=2, topic_prefix=topic_prefix
    )  # fmt: skip
    with closing(kafka.admin(found)) as admin:
        apply(admin, differences(admin, topic_prefix, 2), topic_prefix, 2)
    return found


async def test_all_is_well(settings):
    found = {one.what: one async for one in doctor.examine(settings)}
    for name in ("broker", "version", "registry", "groups", "clocks", "redis"):
        assert found[name].level == "good", found[name]
    assert (found["access"].level, "whoever reaches Kafka can write" in found["access"].seen) == ("bad", True)
    assert "Kafka 4.0 or newer" in found["version"].seen
    assert re.match(r"the broker and \d components agree", found["clocks"].seen)


async def test_what_differs_is_named_with_what_to_do(settings, topic_prefix):
    alerts = f"{topic_prefix}alerts"
    with closing(kafka.admin(settings)) as admin:
        admin.create_topics({f"{topic_prefix}sdk-test": {"num_partitions": 1, "replication_factor": 1}})
        admin.delete_topics([alerts])
        few = {"num_partitions": 1, "replication_factor": 1, "configs": {"cleanup.policy": "delete"}}
        for _ in range(50):
            if alerts not in admin.list_topics():
                break
            await asyncio.sleep(0.1)
        admin.create_topics({alerts: few})
    found = await doctor._broker(settings)
    assert found.level == "warning"
    assert f"{alerts}: by hand partitions 1 to 2; {alerts}: set cleanup.policy delete to compact,delete" in found.seen
    assert found.advice.startswith("fairwatch topics apply: keys leave")


async def test_strangers_in_our_groups_are_seen(settings, topic_prefix):
    async def member(client, group):
        options = {"bootstrap_servers": settings.kafka_bootstrap, "client_id": client, "group_id": topic_prefix + group}
        shares = {"partition_assignment_strategy": [RangePartitionAssignor]}
        consumer = AIOKafkaConsumer(f"{topic_prefix}observations", **options, **shares)
        await consumer.start()
        return consumer

    health = Health(settings.redis_url.get_secret_value())
    await health.heartbeat("enrich", "ours", {"ready": True, "at": time.time_ns() // 1000})
    members = [await member(f"ours@{__version__}", "fairwatch-enrich"), await member("x", "fairwatch-gone")]
    try:
        found = await doctor_kafka.groups(settings)
        assert (found.level, found.seen) == ("warning", f"of no processor: {topic_prefix}fairwatch-gone")
        members += [await member(f"theirs@{__version__}", "fairwatch-group")]
        found = await doctor_kafka.groups(settings)
    finally:
        await asyncio.gather(*(consumer.stop() for consumer in members), health.close())
    assert found.level == "bad"
    assert "not of this release: theirs" in found.seen
    assert "two releases on the same topics" in found.advice


async def test_a_broker_whose_clock_is_ten_minutes_off_is_told_from_ours(settings, monkeypatch):
    ours = time.time
    for wrong, word in ((-600, "ahead"), (600, "behind")):
        with monkeypatch.context() as patch:
            patch.setattr(doctor_kafka.time, "time", lambda wrong=wrong: ours() + wrong)
            found = await doctor_kafka._broker_ahead(settings)
        assert 599 < abs(found) < 602, found
        assert (found > 0) == (word == "ahead")


async def test_rights_that_are_missing_are_named(secured):
    settings = secured.settings(kafka_principals=PATTERN, max_partitions=1)
    with closing(secured.admin()) as admin:
        lacking = await doctor_kafka.access(settings)
        assert lacking.level == "bad"
        assert "User:fairwatch-" in lacking.seen
        assert lacking.advice == "fairwatch topics apply"
        apply_access(admin, access_differences(admin, PATTERN))
        settled(admin, [])
    assert (await doctor_kafka.access(settings)).level == "good"
    secured.add_user("fairwatch-notify")
    found = await doctor_kafka.access(secured.settings("fairwatch-notify", kafka_principals=PATTERN))
    assert found.level == "warning"
    assert "may look" in found.advice
