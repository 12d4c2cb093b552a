"""All faults, and those of the short form."""

from fairwatch.apps.demo.stage import GATEWAYS, PROCESSORS
from tests.chaos.faults.brokers import AllBrokersKilled, BrokerFrozen, BrokerKilled, DiskFull, StateDiskFull
from tests.chaos.faults.fault import Fault
from tests.chaos.faults.neighbours import RedisEmptied, RegistryDown, SinkIll
from tests.chaos.faults.network import Cut
from tests.chaos.faults.workers import Frozen, JoinAndLeave, Jump, Killed, KilledBetween

HOUR, LONG_S = 3600, (60.0, 120.0)


def every() -> list[Fault]:
    """Return each fault once."""
    return [
        *(Killed(name) for name in (*PROCESSORS, *GATEWAYS)),
        *(KilledBetween(name, "output") for name in ("group", "notify", "audit", "verify")),
        KilledBetween("group", "state"), KilledBetween("notify", "state"), JoinAndLeave(),
        Frozen(), Frozen(("group",)), Frozen(("notify",)),
        Jump(600), Jump(-600), Jump(600, ("notify",)), Jump(HOUR, ("group",), LONG_S), Jump(-HOUR, ("verify",), LONG_S),
        Jump(HOUR, holds_s=LONG_S), Jump(-HOUR, holds_s=LONG_S),
        *(BrokerKilled(node) for node in (1, 2, 3)), BrokerFrozen(1), BrokerFrozen(2), AllBrokersKilled(),
        DiskFull(), StateDiskFull(),
        Cut("reset"), Cut("silence"), Cut("deaf"), Cut("mute"), RedisEmptied(), RegistryDown(),
        SinkIll("slow"), SinkIll("down"), SinkIll("broken"), SinkIll("flapping"),
    ]  # fmt: skip


def short() -> list[Fault]:
    """Return a few faults that are over soon; no registry runs."""
    return [
        Killed("match"), KilledBetween("group", "output"), BrokerKilled(1), Cut("reset", (1.0, 5.0)), RedisEmptied(),
        SinkIll("flapping"),
    ]  # fmt: skip
