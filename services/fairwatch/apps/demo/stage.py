"""Sets the stage: broker, Valkey, MQTT broker, topics, reference data, and every component as its own process."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from pydantic import SecretStr

from fairwatch.apps.demo import signing, world
from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.credentials import PEOPLE, Credentials
from fairwatch.apps.demo.pictures import portrait
from fairwatch.apps.demo.receiver import ControlRoom
from fairwatch.apps.embedded import free_port, start_broker, start_valkey
from fairwatch.apps.embedded_mqtt import EmbeddedMqtt, start_mqtt
from fairwatch.apps.kafka import admin, producer
from fairwatch.apps.keys import CONSOLE, RETAIN
from fairwatch.apps.media import media_store
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import apply, differences
from fairwatch.console.people import hash_password
from fairwatch.domain.errors import ConfigurationError
from fairwatch.parts import CHAINS, of_kind, parts
from fairwatch.policy.signatures import PrivateKey
from fairwatch.stores.health import Health
from fairwatch.stores.media import media_uri

CONFIG = Path(__file__).parent / "config"
REFERENCE = "obama.jpg"
PROCESSORS = tuple(of_kind("processor", essential=True))
CHAINED = (*map("+".join, CHAINS.values()), *(name for name in PROCESSORS if name not in sum(CHAINS.values(), ())))
GATEWAYS = tuple(of_kind("gateway", essential=True))
NEEDED_MIB = 2500
READY_S = 120.0
SAY_S = 5.0
PARTITIONS = 2


@dataclass(slots=True)
class Stage:
    """Everything that runs, and where it is reached."""

    settings: Settings
    components: Components
    credentials: Credentials
    room: ControlRoom
    health: Health
    addresses: dict[str, str]
    pictures: Path


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers to play on; the embedded ones where nothing is named.

    Attributes:
        kafka: host:port, comma separated; none of our topics may be there yet.
        redis: URL.
    """

    kafka: str = ""
    redis: str = ""


EMBEDDED = Servers()


@asynccontextmanager
async def set_stage(
    folder: Path,
    models: Path,
    say: Callable[[str], None],
    servers: Servers = EMBEDDED,
    workers: Sequence[str] = PROCESSORS,
    gateways: Sequence[str] = GATEWAYS,
    build: Callable[[dict[str, Any]], world.World] = world.build,
) -> AsyncIterator[Stage]:
    """Start everything under `folder`; yield once all is ready; stop everything on leaving.

    Args:
        folder: Emptied, then holds configuration, media and logs.
        models: Folder that `make models` made.
        say: Told how it goes.
        servers: To play on.
        workers: What runs as a process each, as `fairwatch run` takes it; together all processors.
        gateways: Likewise, of the ways in.
        build: Makes the reference records, given the MediaRef of a picture that is in the media store.

    Raises:
        ConfigurationError: Memory, a model, a binary or a port is missing; the message says what to do.
        ComponentDiedError: A component ended by itself.
    """
    _check(models)
    credentials = Credentials()
    _write_config(folder, credentials)
    async with AsyncExitStack() as stack:
        say(f"starting {_embedded(servers)} and an MQTT broker")
        environment, room, mqtt = await _serve(stack, folder, models, credentials, servers)
        say("making topics and publishing sites, devices, authorisations and the watchlist")
        settings = await _make_world(_settings(folder, environment), folder, models, build)
        health = Health(environment["FAIRWATCH_REDIS_URL"])
        stack.push_async_callback(health.close)
        components = Components(folder / "logs", environment)
        stack.push_async_callback(components.stop)
        addresses = {**await _start(components, say, workers, gateways), "mqtt": mqtt.url("frigate")}
        await _all_ready(components, health, say)
        yield Stage(settings, components, credentials, room, health, addresses, models / "pictures")
        say("stopping everything")


async def _serve(
    stack: AsyncExitStack, folder: Path, models: Path, credentials: Credentials, servers: Servers
) -> tuple[dict[str, str], ControlRoom, EmbeddedMqtt]:
    """Start the servers that nobody named, an MQTT broker and a receiver; return the environment of components."""
    broker = servers.kafka or stack.enter_context(start_broker()).address
    valkey = servers.redis or stack.enter_context(start_valkey()).address
    mqtt = await stack.enter_async_context(start_mqtt(credentials.mqtt))
    room = ControlRoom(credentials.webhook)
    stack.push_async_callback(room.stop)
    environment = {
        "FAIRWATCH_KAFKA_BOOTSTRAP": broker, "FAIRWATCH_REDIS_URL": valkey,
        "FAIRWATCH_MQTT_URL": mqtt.url("gateway"), "FAIRWATCH_EMBEDDED": str(not servers.kafka),
        "FAIRWATCH_MEDIA_URL": f"file://{folder / 'media'}", "FAIRWATCH_MODEL_DIR": str(models),
        "FAIRWATCH_MEDIA_KEY": credentials.media, "FAIRWATCH_MEDIA_KEYS_URL": f"file://{folder / 'data-keys'}",
        "FAIRWATCH_CONFIG_DIR": str(folder / "config"),
        "FAIRWATCH_SIGNING_KEY_FILE": str(folder / "keys" / CONSOLE),
        "FAIRWATCH_CONTROL_ROOM_URL": await room.start(),
        "FAIRWATCH_CONTROL_ROOM_SECRET": credentials.webhook, "FAIRWATCH_CHAIN_KEY": credentials.chain,
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    return environment, room, mqtt


def _settings(folder: Path, environment: dict[str, str]) -> Settings:
    """Return the settings with which the stage itself speaks to the servers."""
    return Settings(
        kafka_bootstrap=environment["FAIRWATCH_KAFKA_BOOTSTRAP"],
        redis_url=SecretStr(environment["FAIRWATCH_REDIS_URL"]),
        embedded=environment["FAIRWATCH_EMBEDDED"] == str(True),
        max_partitions=PARTITIONS,
        media_url=environment["FAIRWATCH_MEDIA_URL"],
        media_key=SecretStr(environment["FAIRWATCH_MEDIA_KEY"]),
        media_keys_url=environment["FAIRWATCH_MEDIA_KEYS_URL"],
        config_dir=folder / "config",
        chain_key=SecretStr(environment["FAIRWATCH_CHAIN_KEY"]),
        signing_key_file=Path(environment["FAIRWATCH_SIGNING_KEY_FILE"]),
    )


def make_topics(settings: Settings) -> None:
    """Make every topic on an empty broker."""
    bounds = (settings.topic_prefix, settings.max_partitions)
    with closing(admin(settings)) as client:
        apply(client, differences(client, *bounds), *bounds)


def _embedded(servers: Servers) -> str:
    """Say which of the embedded servers are used."""
    kafka = "" if servers.kafka else "the embedded Kafka-compatible broker"
    redis = "" if servers.redis else "Valkey"
    return ", ".join(filter(None, (kafka, redis))) or "nothing embedded"


def _check(models: Path) -> None:
    """Raise ConfigurationError where memory, models or pictures are missing."""
    free = psutil.virtual_memory().available // 2**20
    if free < NEEDED_MIB:
        raise ConfigurationError(
            f"only {free} MiB of memory are free, the demo needs {NEEDED_MIB}: close something and try again"
        )
    if not (models / "pictures" / REFERENCE).exists():
        raise ConfigurationError(f"{models} holds no models and pictures: run `make models` first")


def _write_config(stage: Path, credentials: Credentials) -> None:
    """Empty the folder of the stage and write its configuration."""
    folder = stage / "config"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(CONFIG, folder)
    credentials.write_devices(folder)
    people = [
        {
            "name": name,
            "display_name": name.title(),
            "roles": list(signing.ROLES),
            "password_hash": hash_password(credentials.people[name]),
        }
        for name in PEOPLE
    ]
    (folder / "people.yaml").write_text(yaml.safe_dump({"people": people}), encoding="utf-8")


async def _make_world(
    settings: Settings, folder: Path, models: Path, build: Callable[[dict[str, Any]], world.World]
) -> Settings:
    """Make every topic, and fill those of reference data; return the settings with which that was done."""
    await asyncio.to_thread(make_topics, settings)
    await _publish_world(settings, models / "pictures", await signing.vouch(settings, folder), build)
    return settings


async def _publish_world(
    settings: Settings, pictures: Path, key: PrivateKey, build: Callable[[dict[str, Any]], world.World]
) -> None:
    data, width, height = portrait(pictures, REFERENCE)
    await media_store(settings).put(data, "image/jpeg")
    uri = media_uri(data)
    reference = {
        "uri": uri, "sha256": uri.rpartition(":")[2], "mime": "image/jpeg", "bytes": len(data), "role": "REFERENCE",
        "width": width, "height": height, "retention_class": "enrolment",
    }  # fmt: skip
    async with producer(settings, "demo") as publisher:
        for row in signing.signed(build(reference).records, key):
            await publisher.publish(*row)


async def _start(
    components: Components, say: Callable[[str], None], workers: Sequence[str], gateways: Sequence[str]
) -> dict[str, str]:
    each = "each its own process" if "+" not in "".join(workers) else f"as {', '.join(workers)}"
    say(f"starting {len(gateways)} gateways, the console and {len(PROCESSORS)} processors, {each}")
    addresses: dict[str, str] = {}
    for name in (*gateways, "console", *workers):
        port = free_port() if name in parts() and parts()[name].port else 0
        if port:
            addresses[name] = f"http://127.0.0.1:{port}"
        own = {"FAIRWATCH_SIGNING_KEY_FILE": str(components.logs.parent / "keys" / RETAIN)} if name == "retain" else {}
        await components.start(name, {"FAIRWATCH_PORT": str(port), **own})
    return addresses


async def _all_ready(components: Components, health: Health, say: Callable[[str], None]) -> None:
    """Wait for a ready heartbeat of each; say who is still missing every five seconds."""
    wanted = {part for name in components.processes for part in name.split("+")}
    began = said = time.monotonic()
    while True:
        components.check()
        missing = wanted - {beat["component"] for beat in await health.read_all() if beat.get("ready")}
        if not missing:
            return
        now = time.monotonic()
        if now - began > READY_S:
            raise TimeoutError(f"not ready after {READY_S:.0f} s: {', '.join(sorted(missing))}; see {components.logs}")
        if now - said > SAY_S:
            said = now
            say(f"waiting for {', '.join(sorted(missing))}")
        await asyncio.sleep(0.2)
