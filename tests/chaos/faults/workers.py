"""Processors are killed; workers join and leave; the clock of one jumps."""

from random import Random

from tests.chaos.faults.fault import chosen
from tests.chaos.hub import Hub

JUMP_S = 600


class Killed:
    """A processor gets SIGKILL and is started again."""

    part = "workers"
    holds_s = (0.5, 5.0)

    def __init__(self, processor: str) -> None:
        self.name = f"{processor} killed"
        self._processor = processor

    async def start(self, hub: Hub, random: Random) -> str:
        await hub.workers.kill(self._processor)
        return "SIGKILL"

    async def stop(self, hub: Hub) -> None:
        await hub.workers.again(self._processor)


class JoinAndLeave:
    """A second worker of a processor joins, works along, and leaves."""

    name = "a worker joins and leaves"
    part = "workers"
    holds_s = (15.0, 30.0)

    def __init__(self) -> None:
        self._joined = ""

    async def start(self, hub: Hub, random: Random) -> str:
        processor = chosen(random, hub)
        self._joined = f"{processor}-2"
        await hub.workers.join(self._joined, processor)
        return processor

    async def stop(self, hub: Hub) -> None:
        await hub.workers.leave(self._joined)


class Jump:
    """The wall clock of one worker jumps and comes back."""

    part = "workers"
    holds_s = (10.0, 25.0)

    def __init__(self, seconds: int = JUMP_S, among: tuple[str, ...] = ()) -> None:
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
