"""Lets faults happen in an order that follows from the seed, one or two at once, and waits for each recovery."""

import asyncio
import time
from collections.abc import Callable, Sequence
from random import Random

from tests.chaos.faults.fault import Fault, Happened
from tests.chaos.hub import Hub
from tests.chaos.oracle import Span
from tests.chaos.watch import Watch

TWO_AT_ONCE = 0.7
CALM_S = (1.0, 4.0)


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
        """Start all, end each after its time, wait until events flow again."""
        began, before = time.time(), self._watch.sent
        held = [(fault, self._random.uniform(*fault.holds_s), Random(self._random.random())) for fault in faults]
        details = await asyncio.gather(*(self._hold(*each) for each in held))
        recovery = await self._watch.flows()
        self.spans.append(Span(began - 1, time.time(), repeats=True))
        for (fault, seconds, _), (detail, ended) in zip(held, details, strict=True):
            waited = None if recovery is None else time.monotonic() - ended
            self.happened.append(Happened(fault.name, detail, seconds, waited, self._watch.sent - before))
            took = "NOT RECOVERED" if waited is None else f"flows again after {waited:.1f} s"
            self._say(f"{fault.name} ({detail or '-'}) for {seconds:.0f} s: {took}")

    async def _hold(self, fault: Fault, seconds: float, random: Random) -> tuple[str, float]:
        detail, ended = "", time.monotonic()
        try:
            detail = await fault.start(self._hub, random)
            await asyncio.sleep(seconds)
            ended = time.monotonic()
            await fault.stop(self._hub)
        except Exception as error:  # noqa: BLE001  # the run goes on and fails in the end
            self._say(f"{fault.name}: {error!r}")
            self.failed.append(f"{fault.name}: {error!r}")
        return detail, ended
