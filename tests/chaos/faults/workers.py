"""Processors are killed; workers join and leave; the clock of one jumps."""

import asyncio
import time
from random import Random
from typing import Literal

from tests.chaos.faults.fault import chosen
from tests.chaos.hub import Hub

JUMP_S = 600
TRIP_S = 60.0  # so long a worker may take to its next write


class Killing:
    """A worker gets SIGKILL and is started again.

    Attributes:
        victim: Which.
        killed_at: When; monotonic seconds.
    """

    part = "workers"

    def __init__(self, name: str, processor: str, holds_s: tuple[float, float]) -> None:
        self.name = name
        self.holds_s = holds_s
        self.victim = ""
        self.killed_at = 0.0
        self._processor = processor

    async def start(self, hub: Hub, random: Random) -> str:
        self.victim = hub.workers.of(self._processor)
        await self._end(hub)
        self.killed_at = time.monotonic()
        return "SIGKILL"

    async def _end(self, hub: Hub) -> None:
        await hub.workers.kill(self.victim)

    async def stop(self, hub: Hub) -> None:
        await hub.workers.again(self.victim)


class Killed(Killing):
    """It is killed whatever it is doing."""

    def __init__(self, processor: str) -> None:
        super().__init__(f"{processor} killed", processor, (0.5, 5.0))


class KilledBetween(Killing):
    """It is killed between an acknowledged output and its state, or between the state and the offsets."""

    def __init__(self, processor: str, after: Literal["output", "state"]) -> None:
        super().__init__(f"{processor} killed after its {after}", processor, (0.5, 2.0))
        self._after = after

    async def _end(self, hub: Hub) -> None:
        hub.workers.trip(self.victim, self._after)
        await asyncio.wait_for(hub.workers.running[self.victim].process.wait(), TRIP_S)

    async def stop(self, hub: Hub) -> None:
        hub.workers.running[self.victim].trip.unlink(missing_ok=True)
        await hub.workers.kill(self.victim)  # where it did not write in time
        await super().stop(hub)


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
