"""Lets faults happen in an order that follows from the seed, one or two at once, and waits for each recovery."""

import asyncio
import time
from collections.abc import Callable, Sequence
from random import Random

from tests.chaos.faults.fault import Fault, Happened
from tests.chaos.faults.workers import Killing
from tests.chaos.hub import Hub
from tests.chaos.oracle import Span
from tests.chaos.watch import RECOVERY_S, Watch

TWO_AT_ONCE = 0.7
CALM_S = (1.0, 4.0)
NEEDED = ("brokers", "registry")  # a worker cannot start without


class Conductor:
    """One run's faults.

    Args:
        faults: Each happens at least once, in a random order; further ones as long as events are to be sent.
        say: Told of each fault.

    Attributes:
        spans: When each was, until everything flowed again.
        failed: Faults that could not be made to happen, or to end.
        enough: No further fault begins once it is set.
    """

    def __init__(
        self, hub: Hub, watch: Watch, faults: Sequence[Fault], random: Random, say: Callable[[str], None]
    ) -> None:
        self._hub = hub
        self._watch = watch
        self._faults = list(faults)
        self._random = random
        self._say = say
        self.happened: list[Happened] = []
        self.failed: list[str] = []
        self.spans: list[Span] = []
        self.enough = asyncio.Event()

    async def play(self, go_on: Callable[[], bool], until: float) -> None:
        """Let every fault happen, then any as long as `go_on` says so; none begins after `until` (monotonic)."""
        self._random.shuffle(self._faults)
        waiting = list(self._faults)
        while (waiting or go_on()) and time.monotonic() < until and not self.enough.is_set():
            if not waiting:
                waiting = self._random.sample(self._faults, len(self._faults))
            await self._together(self._next(waiting))
            await asyncio.sleep(self._random.uniform(*CALM_S))

    def _next(self, waiting: list[Fault]) -> list[Fault]:
        """Take one fault, or two of different parts."""
        first = waiting.pop(0)
        others = [fault for fault in waiting if fault.part != first.part]
        if not others or self._random.random() >= TWO_AT_ONCE:
            return [first]
        waiting.remove(others[0])
        return [first, others[0]]

    async def _together(self, faults: Sequence[Fault]) -> None:
        """Start all, end each after its time, and wait until events flow again after each."""
        began = time.time()
        held = [(fault, self._random.uniform(*fault.holds_s), Random(self._random.random())) for fault in faults]
        found = await asyncio.gather(*(self._hold(fault, faults, *how) for fault, *how in held))
        self.spans.append(Span(began - 1, time.time(), repeats=True))
        for each in found:
            self.happened.append(each)
            self._say(said(each))

    async def _hold(self, fault: Fault, faults: Sequence[Fault], seconds: float, random: Random) -> Happened:
        detail, before = "", self._watch.sent
        try:
            detail = await fault.start(self._hub, random)
            await asyncio.sleep(seconds)
            ended = time.monotonic()
            await fault.stop(self._hub)
        except Exception as error:  # noqa: BLE001  # the run goes on and fails in the end
            ended = time.monotonic()
            self._say(f"{fault.name}: {error!r}")
            self.failed.append(f"{fault.name}: {error!r}")
        works, flows = await asyncio.gather(self._works(fault), self._watch.flows())
        return Happened(
            fault.name,
            detail,
            seconds,
            None if flows is None else time.monotonic() - ended,
            events=self._watch.sent - before,
            is_kill=isinstance(fault, Killing),
            works_s=works,
            disturbed=any(other.part in NEEDED for other in faults if other is not fault),
        )

    async def _works(self, fault: Fault) -> float | None:
        """Wait until who was killed works again; return seconds since it was killed."""
        if isinstance(fault, Killing) and await self._hub.workers.works(fault.victim, RECOVERY_S):
            return time.monotonic() - fault.killed_at
        return None


def said(each: Happened) -> str:
    """Return one fault in a line."""
    flows = "NOT RECOVERED" if each.recovery_s is None else f"flows again after {each.recovery_s:.1f} s"
    works = f"works again {each.works_s:.1f} s after SIGKILL, " if each.works_s is not None else ""
    if each.is_kill and each.works_s is None:
        works = "DOES NOT WORK AGAIN, "
    return f"{each.name} ({each.detail or '-'}) for {each.held_s:.0f} s: {works}{flows}"
