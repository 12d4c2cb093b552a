"""The ways in by themselves: what an event costs each gateway and the broker, as fast as they take them."""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.pipeline_hub import GATEWAYS, Hub, hub
from tests.benchmarks.pipeline_load import send
from tests.benchmarks.pipeline_world import Numbers

EVERY: Final = 10  # one plate, one line, the rest plates of nobody


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: by which gateway, how many events, and how many objects a request."""

    name: str
    over: str
    count: int
    objects: int | None = None


WAYS: Final = (
    Way("HTTP, an event a request", "http", 20_000),
    Way("GA/T 1400, an object a request", "viid", 10_000, 1),
    Way("GA/T 1400, 20 objects a request", "viid", 40_000, 20),
    Way("MQTT", "mqtt", 5_000),
)


def run(
    broker: str, say: Callable[[str], None], *, short: bool = False, ways: tuple[Way, ...] = WAYS
) -> dict[str, Any]:
    """Return by way in what was measured on one kind of broker, after as much again to warm up."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(broker, say, 4 if short else 1, ways, Path(folder)))


async def _run(
    broker: str, say: Callable[[str], None], share: int, ways: tuple[Way, ...], folder: Path
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with hub(broker, (), (), folder, sorted({way.over for way in ways} & {*GATEWAYS})) as running:
        for way in ways:
            for first in (0, way.count):  # the first time warms up
                found[way.name] = each = await _measure(running, way, Numbers(first, way.count // share, EVERY))
            say(
                f"  {way.name}: {each['events_per_s']:,.0f}/s; us of CPU an event: gateway {each['gateway_us']:.0f}, "
                f"broker {each['broker_us']:.0f}, devices {each['devices_us']:.0f}"
            )
    return found


async def _measure(running: Hub, way: Way, numbers: Numbers) -> dict[str, Any]:
    before = running.cpu_s()
    sending = await send(running.job(way.over, numbers, None, way.objects))
    running.components.check()
    cpu_us = {name: (after - before[name]) / numbers.count * 1e6 for name, after in running.cpu_s().items()}
    return {
        "events_per_s": round(sending.answered / sending.taking_s, 1),
        "refused": sending.refused,
        "gateway_us": round(cpu_us[way.over], 1),
        "broker_us": round(cpu_us["(broker)"], 1),
        "devices_us": round(sending.cpu_s / numbers.count * 1e6, 1),
    }
