"""Crowds: groups into which many events of several devices come as long as the run lasts, and which go on and off.

A crowd is told after a wait and then at most once in an interval, so that its ends and beginnings lie between two
messages. How timing cuts that into alerts is left open; how much it counts in all, and whether it is over, is not. That
somebody is still there is no change: it is counted at once and told with the next one.
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a crowd has to come to.

    Attributes:
        count: How many beginnings there were.
        quiet: How many of these may not be told yet: nothing changed since, somebody was only said to be still there.
            Events of different devices have no order, so a change may as well have come after it.
        over: Whether nobody is there any more.
    """

    count: int
    quiet: int
    over: bool


def outcome(taken: Iterable[Step]) -> Outcome:
    """Return what steps that were taken come to.

    >>> there = Step(0, "a", "crowd-0", "begin", False)
    >>> outcome([there, Step(0, "a", "crowd-0", "begin", True)])
    Outcome(count=2, quiet=1, over=False)
    >>> outcome([there, Step(0, "a", "crowd-0", "end", True)])
    Outcome(count=1, quiet=0, over=True)
    """
    begun, there = 0, dict[str, int]()  # how often each of those who are there was said to be still there
    for step in taken:
        if step.deed == "begin":
            begun += 1
            there[step.object_id] = there.get(step.object_id, -1) + 1
        else:
            there.pop(step.object_id, None)
    return Outcome(begun, sum(there.values()), not there)


def is_quiet(taken: Iterable[Step]) -> bool:
    """Tell whether a crowd among these steps counts more than it may have told."""
    all_ = list(taken)
    return any(outcome(step for step in all_ if step.crowd == crowd).quiet for crowd in range(CROWDS))


def group_of(crowd: int) -> str:
    """Return the group into which its events come."""
    return f"{RULE}|{site_of(crowd)}"


def site_of(crowd: int) -> str:
    """Return where it stands; no other crowd stands there."""
    return f"crowd-{crowd}"


def device_of(crowd: int, number: int) -> str:
    """Return one of the devices that see it."""
    return f"{site_of(crowd)}-{number}"
