"""`python -m tests.benchmarks.timers`: how late words of 10,000 groups are, woken as the engine wakes them."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from fairwatch.domain.clock import SystemClock
from fairwatch.domain.event import Event
from fairwatch.engine.alarm import Alarm
from fairwatch.engine.collector import tune_collector
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.policy.escalations import Escalations, EscalationsFile
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from tests.support.records import trigger

GROUPS, AT_ONCE, PACE_S = 10_000, 50, 0.02  # raised: so many in each pause
WAIT, STEP, REPEAT, LASTS_S = 2_000_000, 3_000_000, 6_000_000, 14.0  # microseconds; and how long the last is followed
BAR_MS = 100
POLICY = {"steps": [{"after": "3s", "tell": ["receiver:duty"]}], "last_resort": ["all"], "last_resort_after": "1h"}


class Watched:
    """Groups on the clock on the wall, and how late each of their words was, in microseconds."""

    def __init__(self) -> None:
        second = timedelta(microseconds=1)
        options = Options(
            group_wait=WAIT * second, repeat_interval=REPEAT * second, group_interval=second, escalation="night"
        )
        file = EscalationsFile.model_validate({"policies": {"night": POLICY}})
        state = PartitionedState()
        state.restore({0: Held({})})
        self.clock, self.late, self._since = SystemClock(), defaultdict[str, list[int]](list), dict[str, int]()
        self._group = Group({"tamper": options}, state, self.clock, escalations=Escalations(file, Path()))
        self._alarm = Alarm(1.0, self._group.due_at, self.clock)

    async def tick(self) -> None:
        """Tick whenever something is due, for ever."""
        while True:
            await self._alarm.wait()
            for emit in await self._group.tick([0]):
                if emit.topic == "alerts":
                    self._note(emit.record)

    async def raise_some(self, numbers: range) -> None:
        """Let as many groups begin."""
        now, events = self.clock.now(), []
        for n in numbers:
            cause = {"cause_id": "c", "kind": "CONDITION", "state": "FIRING", "device_id": "cam-1",
                     "event_type": "tamper.covered", "started_at": now, "updated_at": now}  # fmt: skip
            record = trigger(f"tamper|{n}", n=n, at=now, causes=[cause])
            events.append(Event("alert-triggers", "Alert", record, record["group"], {}, 0, n))
            self._since[record["group"]] = now
        await self._group.handle(events)
        self._alarm.look_again()

    def _note(self, alert: dict[str, Any]) -> None:
        group, at = alert["group"], alert["issued_at"]
        if alert.get("addressed_to") is not None:
            self.late["escalation"].append(at - self._since[group] - STEP)
            return
        kind, wait = ("group_wait", WAIT) if alert["state"] == "NEW" else ("repeat", REPEAT)
        self.late[kind].append(at - self._since[group] - wait)
        self._since[group] = at


async def _measured(groups: int) -> dict[str, list[int]]:
    watched = Watched()
    tune_collector()
    ticking = asyncio.create_task(watched.tick())
    for first in range(0, groups, AT_ONCE):
        await watched.raise_some(range(first, first + AT_ONCE))
        await asyncio.sleep(PACE_S)
    await asyncio.sleep(LASTS_S)
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    return watched.late


def run(groups: int = GROUPS) -> dict[str, float]:
    """Return by kind of timer what 99 of 100 are not later than, in milliseconds; none may be early."""
    late = asyncio.run(_measured(groups))
    if min(map(min, late.values())) < 0:
        raise AssertionError("a word came before its time")
    return {kind: round(float(np.percentile(values, 99)) / 1000, 1) for kind, values in sorted(late.items())}


if __name__ == "__main__":
    for name, value in run().items():
        Console().print(f"{name:<12} p99 {value:6.1f} ms late (bar {BAR_MS})", highlight=False)
