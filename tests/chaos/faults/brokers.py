"""Brokers are killed one at a time or all at once; the disk of one is full."""

import asyncio
from collections.abc import Callable
from random import Random

from tests.chaos.hub import Hub
from tests.chaos.leaders import lead_state
from tests.support.kafka_cluster import Broker


class OneBroker:
    """Something is done to one broker of three, then undone."""

    part = "brokers"
    holds_s: tuple[float, float]
    said = ""
    what: str
    done: Callable[[Broker], None]
    undone: Callable[[Broker], None]

    def __init__(self, node: int) -> None:
        self.name = f"broker {node} {self.what}"
        self._node = node

    async def start(self, hub: Hub, random: Random) -> str:
        await asyncio.to_thread(type(self).done, hub.cluster.brokers[self._node - 1])
        return self.said

    async def stop(self, hub: Hub) -> None:
        await asyncio.to_thread(type(self).undone, hub.cluster.brokers[self._node - 1])


class BrokerKilled(OneBroker):
    """It is killed and started again."""

    what, said = "killed", "SIGKILL"
    holds_s = (4.0, 12.0)
    done, undone = Broker.kill, Broker.again


class BrokerFrozen(OneBroker):
    """It stands still, connections open."""

    what = "frozen"
    holds_s = (5.0, 20.0)
    done, undone = Broker.pause, Broker.resume


class AllBrokersKilled:
    """All brokers are killed at once."""

    name = "all brokers killed"
    part = "brokers"
    holds_s = (3.0, 10.0)

    async def start(self, hub: Hub, random: Random) -> str:
        await asyncio.to_thread(hub.cluster.kill_all)
        return "SIGKILL"

    async def stop(self, hub: Hub) -> None:
        await asyncio.to_thread(hub.cluster.again_all)


class DiskFull:
    """The disk of the last broker is filled, then freed; Kafka gives up on such a disk, so it is started again."""

    name = "the disk of a broker is full"
    part = "brokers"
    holds_s = (10.0, 20.0)

    async def start(self, hub: Hub, random: Random) -> str:
        await asyncio.to_thread(hub.cluster.disk.fill)
        return "broker 3"

    async def stop(self, hub: Hub) -> None:
        await asyncio.to_thread(self._freed, hub)

    def _freed(self, hub: Hub) -> None:
        hub.cluster.disk.free()
        broker = hub.cluster.brokers[-1]
        container = broker.get_wrapped_container()
        container.reload()
        if container.status == "running":
            container.kill()
        broker.again()


class StateDiskFull(DiskFull):
    """Only what leads state topics has a full disk: the last broker leads them, and nothing else, meanwhile."""

    name = "the disk of the state's leader is full"

    async def start(self, hub: Hub, random: Random) -> str:
        await asyncio.to_thread(lead_state, hub.cluster.bootstrap)
        return await super().start(hub, random)
