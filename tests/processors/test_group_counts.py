"""Whatever happens to whoever owns a group, its alerts together count each beginning once.

Against a naive model: several people of one group come, are still there, and go, at random; batches are torn off by a
crash and handled again, cut otherwise, by another worker with what was committed; clocks jump an hour and come back.
"""

from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from tests.support.processor_world import MemoryState
from tests.support.records import AT, trigger

OVER = ("ENDED", "CANCELLED")
PEOPLE, STEPS, HOUR_S = 4, 30, 3600
SETTLED_S = 30


class Owners:
    """Whoever owns the group, one after the other; what a crash tears off was never written."""

    def __init__(self, random: Random) -> None:
        self.random = random
        waits = {"group_wait": random.choice((0, 0, 2)), "group_interval": random.choice((0, 1, 5))}
        self.options = Options(
            resolve_after=timedelta(hours=6), tell_progress=random.random() < 0.3,
            **{name: timedelta(seconds=seconds) for name, seconds in waits.items()},
        )  # fmt: skip
        self.clock, self.state, self.written = ManualClock(AT), MemoryState(), list[dict]()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.group = Group({"tamper": self.options}, self.state, self.clock)

    async def handle(self, events: list[Event]) -> None:
        while events:
            batch, kept = events[: self.random.randint(1, 4)], self.state.snapshot()
            answers = [outcome for answer in await self.group.handle(batch) for outcome in answer]
            if self.random.random() < 0.25:
                self._crash(kept)
            else:
                events = events[len(batch) :]
                self._write(answers)

    async def wait(self, seconds: float) -> None:
        for _ in range(max(1, round(2 * seconds))):
            self.clock.advance(seconds=0.5)
            kept = self.state.snapshot()
            emits = await self.group.tick([0])
            if self.random.random() < 0.1:
                self._crash(kept)
            else:
                self._write(emits)

    def _crash(self, kept: dict[int, dict[str, str]]) -> None:
        self.state.restore(kept)
        self._begin_anew()

    def _write(self, outcomes) -> None:
        self.written += [each.record for each in outcomes if isinstance(each, Emit) and each.topic == "alerts"]


async def _play(owners: Owners) -> tuple[int, set[int]]:
    """Let people come and go; return how many beginnings there were since, and who is still there."""
    random, there, begun, waiting, ahead = owners.random, set[int](), 0, list[Event](), 0
    for number in range(STEPS):
        person, ends = random.randrange(PEOPLE), random.random() < 0.5
        if ends and person in there:
            there.discard(person)
        else:
            there.add(person)
            begun, ends = begun + 1, False
        waiting.append(_event(number, person, ends=ends, at=AT + number))
        if random.random() < 0.4:
            await owners.handle(waiting)
            waiting = waiting[-1:] if random.random() < 0.2 else []  # the last may come again under its old offset
        if random.random() < 0.4:
            await owners.wait(random.choice((0.5, 1, 3, 7)))
        if random.random() < 0.1:
            jump = random.choice((-HOUR_S, HOUR_S)) if not ahead else -ahead
            owners.clock.advance(seconds=jump)
            ahead += jump
    owners.clock.advance(seconds=-ahead)
    await owners.handle(waiting)
    return begun, there


def _event(number: int, person: int, *, ends: bool, at: int) -> Event:
    said = {"cause_id": f"thing#{person}", "kind": "TRACK"}
    state = "ENDED" if ends else "NEW"
    record = trigger(n=number, state=state, at=at, causes=[said], device_ids=[f"cam-{person % 3}"])
    return Event("alert-triggers", "Alert", record, record["group"], partition=0, offset=number)


@pytest.mark.parametrize("seed", range(12))
async def test_alerts_together_count_every_beginning_once_whatever_happens_to_their_owner(seed):
    owners = Owners(Random(seed))
    begun, there = await _play(owners)
    await owners.handle([_event(STEPS, 0, ends=False, at=AT + STEPS), _event(STEPS + 1, 0, ends=True, at=AT + STEPS)])
    await owners.wait(SETTLED_S)
    alerts = dict[str, list[dict]]()
    for each in owners.written:
        alerts.setdefault(each["alert_id"], []).append(each)
    assert sum(revisions[-1]["count"] for revisions in alerts.values()) == begun + 1
    states = [revisions[-1]["state"] for revisions in alerts.values()]
    assert [state in OVER for state in states] == [*[True] * (len(states) - 1), not there - {0}]
    for revisions in alerts.values():
        assert [each["revision"] for each in revisions] == list(range(len(revisions)))
        assert all(earlier["count"] <= later["count"] for earlier, later in pairwise(revisions))
