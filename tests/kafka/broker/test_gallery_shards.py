"""A list that two consumer groups share: both read every sighting, and together they answer what one answers."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.stage import CONFIG, make_topics
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.matching.list_part import ListPart
from tests.kafka.pipeline import publish_world, settings_for
from tests.support.records import sighting

TITLES = {f"car-{n}": f"KA{n:02}XYZ" for n in range(20)}
PARTS = ("1/2", "2/2")
WITHIN_S = 120.0


async def test_two_shards_give_the_answers_of_one(broker: str, valkey: str, topic_prefix: str, tmp_path: Path) -> None:
    seen = passages()
    whole, shared = (settings_for(broker, valkey, topic_prefix + name) for name in ("whole-", "shared-"))
    for settings in (whole, shared):
        await asyncio.to_thread(make_topics, settings)
    one = await found_by(whole, tmp_path / "whole", [""], seen)
    two = await found_by(shared, tmp_path / "shared", PARTS, seen)
    assert len(one) == 2 * len(TITLES)
    assert two == one
    halves = [{entry for entry, *_ in two.values() if ListPart.read(part).holds(entry)} for part in PARTS]
    assert all(halves), "each held some"


def passages() -> list[dict[str, Any]]:
    """Return what is seen now: each listed car twice, and one that nobody looks for."""
    at = time.time_ns() // 1000
    return [_seen(n, plate, at) for n, plate in enumerate([*TITLES.values(), "ZZ99ZZZ"] * 2)]


def _seen(n: int, plate: str, at: int) -> dict[str, Any]:
    plates = {"plates": [{"text": plate, "raw": plate}]}
    return sighting("plate.read", f"gate-{n % 3}", n=n, occurred_at=at, observation=plates)


async def found_by(
    settings: Settings,
    folder: Path,
    parts: Sequence[str],
    seen: list[dict[str, Any]],
    login: Callable[[str], Mapping[str, str]] = lambda _: {},
) -> Mapping[str, tuple[Any, ...]]:
    """Run a worker for each part on topics that are there; return the candidates, of which there may be no second."""
    await publish_world(settings, TITLES)
    async with producer(settings, "test") as publisher:
        for one in seen:
            await publisher.publish("sightings", one["observation"]["device_id"], one)
    environment = {
        "FAIRWATCH_KAFKA_BOOTSTRAP": settings.kafka_bootstrap, "FAIRWATCH_TOPIC_PREFIX": settings.topic_prefix,
        "FAIRWATCH_REDIS_URL": settings.redis_url.get_secret_value(), "FAIRWATCH_EMBEDDED": "true",
        "FAIRWATCH_FACES": "false", "FAIRWATCH_CONFIG_DIR": str(CONFIG), "FAIRWATCH_MEDIA_URL": f"file://{folder}",
    }  # fmt: skip
    workers = [Components(folder / part.replace("/", "-"), environment) for part in parts]
    try:
        for worker, part in zip(workers, parts, strict=True):
            await worker.start("match", {"FAIRWATCH_GALLERY_SHARD": part, **login("match" + ListPart.read(part).name)})
        return await _all(settings, workers)
    finally:
        for worker in workers:
            await worker.stop()


async def _all(settings: Settings, workers: list[Components]) -> Mapping[str, tuple[Any, ...]]:
    end, wanted = time.monotonic() + WITHIN_S, 2 * len(TITLES)
    while True:
        rows = await asyncio.to_thread(lambda: [record for _, _, record in read_topic(settings, "candidates")])
        rows = [one for one in rows if one["entry_id"] in TITLES]
        found = {one["candidate_id"]: (one["entry_id"], one["score"], one["observation_id"]) for one in rows}
        assert len(found) == len(rows), "two workers told of the same"
        if len(found) >= wanted or time.monotonic() > end:
            return found
        for worker in workers:
            worker.check()
        await asyncio.sleep(0.5)
