"""`python -m tests.benchmarks.rules`: the pace of rules, groups and back-tests on one core, without a broker."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console

from fairwatch.apps.backtest.history import Listed
from fairwatch.apps.backtest.play import processors
from fairwatch.apps.backtest.run import backtest
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.memory import HIDDEN
from fairwatch.engine.collector import tune_collector
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.processors.group import Group
from fairwatch.processors.route import Route
from tests.benchmarks import timers
from tests.support.records import AT, sighting

BARS = {
    "route_per_s": 10_000,
    "group_per_s": 20_000,
    "group_state_kib": 64,
    "backtest_per_s": 10_000,
    "timers_late_ms": timers.BAR_MS,
}
TYPES = ("line.crossed", "zone.inside", "object.detected", "tamper.covered", "zone.entered")
GROUPS, BATCH, DAY = 10_000, 4_000, 86_400_000_000
NOBODY = MemoryReference()


def run(*, short: bool = False) -> dict[str, float]:
    """Return each number by name; rates are of one core's time, that of back-tests of all cores', lateness is p99."""
    share = 10 if short else 1
    return {
        "route_per_s": _route(20_000 // share),
        "group_per_s": _group(100_000 // share),
        "group_state_kib": _state_of_one(100_000 // share),
        "backtest_per_s": _backtest(200_000 // share),
        "timers_late_ms": max(timers.run(timers.GROUPS // share).values()),
    }


def _rate(count: int, work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return round(count / (time.process_time() - began))


def _rules(seed: int = 1) -> RouteTree:
    """Return 500 rules of which 50 have an expression."""
    pick, rows = random.Random(seed), list[dict[str, Any]]()
    for number in range(500):
        match: dict[str, Any] = {"event_types": [pick.choice(TYPES)]}
        kind = ("devices", "sites", "zones", "sites", "zones")[number % 5]
        match[kind] = [{"devices": f"cam-{number % 200}", "sites": f"site-{number % 50}"}.get(kind, f"z-{number % 80}")]
        if number % 10 == 4:
            match["when"] = 'confidence > 0.3 && (hour >= 22 || hour < 6) && !("yard" in zones)'
        rows.append({"name": f"rule-{number}", "match": match, "continue": number % 3 == 0})
    return RouteTree(Routes.model_validate({"route": {"receivers": ["room"], "routes": rows}}))


def _sightings(count: int, span: int = DAY) -> Iterator[dict[str, Any]]:
    pick = random.Random(2)
    for n in range(count):
        yield sighting(
            pick.choice(TYPES),
            f"cam-{pick.randrange(200)}",
            n=n,
            occurred_at=AT + n * span // count,
            site_id=f"site-{pick.randrange(50)}",
            zones=[f"z-{pick.randrange(80)}"],
            observation={"confidence": {"value": pick.random()}},
        )


def _route(count: int) -> float:
    route = Route(_rules(), NOBODY)
    events = [Event("sightings", "Sighting", one, "", {}, 0, n) for n, one in enumerate(_sightings(count))]
    return _rate(count, lambda: asyncio.run(_handle(route, events)))


def _triggers(count: int, devices: int, group_by: list[str], event_type: str) -> list[Event]:
    """Return what `route` makes of so many sightings of so many devices; of each object there are two."""
    rule = {"name": "all", "group_by": group_by, "match": {"event_types": [event_type]}}
    route = Route(RouteTree(Routes.model_validate({"route": {"receivers": ["room"], "routes": [rule]}})), NOBODY)
    seen = []
    for n in range(count):
        lifecycle = ("START", "END")[n // devices % 2]
        said = {"lifecycle": lifecycle, "object_id": f"o-{n // devices // 2}", "confidence": {"value": 0.9}}
        seen.append(
            sighting(event_type, f"cam-{n % devices}", n=n, zones=["yard"], occurred_at=AT + n, observation=said)
        )
    events = [Event("sightings", "Sighting", one, "", {}, 0, n) for n, one in enumerate(seen)]
    answers = asyncio.run(_handle(route, events))
    found = [emit.record for answer in answers for emit in answer if getattr(emit, "topic", "") == "alert-triggers"]
    return [Event("alert-triggers", "Alert", one, one["group"], {}, 0, n) for n, one in enumerate(found)]


def _group(count: int) -> float:
    state = PartitionedState()
    state.restore({0: Held({})})
    group = Group({}, state, ManualClock(AT))
    events = _triggers(count, GROUPS, ["device_id"], "line.crossed")
    tune_collector()  # as every worker does
    return _rate(count, lambda: asyncio.run(_handle(group, events)))


def _state_of_one(count: int) -> float:
    """Return what a group of so many triggers holds, in KiB, apart from the memory of what was done.

    200 devices raise it, whose objects come and go: all that a group keeps of its causes is full.
    """
    state, clock = PartitionedState(), ManualClock(AT)
    state.restore({0: Held({})})
    group = Group({}, state, clock)
    asyncio.run(_handle(group, _triggers(count, 200, [], "zone.inside")))
    rows = [(key, value) for _, key, value in state.changes() if not key.startswith(HIDDEN) or "causes." in key]
    return round(sum(len(value or b"") + len(key) for key, value in rows) / 1024, 1)


def _backtest(count: int) -> float:
    """Return the pace by the clock on the wall, with a process for each processor; all else here is of one core."""
    history = Listed([("Sighting", one) for one in _sightings(count)])
    old, new = _rules(1), _rules(3)
    began = time.perf_counter()
    backtest(old, new, history, {}, processes=processors())
    return round(count / (time.perf_counter() - began))


async def _handle(processor: Any, events: list[Event]) -> list[Any]:
    answers: list[Any] = []
    for first in range(0, len(events), BATCH):
        answers += await processor.handle(events[first : first + BATCH])
    return answers


if __name__ == "__main__":
    out = Console()
    for name, value in run().items():
        out.print(f"{name:<18} {value:>10,} (bar {BARS[name]:,})", highlight=False)
