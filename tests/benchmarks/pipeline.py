"""The pipeline from a device's request to the receiver's: latency at two rates, hop by hop, and what it sustains.

All nine processors and three gateways, each a process of its own, on the embedded broker or on Apache Kafka. Nothing
counts before the broker's and the hub's code has been warmed by load. What it sustains is the highest of rising rates
at which latency does not run away.
"""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from fairwatch.apps.demo.stage import CHAINED, PROCESSORS
from tests.benchmarks.pipeline_hops import hops, percentiles, step_means
from tests.benchmarks.pipeline_hub import Hub, hub
from tests.benchmarks.pipeline_load import Sending, send
from tests.benchmarks.pipeline_world import Kind, Numbers

SHAPES: dict[str, Sequence[str]] = {
    "apart": PROCESSORS,
    "chains": CHAINED,
}
DONE_S = 240.0
OBSERVER_WAIT_MS = {"embedded": 10, "kafka": 500}  # the embedded broker keeps an empty fetch until its time is over
RISING: Final = (500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 3500, 4000, 5000, 6000, 8000)  # events a second
RUN_AWAY_MS: Final = 1000  # median of the last half of a step's alerts, where a queue grows
LATE: Final = 1.05  # devices that are answered so much later than they send are refused or held up
ALERTS: Final[dict[str, tuple[Kind, ...]]] = {
    "http": ("plate", "line"), "avro": ("plate", "line"), "mqtt": ("line",), "viid": ("plate",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phase:
    """One measurement.

    Attributes:
        rate: Events a second; None for the highest of `RISING` that is sustained.
        seconds: Of sending, at each rate.
        every: One event in so many is a listed plate, one a crossed line; MQTT brings no plates, GA/T 1400 no lines.
        over: By which way they come; `avro` are observations that a producer of its own writes.
        objects: Of one request, where it holds several.
        watched: The topics in between are watched, which costs some of the machine.
    """

    name: str
    rate: int | None
    seconds: int
    every: int
    over: str = "http"
    objects: int | None = None
    watched: bool = False

    def steps(self) -> Iterator["Phase"]:
        """Yield the phase itself, or one for each of the rising rates."""
        yield from (replace(self, rate=rate) for rate in ((self.rate,) if self.rate else RISING))

    def numbers(self, first: int) -> list[Numbers]:
        """Return the events of each step."""
        found: list[Numbers] = []
        for step in self.steps():
            assert step.rate
            found.append(Numbers(first, step.rate * self.seconds, self.every))
            first += step.rate * self.seconds
        return found


WARM_UP = Phase("warm-up", 300, 60, 10)
SUSTAINED = (
    Phase("sustained, http", None, 6, 100),
    Phase("sustained, viid", None, 6, 100, over="viid", objects=20),
    Phase("sustained, avro", None, 6, 100, over="avro"),
)
WHOLE = (
    WARM_UP,
    Phase("http at 100/s", 100, 20, 10),
    Phase("mqtt at 100/s", 100, 15, 10, over="mqtt"),
    Phase("http at 1,000/s", 1000, 15, 50),
    *SUSTAINED,
    Phase("hops at 100/s", 100, 15, 10, watched=True),
    Phase("hops at 1,000/s", 1000, 10, 50, watched=True),
)
SHORT = (
    WARM_UP,
    Phase("http at 100/s", 100, 10, 10),
    Phase("mqtt at 100/s", 100, 10, 10, over="mqtt"),
    Phase("http at 1,000/s", 1000, 8, 50),
    SUSTAINED[0],
)


async def measure(hub: Hub, phase: Phase, numbers: Numbers) -> dict[str, Any]:
    """Send, wait for the alerts, and return what that took."""
    expected = numbers.of(*ALERTS[phase.over])
    cpu_s, steps_before = hub.cpu_s(), await hub.steps()
    async with _watching(hub, phase) as watched:
        sending = await send(hub.job(phase.over, numbers, phase.rate, phase.objects))
        await hub.receiver.have(expected, DONE_S)
    hub.components.check()
    seconds = max(hub.receiver.arrived[number] for number in expected) - min(sending.at.values())
    latency = {n: hub.receiver.arrived[n] - sending.at[n] for n in expected}
    cpu_us = {name: (after - cpu_s[name]) / numbers.count * 1e6 for name, after in hub.cpu_s().items()}
    found: dict[str, Any] = {
        **percentiles(list(latency.values())),
        "sent": numbers.count,
        "alerts_share": round(len(expected) / numbers.count, 4),
        "events_per_s": round(numbers.count / seconds, 1),
        "refused": dict(sending.refused),
        "again": hub.receiver.again,
        "cpu_us": {
            **{name: round(us, 1) for name, us in cpu_us.items()},
            "(devices)": round(sending.cpu_s / numbers.count * 1e6, 1),
        },
        "batch_ms": step_means(steps_before, await hub.steps()),
        "ran_away": _ran_away(phase, sending, [latency[n] for n in expected]),
    }
    for kind in ("plate", "line"):
        if of_kind := [seconds for n, seconds in latency.items() if numbers.kind(n) == kind]:
            found[kind] = percentiles(of_kind)
    if watched.exists():
        seen = json.loads(watched.read_text(encoding="utf-8"))
        found["hops"] = hops(numbers, seen, hub.receiver.entries, (sending.at, hub.receiver.arrived))
    return found


def _ran_away(phase: Phase, sending: Sending, latency: Sequence[float]) -> bool:
    """Tell whether more came than was worked off: the later alerts wait, or the devices do."""
    later = percentiles(latency[len(latency) // 2 :])["p50_ms"]
    return later > RUN_AWAY_MS or sending.taking_s > phase.seconds * LATE + 0.5


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
    numbers = {phase: phase.numbers(place * 1_000_000) for place, phase in enumerate(phases)}
    listed = [number for each in numbers.values() for step in each for number in step.of("plate")]
    found: dict[str, Any] = {}
    async with hub(broker, names, listed, folder) as running:
        for phase in phases:
            for step, events in zip(phase.steps(), numbers[phase], strict=True):
                each = {"rate": step.rate, **await measure(running, step, events)}
                say(
                    f"  {broker}, {len(names)} workers, {phase.name}: {step.rate:,}/s, p50 {each['p50_ms']:.0f} ms, "
                    f"p99 {each['p99_ms']:.0f} ms, {sum(each['cpu_us'].values()):,.0f} us of CPU an event"
                )
                if phase.rate is None and each["ran_away"]:
                    found.setdefault(phase.name, {**each, "rate": 0})["ran_away_at"] = step.rate
                    break
                found[phase.name] = each
    return found
