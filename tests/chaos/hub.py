"""Everything that runs: three brokers behind a proxy, Redis, a registry, the processors, the control room."""

import asyncio
import secrets
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from redis.asyncio import Redis as AsyncRedis

from fairwatch.apps.embedded_mqtt import EmbeddedMqtt
from fairwatch.apps.kafka import admin, producer
from fairwatch.apps.keys import ANCHORS, write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import apply, differences
from fairwatch.domain.errors import RetryableError
from fairwatch.stores.read_model import RedisReadModel
from tests.chaos.brokers import ChaosCluster, small_disk
from tests.chaos.doors import message_broker, write_devices
from tests.chaos.network import Network
from tests.chaos.oracle import GUARDS, ROOM
from tests.chaos.redis import Redis, redis
from tests.chaos.sink import Sink
from tests.chaos.workers import EACH_ALONE, Partition, Workers
from tests.chaos.world import World
from tests.kafka.registry import Apicurio, apicurio
from tests.support.trust import ADMIN

CONFIG = Path(__file__).parent / "config"
PARTITIONS = 2
REPLICATION = 3
READY_S = 300.0
STORE_S = 2.0
AT_ONCE = 500


@dataclass(slots=True)
class Hub:
    """What faults act on. `settings` go past the proxy."""

    settings: Settings
    cluster: ChaosCluster
    network: Network
    redis: Redis
    registry: Apicurio | None
    workers: Workers
    mqtt: EmbeddedMqtt
    sink: Sink
    console: RedisReadModel

    @property
    def addresses(self) -> dict[str, str]:
        """Where devices send to, by gateway."""
        ports = {name: f"http://127.0.0.1:{port}" for name, port in self.workers.ports.items()}
        return {**ports, "mqtt": self.mqtt.url("recorder")}

    async def shown(self, alerts: Iterable[str]) -> set[str]:
        """Return those of the alerts that the console shows."""
        found = set()
        for alert in alerts:
            try:
                subject = await self.console.get("alert", alert)
            except RetryableError:
                return set()
            if subject:
                found.add(alert)
        return found


@asynccontextmanager
async def running(
    folder: Path, world: World, *, with_registry: bool, partition: Partition = EACH_ALONE
) -> AsyncIterator[Hub]:
    """Start everything and wait until it is ready; end it on leaving."""
    async with AsyncExitStack() as stack:
        cluster = ChaosCluster(stack.enter_context(small_disk()))
        await asyncio.to_thread(stack.enter_context, cluster)
        network = await stack.enter_async_context(Network(cluster.pairs))
        store = stack.enter_context(redis())
        registry = stack.enter_context(apicurio(folder / "registry")) if with_registry else None
        chain_key = secrets.token_urlsafe(18)
        settings = Settings(
            kafka_bootstrap=cluster.bootstrap, redis_url=SecretStr(store.url), max_partitions=PARTITIONS,
            chain_key=SecretStr(chain_key),
            replication=REPLICATION, registry_url=registry.url if registry else "",
        )  # fmt: skip
        await asyncio.to_thread(_make_topics, settings)
        await _publish(settings, world)
        secret = "whsec_" + b64encode(secrets.token_bytes(24)).decode()
        sink = Sink(secret)
        shutil.copytree(CONFIG, folder / "config")
        write_devices(folder / "config")
        write_anchors(folder / "config" / ANCHORS, [ADMIN.public])
        mqtt, rooms = await stack.enter_async_context(message_broker(folder)), await sink.start()
        workers = Workers(folder, {
            "FAIRWATCH_KAFKA_BOOTSTRAP": cluster.proxied, "FAIRWATCH_REDIS_URL": store.url,
            "FAIRWATCH_REGISTRY_URL": settings.registry_url, "FAIRWATCH_REPLICATION": str(REPLICATION),
            "FAIRWATCH_EMBEDDED": "false", "FAIRWATCH_FACES": "false",
            "FAIRWATCH_MEDIA_URL": f"file://{folder / 'media'}", "FAIRWATCH_CONFIG_DIR": str(folder / "config"),
            "FAIRWATCH_CONTROL_ROOM_URL": f"{rooms}/{ROOM}", "FAIRWATCH_CONTROL_ROOM_SECRET": secret,
            "FAIRWATCH_GUARDS_URL": f"{rooms}/{GUARDS}", "FAIRWATCH_MQTT_URL": mqtt.url("gateway"),
            "FAIRWATCH_CHAIN_KEY": chain_key,
        }, partition)  # fmt: skip
        stack.push_async_callback(sink.stop)
        client = AsyncRedis.from_url(store.url, socket_timeout=STORE_S, socket_connect_timeout=STORE_S)
        stack.push_async_callback(client.aclose)
        stack.push_async_callback(workers.stop)
        await workers.start()
        hub = Hub(settings, cluster, network, store, registry, workers, mqtt, sink, RedisReadModel(client))
        async with asyncio.timeout(READY_S):
            while not await workers.ready():
                if workers.ended:
                    raise RuntimeError(f"ended before anything was wrong: {workers.ended}; see {folder}")
                await asyncio.sleep(0.5)
        yield hub


def _make_topics(settings: Settings) -> None:
    bounds = (settings.topic_prefix, settings.max_partitions)
    with closing(admin(settings)) as client:
        apply(client, differences(client, *bounds), *bounds, replication=settings.replication)


async def _publish(settings: Settings, world: World) -> None:
    records = list(world.reference())
    async with producer(settings, "chaos") as publisher:
        for start in range(0, len(records), AT_ONCE):
            chunk = records[start : start + AT_ONCE]
            try:
                await asyncio.gather(*(publisher.publish(*record) for record in chunk))
            except RetryableError:  # the same again is harmless
                await asyncio.gather(*(publisher.publish(*record) for record in chunk))
