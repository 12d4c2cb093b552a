"""Does one receiver wait for another? `notify` as a process, with receivers that are well, slow, broken and away.

Two phases: alerts at a steady rate to all receivers while all but one are in trouble; then a backlog of one that was
away. Times are from the moment in which the broker acknowledged an alert to the request at the receiver.
"""

import asyncio
import base64
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import numpy as np
import yaml
from aiohttp import web
from aiokafka import AIOKafkaProducer

from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.embedded import free_port
from fairwatch.apps.settings import Settings
from fairwatch.domain.ids import stable_id
from fairwatch.wire.avro import Codec
from tests.benchmarks.processes import cost
from tests.support.records import trigger

HOST, READY, READY_S = "127.0.0.1", 200, 60.0
TROUBLED = ("sleepy", "refusing", "broken", "down")
SLEEP_S = 30.0
EXTREME = 20  # of a backlog, published last
DRAIN_S = 120.0
SIDE_BY_SIDE = 8  # as many as a receiver is asked at a time
WHOLE_S, SHORT_S, RATE, BACKLOG = 600.0, 30.0, 50.0, 10_000


@dataclass
class Rooms:
    """The receivers' ends: what arrived at those that take alerts, and when."""

    arrived: dict[str, float] = field(default_factory=dict)
    severities: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _runners: list[web.AppRunner] = field(default_factory=list)

    async def open(self, port: int = 0) -> int:
        """Listen and return the port; which of the receivers is meant, the path says."""
        app = web.Application()
        app.router.add_post("/{room}", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, HOST, port).start()
        self._runners.append(runner)
        return int(runner.addresses[0][1])

    async def close(self) -> None:
        """Listen no more."""
        self._over.set()
        for runner in self._runners:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        room = request.match_info["room"]
        if room in ("well", "back"):
            now, alert = time.monotonic(), await request.json()
            self.arrived.setdefault(f"{room} {alert['alert_id']} {alert['revision']}", now)
            self.severities.append(alert["severity"])
            self.times.append(now)
            self.more.set()
        elif room == "sleepy":
            await asyncio.wait((asyncio.create_task(self._over.wait()),), timeout=SLEEP_S)
        return web.Response(status={"refusing": 403, "broken": 500}.get(room, 204))


def alert(n: int, receivers: Iterable[str], **fields: Any) -> dict[str, Any]:
    """Return an alert of a group of its own."""
    return trigger(f"lane {n}", n=n, alert_id=stable_id("lane", n), receivers=list(receivers), **fields)


@dataclass
class Lanes:
    """A `notify` at work."""

    rooms: Rooms
    producer: AIOKafkaProducer
    topic: str
    health: int
    returning: int
    process: int
    codec: Codec = field(default_factory=Codec)

    async def publish(self, alert: dict[str, Any]) -> float:
        """Write an alert and return when it was on the topic."""
        await self.producer.send_and_wait(
            self.topic, self.codec.encode("Alert", alert), alert["group"].encode(), headers=[]
        )
        return time.monotonic()

    async def steady(self, seconds: float, rate: float) -> dict[str, float]:
        """Publish so many a second to everybody; return how late they came at the one that is well, in ms."""
        count, loop = int(seconds * rate), asyncio.get_running_loop()
        began, published = loop.time(), dict[str, asyncio.Task[float]]()
        for n in range(count):
            await asyncio.sleep(max(0.0, began + n / rate - loop.time()))
            told = alert(n, ("well", *TROUBLED))
            published[f"well {told['alert_id']} 0"] = asyncio.create_task(self.publish(told))
        await self.until(lambda: published.keys() <= self.rooms.arrived.keys())
        late = [(self.rooms.arrived[key] - await task) * 1000 for key, task in published.items()]
        p50, p99, worst = np.percentile(late, (50, 99, 100))
        return {"alerts": count, "p50_ms": float(p50), "p99_ms": float(p99), "max_ms": float(worst)}

    async def backlog(self, count: int) -> dict[str, float]:
        """Let alerts wait for a receiver that is away, then return how fast it is told once it is back."""
        told = [
            alert(10**6 + n, ["back"], severity="MINOR" if n < count - EXTREME else "EXTREME") for n in range(count)
        ]
        told += [{**one, "revision": 1, "state": "UPDATED"} for one in told[: count // 5]]
        for first in range(0, len(told), 500):
            await asyncio.gather(*(self.publish(one) for one in told[first : first + 500]))
        await self._until_consumed()
        await self._until_away()
        self.rooms.times.clear()
        self.rooms.severities.clear()
        await self.rooms.open(self.returning)
        await self.until(lambda: len(self.rooms.times) >= 1)
        before = cost(self.process).cpu_s
        waited_for = {f"back {one['alert_id']} 1" for one in told[count:]}
        await self.until(lambda: len(self.rooms.times) >= count and waited_for <= self.rooms.arrived.keys())
        cpu_s = cost(self.process).cpu_s - before
        took = self.rooms.times[-1] - self.rooms.times[0]
        last_extreme = max(place for place, one in enumerate(self.rooms.severities) if one == "EXTREME")
        return {
            "alerts": count,
            "requests": len(self.rooms.times),
            "deliveries_per_s": (count - 1) / took,
            "cpu_us": cpu_s / count * 1e6,
            "last_extreme": last_extreme + 1,
        }

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return when something holds; looked at whenever an alert arrives."""
        async with asyncio.timeout(DRAIN_S):
            while not holds():
                self.rooms.more.clear()
                await self.rooms.more.wait()

    async def _until_consumed(self) -> None:
        """Return when alerts that were published after all others have arrived, of every partition."""
        last = [alert(2 * 10**6 + n, ["well"]) for n in range(30)]
        await asyncio.gather(*(self.publish(one) for one in last))
        wanted = {f"well {one['alert_id']} 0" for one in last}
        await self.until(lambda: wanted <= self.rooms.arrived.keys())

    async def _until_away(self) -> None:
        """Return when the receiver was found away by those that went side by side, and by two that came after them."""
        async with asyncio.timeout(DRAIN_S), aiohttp.ClientSession() as session:
            while await self._refused(session) < SIDE_BY_SIDE + 2:  # noqa: ASYNC110  another process counts them
                await asyncio.sleep(0.2)

    async def _refused(self, session: aiohttp.ClientSession) -> float:
        async with session.get(f"http://{HOST}:{self.health}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        name = 'fairwatch_deliveries_total{outcome="unreachable",receiver="back"}'
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)


@asynccontextmanager
async def lanes(bootstrap: str, folder: Path, *, embedded: bool, prefix: str = "") -> AsyncIterator[Lanes]:
    """Run `notify` as a process with one receiver that is well, four in trouble and one that is away."""
    settings = Settings(kafka_bootstrap=bootstrap, embedded=embedded, topic_prefix=prefix, max_partitions=2)
    await asyncio.to_thread(make_topics, settings)
    rooms, health, returning = Rooms(), free_port(), free_port()
    port = await rooms.open()
    write_config(folder, port, free_port(), returning)
    environment = {
        "FAIRWATCH_KAFKA_BOOTSTRAP": bootstrap, "FAIRWATCH_EMBEDDED": str(embedded), "FAIRWATCH_TOPIC_PREFIX": prefix,
        "FAIRWATCH_CONFIG_DIR": str(folder), "FAIRWATCH_REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }  # fmt: skip
    components = Components(folder / "logs", environment)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
    try:
        await components.start("notify", {"FAIRWATCH_PORT": "0", "FAIRWATCH_HEALTH_PORT": str(health)})
        await producer.start()
        await _until_ready(components, health)
        yield Lanes(rooms, producer, f"{prefix}alerts", health, returning, components.processes["notify"].pid)
    finally:
        await producer.stop()
        await components.stop()
        await rooms.close()


def write_config(folder: Path, port: int, closed: int, returning: int) -> None:
    """Write receivers.yaml for these ports of loopback, and the least of routes.yaml."""
    ports = {"down": closed, "back": returning}
    receivers = [
        {
            "name": name,
            "backoff_max": "1s" if name == "back" else "5m",
            "webhook": {
                "url": f"http://{HOST}:{ports.get(name, port)}/{name}",
                "secret_env": "SECRET",
                "timeout": "60s" if name == "sleepy" else "5s",
            },
        }
        for name in ("well", *TROUBLED, "back")
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "routes.yaml").write_text(yaml.safe_dump({"route": {"receivers": ["well"]}}), encoding="utf-8")
    (folder / "receivers.yaml").write_text(yaml.safe_dump({"receivers": receivers}), encoding="utf-8")


async def _until_ready(components: Components, port: int) -> None:
    async with asyncio.timeout(READY_S), aiohttp.ClientSession() as session:
        while True:
            components.check()
            try:
                async with session.get(f"http://{HOST}:{port}/ready") as answer:
                    if answer.status == READY:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def measure(
    bootstrap: str,
    folder: Path,
    say: Callable[[str], None],
    *,
    embedded: bool,
    seconds: float,
    rate: float,
    waiting: int,
) -> dict[str, Any]:
    """Measure both phases."""
    async with lanes(bootstrap, folder, embedded=embedded) as running:
        found: dict[str, Any] = {"steady": await running.steady(seconds, rate)}
        say("  {alerts} alerts: p50 {p50_ms:.0f}, p99 {p99_ms:.0f}, at most {max_ms:.0f} ms".format(**found["steady"]))
        found["backlog"] = await running.backlog(waiting)
        text = "  backlog of {alerts}: {deliveries_per_s:,.0f} a second, {cpu_us:,.0f} us of CPU each"
        say(text.format(**found["backlog"]))
    return found


def run(
    bootstrap: str, broker: str, say: Callable[[str], None], *, short: bool, minutes: float | None = None
) -> dict[str, Any]:
    """Measure on a running broker: ten minutes of alerts, half a minute, or as many, then a backlog of 10,000."""
    with TemporaryDirectory() as folder:
        seconds = minutes * 60 if minutes else SHORT_S if short else WHOLE_S
        return asyncio.run(
            measure(
                bootstrap, Path(folder), say, embedded=broker == "embedded", seconds=seconds, rate=RATE, waiting=BACKLOG
            )
        )
