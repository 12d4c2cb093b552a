"""What a fault is."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from fairwatch.apps.demo.stage import PROCESSORS
from tests.chaos.hub import Hub


class Fault(Protocol):
    """Something that goes wrong for a while.

    Attributes:
        name: Line of the report.
        part: What it acts on: two faults of one part are never there at once.
        holds_s: Shortest and longest that it lasts.
    """

    name: str
    part: str
    holds_s: tuple[float, float]

    async def start(self, hub: Hub, random: Random) -> str:
        """Let it go wrong; return what was chosen, for the log."""
        ...

    async def stop(self, hub: Hub) -> None:
        """Let it be well again."""
        ...


@dataclass(frozen=True, slots=True)
class Happened:
    """One fault as it was.

    Attributes:
        recovery_s: From its end until newly sent events of every kind came through; None when they did not in time.
        events: How many were sent from its beginning to its recovery.
        is_kill: A worker got SIGKILL.
        works_s: From the SIGKILL until the process that was started in its place says that it is ready: its group has
            given it its partitions and it handles events. None when it did not in time, and where nobody was killed.
        disturbed: Something that a worker needs in order to start was away as well.
    """

    name: str
    detail: str
    held_s: float
    recovery_s: float | None
    events: int = 0
    is_kill: bool = False
    works_s: float | None = None
    disturbed: bool = False


def chosen(random: Random, hub: Hub, among: Sequence[str] = ()) -> str:
    """Return the name of a running worker, first of its processor."""
    workers = {hub.workers.of(name) for name in among or PROCESSORS}
    return random.choice(sorted(workers))
