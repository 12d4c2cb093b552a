"""Findings of the doctor about Kafka that need no Kafka, or the embedded one."""

import time

import pytest
from pydantic import SecretStr

from fairwatch import __version__
from fairwatch.apps import doctor, doctor_kafka
from fairwatch.apps.doctor_finding import Finding, fails
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import Change
from fairwatch.stores.health import PREFIX, Health
from fairwatch.wire.registry import Registry
from fairwatch.wire.schemas import released
from tests.support.schema_registry import registrar


def group(*clients, protocol="range"):
    members = [{"client_id": client, "client_host": "/10.0.0.7"} for client in clients]
    return {"group": "fairwatch-enrich", "protocol": protocol, "members": members}


@pytest.mark.parametrize(
    ("described", "unknown", "level", "seen", "advice"),
    [
        ([group(f"a@{__version__}")], [], "good", "1 members", ""),
        ([group()], [], "good", "0 members", ""),
        ([group("a@0.0.1")], [], "warning", "of another version: a@0.0.1 in fairwatch-enrich", "finish the upgrade"),
        ([group("sarama")], [], "warning", "of another version: sarama", "finish the upgrade"),
        ([group(f"b@{__version__}")], [], "bad", "not of this release: b (10.0.0.7)", "topics.prefix"),
        ([group("x", protocol="sticky")], [], "bad", "shares its partitions by sticky", "stop those programs"),
        ([], ["fairwatch-old"], "warning", "of no processor: fairwatch-old", "Delete them"),
    ],
)
def test_groups(described, unknown, level, seen, advice):
    found = doctor_kafka.judge(described, unknown, {"a"})
    assert found.level == level
    assert seen in found.seen
    assert advice in found.advice


def test_without_heartbeats_nobody_is_taken_for_a_stranger():
    assert doctor_kafka.judge([group(f"b@{__version__}")], [], set()).level == "good"


async def test_a_registry_is_compared_with_the_schemas():
    assert (await doctor_kafka.registry(Settings())).level == "good"
    with registrar() as server:
        settings = Settings(registry_url=server.url)
        before = await doctor_kafka.registry(settings)
        assert (before.level, before.advice) == ("warning", "fairwatch schemas register")
        for schema in released():
            Registry(server.url).id_of(schema)
        assert (await doctor_kafka.registry(settings)).level == "good"


@pytest.mark.broker
async def test_components_of_another_version_and_with_another_clock_are_named(broker, valkey, topic_prefix):
    settings = Settings(kafka_bootstrap=broker, redis_url=SecretStr(valkey), topic_prefix=topic_prefix, embedded=True)
    health = Health(valkey)
    now = time.time_ns() // 1000
    await health.heartbeat("enrich", "one", {"ready": True, "at": now})
    await health.heartbeat("match", "two", {"ready": True, "at": now - 600_000_000, "version": "0.0.1"})
    clocks, components = await doctor_kafka.clocks(settings), await doctor._components(settings)
    await health._redis.delete(f"{PREFIX}enrich:one", f"{PREFIX}match:two")
    await health.close()
    assert clocks.level == "bad"
    assert "match two 600 s behind" in clocks.seen
    assert "enrich" not in clocks.seen
    assert "NTP" in clocks.advice
    assert components.level == "warning"
    assert f"not of version {__version__}: match 0.0.1" in components.seen


@pytest.mark.broker
async def test_the_embedded_broker_is_not_taken_for_an_old_one(broker):
    found = await doctor_kafka.version(Settings(kafka_bootstrap=broker, embedded=True))
    assert (found.level, found.seen) == ("good", "the embedded broker")
    old = await doctor_kafka.version(Settings(kafka_bootstrap=broker))
    assert (old.level, old.advice) == ("warning", "upgrade the brokers")


def test_rights_of_everybody_are_red_whatever_else_is_right():
    everybody = Change("User:*", "by hand", "topic verifications", "Write", "", "take it away")
    found = doctor_kafka._compared([everybody], 20)
    assert (found.level, found.seen) == ("bad", "everybody may Write topic verifications")
    too_many = Change("User:fairwatch-notify", "by hand", "topics here-", "Write", "", "--revoke")
    assert doctor_kafka._compared([too_many], 20).level == "warning"
    assert doctor_kafka._compared([], 20).level == "good"


@pytest.mark.parametrize(
    ("bad", "in_production", "in_a_trial"),
    [((), False, False), (("access", "bonds", "receipts", "trust"), True, False), (("access", "redis"), True, True)],
)
def test_a_trial_that_is_knowingly_insecure_fails_for_what_does_not_work_alone(bad, in_production, in_a_trial):
    found = [Finding("models", "warning", "none"), *(Finding(what, "bad", "seen") for what in bad)]
    assert fails(found) is in_production
    assert fails(found, insecure=True) is in_a_trial
