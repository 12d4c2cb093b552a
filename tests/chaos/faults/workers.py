"""Processors are killed; workers join and leave; the clock of one jumps."""

import asyncio
from random import Random
from typing import Literal

from tests.chaos.faults.fault import chosen
from tests.chaos.hub import Hub

JUMP_S = 600
TRIP_S = 60.0  # so long a worker may take to its next write


class Killed:
    """A processor gets SIGKILL and is started again."""

    part = "workers"
    holds_s = (0.5, 5.0)

    def __init__(self, processor: str) -> None:
        self.name = f"{processor} killed"
        self._processor = processor

    async def start(self, hub: Hub, random: Random) -> str:
        await hub.workers.kill(hub.workers.of(self._processor))
        return "SIGKILL"

    async def stop(self, hub: Hub) -> None:
        await hub.workers.again(hub.workers.of(self._processor))


class KilledBetween:
    """A processor gets SIGKILL between an acknowledged output and its state, or between the state and the offsets."""

    part = "workers"
    holds_s = (0.5, 2.0)

    def __init__(self, processor: str, after: Literal["output", "state"]) -> None:
        self.name = f"{processor} killed after its {after}"
        self._processor = processor
        self._after = after

    async def start(self, hub: Hub, random: Random) -> str:
        name = hub.workers.of(self._processor)
        hub.workers.trip(name, self._after)
        await asyncio.wait_for(hub.workers.running[name].process.wait(), TRIP_S)
        return "SIGKILL"

    async def stop(self, hub: Hub) -> None:
        name = hub.workers.of(self._processor)
        hub.workers.running[name].trip.unlink(missing_ok=True)
        await hub.workers.kill(name)
        await hub.workers.again(name)


class Frozen:
    """A worker stands still for longer than its session, loses its partitions, and goes on."""

    part = "workers"

    def __init__(self, among: tuple[str, ...] = (), holds_s: tuple[float, float] = (13.0, 20.0)) -> None:
        self.name = f"{among[0] if among else 'a worker'} frozen"
        self.holds_s = holds_s
        self._among = among
        self._worker = ""

    async def start(self, hub: Hub, random: Random) -> str:
        self._worker = chosen(random, hub, self._among)
        hub.workers.freeze(self._worker)
        return self._worker

    async def stop(self, hub: Hub) -> None:
        hub.workers.thaw(self._worker)


class JoinAndLeave:
    """A second worker of a processor joins, works along, and leaves."""

    name = "a worker joins and leaves"
    part = "workers"
    holds_s = (15.0, 30.0)

    def __init__(self) -> None:
        self._joined = ""

    async def start(self, hub: Hub, random: Random) -> str:
        processor = hub.workers.running[chosen(random, hub)].processor
        self._joined = f"{processor}-2"
        await hub.workers.join(self._joined, processor)
        return processor

    async def stop(self, hub: Hub) -> None:
        await hub.workers.leave(self._joined)


class Jump:
    """The wall clock of one worker jumps and comes back."""

    part = "workers"

    def __init__(
        self, seconds: int = JUMP_S, among: tuple[str, ...] = (), holds_s: tuple[float, float] = (10.0, 25.0)
    ) -> None:
        self.holds_s = holds_s
        self.name = f"the clock of {among[0] if among else 'a worker'} jumps {seconds // 60:+d} min"
        self._seconds = seconds
        self._among = among
        self._worker = ""

    async def start(self, hub: Hub, random: Random) -> str:
        self._worker = chosen(random, hub, self._among)
        hub.workers.jump(self._worker, self._seconds)
        return self._worker

    async def stop(self, hub: Hub) -> None:
        hub.workers.jump(self._worker, 0)
