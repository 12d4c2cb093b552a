"""The network between a worker and the brokers is cut."""

from random import Random

from tests.chaos.faults.fault import chosen
from tests.chaos.hub import Hub
from tests.chaos.proxy import How

NAMES: dict[How, str] = {
    "reset": "connections reset", "silence": "silence", "deaf": "no answer comes back", "mute": "no request gets out"
}  # fmt: skip


class Cut:
    """Connections of one worker are reset and refused, or fall silent, both ways or one way."""

    part = "workers"

    def __init__(self, how: How, holds_s: tuple[float, float] = (1.0, 60.0)) -> None:
        self.name = f"network cut: {NAMES[how]}"
        self.holds_s = holds_s
        self._how = how
        self._pid = 0

    async def start(self, hub: Hub, random: Random) -> str:
        worker = chosen(random, hub)
        self._pid = hub.workers.running[worker].process.pid
        await hub.network.cut(self._pid, self._how)
        return worker

    async def stop(self, hub: Hub) -> None:
        await hub.network.heal(self._pid)
