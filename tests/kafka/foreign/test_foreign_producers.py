"""Programs in other languages publish from nothing but `schemas/` and the README, and their alert comes out."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis import Redis

from tests.kafka.foreign.programs import PROGRAMS, SCHEMA
from tests.kafka.pipeline import DEVICE, Pipeline, pipeline, settings_for
from tests.kafka.registry import Apicurio, registry_fixture  # noqa: F401

pytestmark = [pytest.mark.kafka, pytest.mark.broker, pytest.mark.asyncio(loop_scope="module")]
LISTED = {
    "Car A": ("java", "single-object", "B MK 7734"),
    "Car B": ("java", "confluent", "HH TZ 2218"),
    "Car C": ("javascript", "single-object", "M QW 9065"),
    "Car D": ("javascript", "confluent", "K LP 3391"),
}
FORBIDDEN = ("forbidden-value", "ethnicity", "Emotion")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    broker: str, valkey: str, registry: Apicurio, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pipeline]:
    settings = settings_for(broker, valkey, "foreign-", registry.url)
    plates = {title: plate for title, (_, _, plate) in LISTED.items()}
    async with pipeline(settings, tmp_path_factory.mktemp("foreign"), plates) as pipes:
        yield pipes


@pytest.mark.parametrize("title", LISTED)
async def test_an_observation_of_a_foreign_program_raises_its_alert(running, registry, title):
    language, framing, plate = LISTED[title]
    publish = await asyncio.to_thread(PROGRAMS[language])
    words = [running.settings.kafka_bootstrap, f"{running.settings.topic_prefix}observations", str(SCHEMA), DEVICE]
    where = [registry.url] if framing == "confluent" else []
    observation_id = await asyncio.to_thread(publish, *words, plate, *where)
    alert = await running.alert(title)
    assert (alert["rule"], alert["site_id"], alert["device_ids"]) == ("stolen-car", "harbour", [DEVICE])
    seen = [record for _, _, record in running.records("sightings")]
    [sighting] = [one for one in seen if one["observation"]["observation_id"] == observation_id]
    assert sighting["observation"]["extensions"] == {"lane": "2"}
    assert sighting["observation"]["removed_fields"] == 2


async def test_nothing_that_is_stored_or_forwarded_holds_what_policy_forbids(running, registry, valkey, tmp_path: Path):
    """A foreign program says it; the topic that it writes to itself is the only place where it can be found."""
    publish = await asyncio.to_thread(PROGRAMS["javascript"])
    words = [running.settings.kafka_bootstrap, f"{running.settings.topic_prefix}observations", str(SCHEMA), DEVICE]
    await asyncio.to_thread(publish, *words, LISTED["Car A"][2])
    await running.alert("Car A")
    texts = [(topic, repr(record)) for topic, _, record in running.records() if topic != "observations"]
    assert {topic for topic, _ in texts} >= {"sightings", "candidates", "verdicts", "alert-triggers", "alerts", "audit"}
    texts += [("webhook", repr(alert)) for alert in running.room.alerts.values()]
    with Redis.from_url(valkey) as redis:
        texts += [("redis", repr((key, redis.dump(key)))) for key in redis.scan_iter(count=1000)]
    logs = running.components.logs
    texts += [(path.name, path.read_text(errors="replace")) for path in logs.iterdir()]
    assert not [(where, word) for where, text in texts for word in FORBIDDEN if word in text]
