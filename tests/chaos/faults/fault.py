"""What a fault is."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

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
    """

    name: str
    detail: str
    held_s: float
    recovery_s: float | None


def chosen(random: Random, hub: Hub, among: Sequence[str] = ()) -> str:
    """Return the name of a running worker, first of its processor."""
    names = [name for name in hub.workers.running if "-" not in name and (not among or name in among)]
    return random.choice(sorted(names))
