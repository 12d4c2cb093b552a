"""Crowds: groups into which many events of several devices come as long as the run lasts, and which go on and off.

A crowd is told after a wait and then at most once in an interval, so that its ends and beginnings lie between two
messages. How timing cuts that into alerts is left open; how much it counts in all, and whether it is over, is not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

CROWDS, CROWD_DEVICES = 2, 3
EVENT_TYPE = "loitering"
RULE = "crowds"
# Object and what it does; nobody is there after the last step and after the one before the last two.
ROUND: tuple[tuple[int, Literal["begin", "end"]], ...] = (
    (0, "begin"), (1, "begin"), (0, "begin"), (0, "end"), (2, "begin"), (1, "end"), (2, "end"), (3, "begin"),
    (3, "end"),
)  # fmt: skip
FIRST_ID = 1_777_225_600  # after those of stories; Frigate's own begin with a time


@dataclass(frozen=True, slots=True)
class Step:
    """What one of a crowd does.

    Attributes:
        again: It was said to be there before.
    """

    crowd: int
    object_id: str
    device: str
    deed: Literal["begin", "end"]
    again: bool


def steps(crowd: int) -> Iterator[Step]:
    """Yield what happens in a crowd, without an end; each object is of one device, so that its events keep order."""
    for turn in count():
        known: set[int] = set()
        for number, deed in ROUND:
            object_id = f"{FIRST_ID + crowd * 5_000_000 + turn * 10 + number}.0-7c4x2k"
            yield Step(crowd, object_id, device_of(crowd, (turn + number) % CROWD_DEVICES), deed, number in known)
            known.add(number)


def outcome(taken: Iterable[Step]) -> tuple[int, bool]:
    """Return how many beginnings there were, and whether all are over.

    >>> there = Step(0, "a", "crowd-0", "begin", False)
    >>> outcome([there, Step(0, "a", "crowd-0", "begin", True)]), outcome([there, Step(0, "a", "crowd-0", "end", True)])
    ((2, False), (1, True))
    """
    begun, there = 0, set[str]()
    for step in taken:
        if step.deed == "begin":
            begun += 1
            there.add(step.object_id)
        else:
            there.discard(step.object_id)
    return begun, not there


def group_of(crowd: int) -> str:
    """Return the group into which its events come."""
    return f"{RULE}|{site_of(crowd)}"


def site_of(crowd: int) -> str:
    """Return where it stands; no other crowd stands there."""
    return f"crowd-{crowd}"


def device_of(crowd: int, number: int) -> str:
    """Return one of the devices that see it."""
    return f"{site_of(crowd)}-{number}"
