"""The doctor on a deployment that is well, on one where everything is missing, and on one that is away."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from fairwatch.apps import doctor, doctor_bonds, doctor_kafka, doctor_receipts
from fairwatch.apps import topics_acls as acls
from fairwatch.apps.doctor_finding import Finding
from fairwatch.apps.embedded import free_port
from fairwatch.apps.keys import ANCHORS, write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import Change
from fairwatch.domain.errors import ConfigurationError
from fairwatch.stores.health import PREFIX, Health
from tests.sinks.test_receivers import GIVEN
from tests.support.places import CONFIG
from tests.support.trust import ADMIN, CONSOLE


async def examined(settings: Settings) -> dict[str, Finding]:
    return {finding.what: finding async for finding in doctor.examine(settings)}


@pytest.mark.broker
async def test_a_deployment_that_is_well(broker, valkey, make_topics, tmp_path, monkeypatch):
    alone = valkey.removesuffix("/0") + "/1"  # other tests' components, whose clocks stand still, beat in the first
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    settings = Settings(
        kafka_bootstrap=broker, embedded=True, redis_url=SecretStr(alone), topic_prefix=make_topics(),
        max_partitions=3, config_dir=CONFIG, media_url=f"file://{tmp_path}", model_dir=tmp_path,
    )  # fmt: skip
    for name in doctor.MODELS:
        (tmp_path / name).touch()
    found = await examined(settings)
    assert {name: finding.seen for name, finding in found.items() if finding.level == "bad"} == {}
    said = {"version": "the embedded broker", "redis": "answers", "registry": "none: single-object encoding"}
    assert {name: found[name].seen for name in said} == said
    assert "0 members" in found["groups"].seen
    assert "FAIRWATCH_KAFKA_PRINCIPALS is empty" in found["access"].seen
    assert "control-room" in found["receivers"].seen
    assert {found[name].level for name in ("media", "models", "routes", "receivers")} == {"good"}


@pytest.mark.broker
async def test_what_is_not_there_is_named_with_what_to_do(broker, valkey, topic_prefix, tmp_path):
    settings = Settings(
        kafka_bootstrap=broker, redis_url=SecretStr(valkey), topic_prefix=topic_prefix, embedded=True,
        config_dir=tmp_path, media_url=f"file://{tmp_path}", model_dir=tmp_path,
    )  # fmt: skip
    health = Health(valkey)
    await health.heartbeat("verify", "three", {"ready": False, "at": time.time_ns() // 1000})
    found = await examined(settings)
    await health._redis.delete(f"{PREFIX}verify:three")
    await health.close()
    advice = {name: finding.advice for name, finding in found.items() if finding.level == "warning"}
    assert advice["broker"].startswith("fairwatch topics apply")
    assert advice["models"] == "make models; needed by match"
    assert {name: advice[name] for name in ("devices", "people", "routes", "receivers")} == {
        "devices": "needed by gateways only",
        "people": "needed by the console only",
        "routes": "needed by route and group",
        "receivers": "needed by notify",
    }
    assert (found["components"].seen, found["components"].level) == ("not ready: verify", "warning")


async def test_what_is_away_is_said_and_keeps_nothing_else_from_being_looked_at(tmp_path: Path):
    nobody = f"127.0.0.1:{free_port()}"
    settings = Settings(kafka_bootstrap=nobody, redis_url=SecretStr(f"redis://{nobody}/0"), config_dir=tmp_path)
    found = await examined(settings)
    assert {found[name].level for name in ("broker", "version", "redis")} == {"bad"}
    assert "nothing listens there" in found["version"].seen
    assert found["groups"].advice == "allow Describe on the cluster"
    assert "not the broker" in found["clocks"].seen
    assert found["components"].seen == "none running"


@pytest.mark.parametrize(
    ("changes", "level", "says"),
    [
        ([], "good", "may do what schemas/topics says, and nothing else"),
        ([Change("User:a", "allow", "topic x", None, "Read")], "bad", "User:a lacks Read on topic x"),
        ([Change("User:a", "by hand", "topic x", "Read", "")], "warning", "User:a: by hand topic x"),
        (ConfigurationError("the broker has no authorizer"), "warning", "the broker has no authorizer"),
    ],
)
@pytest.mark.broker
async def test_rights_that_are_missing_are_worse_than_rights_too_many(broker, monkeypatch, changes, level, says):
    def compared(*_: object, **__: object) -> list[Change]:
        if isinstance(changes, Exception):
            raise changes
        return changes

    monkeypatch.setattr(acls, "access_differences", compared)
    found = await doctor_kafka.access(Settings(kafka_bootstrap=broker, kafka_principals="User:fairwatch-{component}"))
    assert found.level == level
    assert says in found.seen


async def test_messages_that_a_restart_would_lose_are_said_with_their_cure(valkey, tmp_path):
    (tmp_path / "devices.yaml").write_text('devices: [{device_id: frigate-1, mqtt_topics: ["frigate/#"]}]')
    settings = Settings(redis_url=SecretStr(valkey), config_dir=tmp_path)
    health = Health(valkey)
    seen = []
    for count in (0, 7):
        await health.heartbeat("mqtt", "one-mqtt-gateway", {"ready": True, "unrepeatable": count})
        seen.append(await doctor._mqtt(settings))
    await health.close()
    assert [finding.level for finding in seen] == ["good", "warning"]
    assert "7 messages came with QoS 0" in seen[1].seen
    assert "mqtt: {qos: 1}" in seen[1].advice


@pytest.mark.parametrize(
    ("signs", "level", "says"),
    [
        (None, "warning", "retain is not running"),
        ("", "bad", "retain runs without a key"),
        (CONSOLE.public.key_id, "good", "retain signs with"),
        (ADMIN.public.key_id, "warning", "a key that may speak for people"),
        ("ed25519-of-a-stranger", "bad", "nobody here believes"),
    ],
)
async def test_a_retain_whose_receipts_nobody_can_check_is_red(valkey, tmp_path, monkeypatch, signs, level, says):
    write_anchors(tmp_path / ANCHORS, [ADMIN.public], [CONSOLE.public])
    monkeypatch.setattr(doctor_receipts.keys, "known_keys", lambda _: {})
    settings = Settings(redis_url=SecretStr(valkey.removesuffix("/0") + "/2"), config_dir=tmp_path)
    health = Health(settings.redis_url.get_secret_value())
    if signs is not None:
        await health.heartbeat("retain", "one", {"ready": True, "signs": signs})
    found = await doctor_receipts.receipts(settings)
    await health._redis.flushdb()
    await health.close()
    assert (found.level, says in found.seen) == (level, True)


@pytest.mark.parametrize(
    ("said", "level"),
    [((), "warning"), (("asked", "asked"), "good"), (("asked", "accepted"), "warning"), (("asked", "none"), "bad")],
)
async def test_processors_that_ask_nobody_who_wrote_a_record_are_red(valkey, said, level):
    settings = Settings(redis_url=SecretStr(valkey.removesuffix("/0") + "/3"))
    health = Health(settings.redis_url.get_secret_value())
    for number, word in enumerate(said):
        await health.heartbeat("verify", f"worker-{number}", {"ready": True, "bonds": word})
    found = await doctor_bonds.bonds(settings)
    await health._redis.flushdb()
    await health.close()
    assert found.level == level
