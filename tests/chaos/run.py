"""One run: the hub, the load, the faults, the drain, the verdict."""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from kafka.errors import KafkaError

from tests.chaos.conductor import Conductor
from tests.chaos.doors import Doors
from tests.chaos.faults.fault import Fault, Happened
from tests.chaos.found import collect
from tests.chaos.hub import Hub, running
from tests.chaos.load import Load
from tests.chaos.verdict import Verdict, judge
from tests.chaos.waiting import waiting
from tests.chaos.watch import Watch
from tests.chaos.workers import EACH_ALONE, Partition
from tests.chaos.world import World

DRAIN_S = 300.0
WAITING = "waiting.txt"
QUIET_S = 5.0
BEYOND_S = 600.0  # events must not run out before the first fault begins or the last one has recovered
ROOM = 1.3  # events that there may be beyond those wanted, while faults go on


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for.

    Attributes:
        events: At least so many are sent.
        rate: Events a second.
        minutes: No fault begins later; everything has to happen at least once before.
        registry: Confluent's framing, with a schema registry.
        partition: Which processors run in which process.
    """

    seed: int
    events: int
    rate: float
    minutes: float
    registry: bool
    faults: Sequence[Fault]
    partition: Partition = EACH_ALONE


@dataclass(slots=True)
class Run:
    """What came of it."""

    verdict: Verdict
    happened: list[Happened]
    facts: dict[str, Any] = field(default_factory=dict)


async def run(plan: Plan, folder: Path, say: Callable[[str], None]) -> Run:
    """Do it; the folder is left with the logs."""
    loop, whole = asyncio.get_running_loop(), asyncio.current_task()
    assert whole is not None
    loop.add_signal_handler(signal.SIGTERM, whole.cancel)  # whatever was started is ended
    limit = max(round(plan.events * ROOM), round(plan.rate * (plan.minutes * 60 + BEYOND_S)))
    world = World(plan.seed, limit)
    say(f"seed {plan.seed}: at least {plan.events} events at {plan.rate:g}/s; logs in {folder}")
    async with running(folder, world, with_registry=plan.registry, partition=plan.partition) as hub:
        load = Load(hub.settings, world, plan.rate, plan.events, Doors(hub.addresses, set()), hub.sink)
        sending, answering = asyncio.create_task(load.run()), asyncio.create_task(load.answer())
        async with Watch(hub, load) as watch:
            first = await watch.flows()
            say(f"everything runs; events flow after {first or 0:.1f} s")
            conductor = Conductor(hub, watch, plan.faults, Random(plan.seed), say)
            loop.add_signal_handler(signal.SIGINT, _enough, conductor, load, whole)
            began = time.monotonic()
            await conductor.play(lambda: load.position < plan.events, began + plan.minutes * 60)
            load.finish()
            await sending
            say(f"{load.position} events sent in {time.monotonic() - began:.0f} s; waiting until all have come through")
            drained = await _drained(watch, load, answering)
            say(f"all came through after {drained:.1f} s" if drained else f"missing: {_missing(watch)}")
            if not drained:
                await _explained(hub, folder, say)
        return await _judged(hub, load, conductor)


def _enough(conductor: Conductor, load: Load, whole: asyncio.Task[Any]) -> None:
    """End in order: no further fault, no further event; asked a second time, end at once."""
    if conductor.enough.is_set():
        whole.cancel()
    conductor.enough.set()
    load.events = load.position


def _missing(watch: Watch) -> str:
    return f"{len(watch.missing())} events, {len(watch.untold())} subjects"


async def _explained(hub: Hub, folder: Path, say: Callable[[str], None]) -> None:
    """Leave beside the logs where everybody stands, and in each log what its process waits for."""
    hub.workers.tell()
    try:
        lines = await asyncio.to_thread(waiting, hub.settings, hub.workers.groups)
    except KafkaError as error:
        lines = [f"unknown: {error!r}"]
    (folder / WAITING).write_text("\n".join(lines) + "\n", encoding="utf-8")
    say(f"what waits stands in {folder / WAITING} ({len(lines)} lines); what each process waits for, in its log")


async def _drained(watch: Watch, load: Load, answering: asyncio.Task[None]) -> float | None:
    began = time.monotonic()
    try:
        return await _all_came(watch, load, began)
    finally:
        answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering


async def _all_came(watch: Watch, load: Load, began: float) -> float | None:
    while time.monotonic() < began + DRAIN_S:
        if not watch.missing() and not load.unanswered() and not watch.untold():
            await asyncio.sleep(QUIET_S)  # what comes twice comes late
            return time.monotonic() - began
        await asyncio.sleep(1)
    return None


async def _judged(hub: Hub, load: Load, conductor: Conductor) -> Run:
    found = await asyncio.to_thread(collect, hub.settings, hub.sink)
    found.shown = await hub.shown({each.alert_id for each in found.alerts})
    sent = replace(load.sent(), faults=conductor.spans)
    facts = {
        "seed": load.world.seed, "events": load.position, "rate": load.rate, "registry": hub.registry is not None,
        "poison": len(load.poison), "resent_by_load": len(load.resent), "answered_500": hub.sink.refused,
        "forged": hub.sink.forged, "forbidden_events": sum(sent.forbidden(event) for event in sent.events),
        "answers": sum(map(len, load.answers.values())), "silences": len(load.quiet_at),
        "through_gateways": load.doors.taken, "processes": list(hub.workers.running),
        "ended_by_themselves": [f"{name}: {code}" for name, code in hub.workers.ended],
        "failed_faults": conductor.failed,
    }  # fmt: skip
    return Run(judge(sent, found), conductor.happened, facts)
