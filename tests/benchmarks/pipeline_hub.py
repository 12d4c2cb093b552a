"""A hub to measure: broker, Valkey and MQTT broker, gateways and processors as processes, and the receiver."""

import asyncio
import base64
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.embedded import free_port, start_broker, start_valkey
from fairwatch.apps.embedded_mqtt import EmbeddedMqtt, start_mqtt
from fairwatch.apps.kafka import producer
from fairwatch.apps.settings import Settings
from tests.benchmarks.pipeline_hops import Steps, steps
from tests.benchmarks.pipeline_load import Receiver
from tests.benchmarks.pipeline_world import Numbers, entry_id, reference_records, write_config
from tests.benchmarks.processes import cost, pid_of

GATEWAYS = ("http", "mqtt", "viid")
PARTITIONS = 2
# All of the JVM's compilers, as in Kafka's own start script: once it is warm, the broker needs a quarter less CPU than
# that of a test, which is to start quickly and has the quick one alone.
KAFKA_JVM = "-XX:+UseSerialGC"
AT_ONCE = 1000  # records that wait for the broker
READY_S = 120.0
HOST = "127.0.0.1"
READY = 200


@dataclass(slots=True)
class Hub:
    """A running hub and its ends.

    Attributes:
        broker: Its kind (`embedded`, `kafka`); `broker_pid` its process.
        keys: API key by device.
        ports: Of the gateways that listen.
        health: Port of /ready and /metrics by component.
    """

    broker: str
    broker_pid: int
    settings: Settings
    components: Components
    receiver: Receiver
    mqtt: EmbeddedMqtt
    keys: dict[str, str]
    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    health: dict[str, int] = field(default_factory=dict)

    async def start(self, names: Sequence[str]) -> None:
        """Start these components, and wait until each says that it is ready."""
        for name in names:
            self.health[name] = free_port()
            self.ports[name] = free_port() if name in GATEWAYS else 0
            ports = {"FAIRWATCH_PORT": self.ports[name], "FAIRWATCH_HEALTH_PORT": self.health[name]}
            await self.components.start(name, {name: str(port) for name, port in ports.items()})
        deadline = time.monotonic() + READY_S
        async with aiohttp.ClientSession() as session:
            while waiting := [name for name in names if not await self._ready(session, name)]:
                self.components.check()
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not ready after {READY_S:.0f} s: {', '.join(waiting)}")
                await asyncio.sleep(0.2)

    async def _ready(self, session: aiohttp.ClientSession, name: str) -> bool:
        try:
            async with session.get(f"http://{HOST}:{self.health[name]}/ready") as answer:
                return answer.status == READY
        except aiohttp.ClientError:
            return False

    async def steps(self) -> Steps:
        """Return what the workers say of their batches."""
        found: Steps = {}
        async with aiohttp.ClientSession() as session:
            for name in set(self.health) - set(GATEWAYS):
                async with session.get(f"http://{HOST}:{self.health[name]}/metrics") as answer:
                    found |= steps(await answer.text())
        return found

    def job(self, over: str, numbers: Numbers, rate: float | None, objects: int | None = None) -> dict[str, Any]:
        """Return what `tests.benchmarks.load_process` is to send.

        Args:
            over: `http`, `viid`, `mqtt` or `avro`.
            numbers: The events.
            rate: A second; None for as many as are taken.
            objects: Of one request, where it holds several.
        """
        host, port = (self.mqtt.host, self.mqtt.port) if over == "mqtt" else (HOST, self.ports.get(over, 0))
        return {
            "over": over, "host": host, "port": port, "keys": self.keys, "password": self.mqtt.users["camera"],
            "bootstrap": self.settings.kafka_bootstrap, "numbers": [numbers.first, numbers.count, numbers.every],
            "rate": rate, "objects": objects,
        }  # fmt: skip

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds so far of each component, the broker, and us: MQTT broker and receiver."""
        pids = {name: process.pid for name, process in self.components.processes.items()}
        found = {name: cost(pid).cpu_s for name, pid in (*pids.items(), ("(broker)", self.broker_pid))}
        return {**found, "(receiver)": cost(os.getpid(), family=False).cpu_s}


@contextmanager
def started(broker: str) -> Iterator[tuple[str, int]]:
    """Run an empty broker of this kind (`embedded`, `kafka`); yield host:port and its process."""
    if broker == "embedded":
        with start_broker() as server:
            yield server.address, server.pid
        return
    from tests.support.kafka_cluster import one_broker  # noqa: PLC0415  # needs Docker

    with one_broker(jvm=KAFKA_JVM) as running:
        yield running.address, pid_of(running)


@asynccontextmanager
async def hub(
    broker: str, names: Sequence[str], listed: Sequence[int], folder: Path, gateways: Sequence[str] = GATEWAYS
) -> AsyncIterator[Hub]:
    """Run the gateways and these workers; yield once all are ready.

    Args:
        broker: Its kind.
        names: What runs as a process each, as `fairwatch run` takes it.
        listed: Events whose plates are on the list.
        folder: For configuration, media and logs.
        gateways: The ways in.
    """
    with start_valkey() as valkey, started(broker) as (bootstrap, pid):
        settings = Settings(
            kafka_bootstrap=bootstrap, redis_url=SecretStr(valkey.address), embedded=broker == "embedded",
            max_partitions=PARTITIONS,
        )  # fmt: skip
        await asyncio.to_thread(make_topics, settings)
        async with producer(settings, "benchmark") as publisher:
            records = iter(reference_records(listed))
            while some := list(islice(records, AT_ONCE)):
                await asyncio.gather(*(publisher.publish(*record) for record in some))
        keys = write_config(folder / "config")
        receiver = Receiver({entry_id(number): number for number in listed})
        users = {name: secrets.token_urlsafe(18) for name in ("gateway", "camera")}
        async with start_mqtt(users) as mqtt:
            environment = {
                "FAIRWATCH_KAFKA_BOOTSTRAP": bootstrap, "FAIRWATCH_EMBEDDED": str(settings.embedded),
                "FAIRWATCH_REDIS_URL": valkey.address, "FAIRWATCH_CONFIG_DIR": str(folder / "config"),
                "FAIRWATCH_MEDIA_URL": f"file://{folder}/media", "FAIRWATCH_MQTT_URL": mqtt.url("gateway"),
                "FAIRWATCH_CONTROL_ROOM_URL": await receiver.start(), "FAIRWATCH_FACES": "false",
                "FAIRWATCH_CONTROL_ROOM_SECRET": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
                "FAIRWATCH_CHAIN_KEY": secrets.token_urlsafe(18), "OMP_NUM_THREADS": "1",
            }  # fmt: skip
            components = Components(folder / "logs", environment)
            running = Hub(broker, pid, settings, components, receiver, mqtt, keys, folder)
            try:
                await running.start((*gateways, *names))
                yield running
            finally:
                await components.stop()
                await receiver.stop()
