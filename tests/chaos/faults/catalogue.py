"""All faults, and those of the short form."""

from fairwatch.apps.demo.stage import PROCESSORS
from tests.chaos.faults.brokers import AllBrokersKilled, BrokerKilled, DiskFull
from tests.chaos.faults.fault import Fault
from tests.chaos.faults.neighbours import RedisEmptied, RegistryDown, SinkIll
from tests.chaos.faults.network import Cut
from tests.chaos.faults.workers import JoinAndLeave, Jump, Killed


def every() -> list[Fault]:
    """Return each fault once."""
    return [
        *(Killed(name) for name in PROCESSORS), JoinAndLeave(), Jump(600), Jump(-600), Jump(600, ("notify",)),
        *(BrokerKilled(node) for node in (1, 2, 3)), AllBrokersKilled(), DiskFull(),
        Cut("reset"), Cut("silence"), RedisEmptied(), RegistryDown(),
        SinkIll("slow"), SinkIll("down"), SinkIll("broken"),
    ]  # fmt: skip


def short() -> list[Fault]:
    """Return a few faults that are over soon; no registry runs."""
    return [
        Killed("match"), BrokerKilled(1), Cut("reset", (1.0, 5.0)), RedisEmptied(), SinkIll("broken"),
    ]  # fmt: skip
