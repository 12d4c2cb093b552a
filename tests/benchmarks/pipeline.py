"""The pipeline from a device's request to the receiver's: latency at two rates, hop by hop, and what it sustains.

All nine processors and two gateways, each a process of its own, on the embedded broker or on Apache Kafka.
"""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt

from fairwatch.apps.demo.stage import CHAINED, PROCESSORS
from tests.benchmarks.pipeline_hops import hops, percentiles, step_means
from tests.benchmarks.pipeline_hub import HOST, Hub, hub
from tests.benchmarks.pipeline_load import Sending, send_http, send_mqtt
from tests.benchmarks.pipeline_world import Numbers

SHAPES: dict[str, Sequence[str]] = {
    "apart": PROCESSORS,
    "chains": CHAINED,
}
DONE_S = 240.0
OBSERVER_WAIT_MS = {"embedded": 10, "kafka": 500}  # the embedded broker keeps an empty fetch until its time is over


@dataclass(frozen=True, slots=True)
class Phase:
    """One measurement.

    Attributes:
        rate: Events a second; None for as many as the gateway takes.
        count: Events; one in `every` is a listed plate, one a crossed line.
        watched: The topics in between are watched, which costs some of the machine.
    """

    name: str
    rate: float | None
    count: int
    every: int
    over: str = "http"
    watched: bool = False


WHOLE = (
    Phase("warm-up", 200, 2000, 10),
    Phase("http at 100/s", 100, 4000, 10),
    Phase("mqtt at 100/s", 100, 3000, 10, over="mqtt"),
    Phase("http at 1,000/s", 1000, 30_000, 50),
    Phase("hops at 100/s", 100, 2000, 10, watched=True),
    Phase("hops at 1,000/s", 1000, 15_000, 50, watched=True),
    Phase("sustained", None, 30_000, 100),
)
SHORT = (
    Phase("warm-up", 100, 300, 10),
    Phase("http at 100/s", 100, 500, 10),
    Phase("mqtt at 100/s", 100, 500, 10, over="mqtt"),
    Phase("hops at 100/s", 100, 500, 10, watched=True),
    Phase("http at 1,000/s", 1000, 3000, 50),
    Phase("sustained", None, 10_000, 100),
)


async def _send(hub: Hub, phase: Phase, numbers: Numbers) -> Sending:
    """Send the events of a phase."""
    if phase.over == "http":
        return await send_http(HOST, hub.port, hub.keys, numbers, phase.rate)
    login = {"username": "camera", "password": hub.mqtt.users["camera"]}
    async with aiomqtt.Client(hub.mqtt.host, hub.mqtt.port, **login) as client:
        return await send_mqtt(client, numbers, phase.rate)


async def measure(hub: Hub, phase: Phase, numbers: Numbers) -> dict[str, Any]:
    """Send, wait for the alerts, and return what that took."""
    expected = numbers.of("line") if phase.over == "mqtt" else numbers.of("plate", "line")
    cpu_s, steps_before = hub.cpu_s(), await hub.steps()
    async with _watching(hub, phase) as watched:
        sending = await _send(hub, phase, numbers)
        await hub.receiver.have(expected, DONE_S)
    hub.components.check()
    seconds = max(hub.receiver.arrived[number] for number in expected) - min(sending.at.values())
    latency = {n: hub.receiver.arrived[n] - sending.at[n] for n in expected}
    found: dict[str, Any] = {
        **percentiles(list(latency.values())),
        "sent": numbers.count,
        "events_per_s": round(numbers.count / seconds, 1),
        "refused": dict(sending.refused),
        "again": hub.receiver.again,
        "cpu_us": {n: round((after - cpu_s[n]) / numbers.count * 1e6, 1) for n, after in hub.cpu_s().items()},
        "batch_ms": step_means(steps_before, await hub.steps()),
    }
    for kind in ("plate", "line"):
        if of_kind := [seconds for n, seconds in latency.items() if numbers.kind(n) == kind]:
            found[kind] = percentiles(of_kind)
    if watched.exists():
        seen = json.loads(watched.read_text(encoding="utf-8"))
        found["hops"] = hops(numbers, seen, hub.receiver.entries, (sending.at, hub.receiver.arrived))
    return found


@asynccontextmanager
async def _watching(hub: Hub, phase: Phase) -> AsyncIterator[Path]:
    """Watch the topics during a phase that wants it; yield the file that is written at the end."""
    file = hub.folder / f"{phase.name.replace('/', ' a ')}.json"
    if not phase.watched:
        yield file
        return
    wait = str(OBSERVER_WAIT_MS[hub.broker])
    arguments = ["-m", "tests.benchmarks.pipeline_observer", hub.settings.kafka_bootstrap, str(file)]
    observer = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, "--wait-ms", wait, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert observer.stdout is not None
        if not await observer.stdout.readline():
            raise RuntimeError("the observer did not start")
        yield file
        await asyncio.sleep(1.0)
    finally:
        if observer.returncode is None:
            observer.send_signal(signal.SIGTERM)
        await observer.wait()


def run(
    broker: str, names: Sequence[str], say: Callable[[str], None], *, phases: Sequence[Phase] = WHOLE
) -> dict[str, Any]:
    """Return by phase what was measured of one deployment on one kind of broker.

    Args:
        broker: `embedded` or `kafka`.
        names: What runs as a process each, as `fairwatch run` takes it; together all nine processors.
        say: Told how it goes.
        phases: What is measured, one after the other.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(broker, names, say, phases, Path(folder)))


async def _run(
    broker: str, names: Sequence[str], say: Callable[[str], None], phases: Sequence[Phase], folder: Path
) -> dict[str, Any]:
    numbers = {phase: Numbers(place * 1_000_000, phase.count, phase.every) for place, phase in enumerate(phases)}
    listed = [number for each in numbers.values() for number in each.of("plate")]
    found: dict[str, Any] = {}
    async with hub(broker, names, listed, folder) as running:
        for phase in phases:
            found[phase.name] = each = await measure(running, phase, numbers[phase])
            say(
                f"  {broker}, {len(names)} workers, {phase.name}: {each['events_per_s']:,.0f}/s, "
                f"p50 {each['p50_ms']:.0f} ms, p99 {each['p99_ms']:.0f} ms"
            )
    return found
