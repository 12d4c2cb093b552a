"""From observation to alert: the processors as processes of their own on any broker, and a control room at the end."""

import asyncio
import secrets
import shutil
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.receiver import ControlRoom
from fairwatch.apps.demo.stage import CONFIG, make_topics
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.stores.health import Health
from fairwatch.wire.topics import topics

PROCESSORS = ("enrich", "match", "verify", "route", "group", "notify", "audit", "project")
DEVICE = "gate-1"
DAY = 86_400_000_000
READY_S, ALERT_S = 180.0, 90.0


@dataclass(slots=True)
class Pipeline:
    """Processors at work."""

    settings: Settings
    room: ControlRoom
    components: Components

    async def alert(self, title: str) -> dict[str, Any]:
        """Wait for the alert about an entry and return it as the control room got it."""
        end = time.monotonic() + ALERT_S
        while time.monotonic() < end:
            self.components.check()
            for alert in self.room.alerts.values():
                if alert["title"].startswith(title):
                    return alert
            await asyncio.sleep(0.1)
        raise AssertionError(f"no alert about {title!r} within {ALERT_S:.0f} s: {self.room.alerts}")

    def records(self, *names: str) -> Iterator[tuple[str, str, Any]]:
        """Yield (topic, type, record) of everything in the named topics, or in all."""
        for name in names or topics():
            yield from read_topic(self.settings, name)


@asynccontextmanager
async def pipeline(
    settings: Settings,
    folder: Path,
    plates: Mapping[str, str] | None = None,
    login: Callable[[str], Mapping[str, str]] = lambda _: {},
    workers: Sequence[str] = PROCESSORS,
) -> AsyncIterator[Pipeline]:
    """Make the topics and run the processors until the block ends; logs lie in the folder.

    Args:
        settings: Of all of them.
        folder: Of configuration, media and logs.
        login: Variables with which a worker signs in.
        workers: What runs as a process each, as `fairwatch run` takes it.
        plates: What is looked for, by title; published before anything runs, so that nothing is seen too early.
    """
    secret = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
    room = ControlRoom(secret)
    config = folder / "config"
    if not config.exists():  # a restored one is used as it is
        shutil.copytree(CONFIG, config)
    await asyncio.to_thread(make_topics, settings)
    if plates:
        await publish_world(settings, plates)
    environment = {
        "FAIRWATCH_KAFKA_BOOTSTRAP": settings.kafka_bootstrap, "FAIRWATCH_TOPIC_PREFIX": settings.topic_prefix,
        "FAIRWATCH_REDIS_URL": settings.redis_url.get_secret_value(), "FAIRWATCH_REGISTRY_URL": settings.registry_url,
        "FAIRWATCH_EMBEDDED": str(settings.embedded), "FAIRWATCH_FACES": "false",
        "FAIRWATCH_MEDIA_URL": f"file://{folder / 'media'}", "FAIRWATCH_CONFIG_DIR": str(config),
        "FAIRWATCH_CONTROL_ROOM_URL": await room.start(), "FAIRWATCH_CONTROL_ROOM_SECRET": secret,
        "FAIRWATCH_CHAIN_KEY": secrets.token_urlsafe(18),
    }  # fmt: skip
    components = Components(folder / "logs", environment)
    health = Health(settings.redis_url.get_secret_value())
    try:
        for name in workers:
            await components.start(name, login(name))
        await _ready(components, health, {part for name in workers for part in name.split("+")})
        yield Pipeline(settings, room, components)
    finally:
        await components.stop()
        await health.close()
        await room.stop()


async def _ready(components: Components, health: Health, wanted: set[str]) -> None:
    end = time.monotonic() + READY_S
    while missing := wanted - {beat["component"] for beat in await health.read_all() if beat.get("ready")}:
        components.check()
        assert time.monotonic() < end, f"not ready: {missing}; see {components.logs}"
        await asyncio.sleep(0.2)


def settings_for(broker: str, redis: str, prefix: str = "", registry_url: str = "") -> Settings:
    """Return settings for a small pipeline on a broker of tests."""
    return Settings(
        kafka_bootstrap=broker, redis_url=SecretStr(redis), topic_prefix=prefix, registry_url=registry_url,
        embedded=True, max_partitions=2,
    )  # fmt: skip


async def publish_world(settings: Settings, plates: Mapping[str, str]) -> None:
    """Publish a site, a device, an authorisation and an entry for each title and plate."""
    at = time.time_ns() // 1000
    shared = {"valid_from": at - DAY, "valid_until": at + DAY, "updated_at": at}
    authorisation = {
        **shared, "authorisation_id": "auth-car", "state": "GRANTED", "objective": "stolen_vehicle",
        "legal_basis": "§12", "reference": "theft 1", "authority": "District court", "kinds": ["PLATE"],
        "site_ids": ["harbour"], "requested_by": "inspector.ray", "approved_by": ["judge.okafor"],
        "required_verifications": 0,
    }  # fmt: skip
    site = {"site_id": "harbour", "name": "Harbour Station", "updated_at": at}
    device = {"device_id": DEVICE, "name": "Gate 1", "site_id": "harbour", "updated_at": at}
    entries = [
        {
            **shared, "entry_id": title, "authorisation_id": "auth-car", "kind": "PLATE", "title": title,
            "plate": plate, "priority": 2, "reason": "reported stolen", "created_by": "inspector.ray",
            "approved_by": "judge.okafor",
        }
        for title, plate in plates.items()
    ]  # fmt: skip
    async with producer(settings, "test") as publisher:
        await publisher.publish("sites", "harbour", site)
        await publisher.publish("devices", DEVICE, device)
        await publisher.publish("authorisations", "auth-car", authorisation)
        for entry in entries:
            await publisher.publish("watchlist-entries", entry["entry_id"], entry)
