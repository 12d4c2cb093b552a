"""A crowd that only goes on tells nobody: what its last word counts is known up to that."""

import asyncio
from dataclasses import replace
from functools import cache

import pytest

from fairwatch.apps.settings import Settings
from tests.chaos import crowds
from tests.chaos.doors import Doors
from tests.chaos.found import Found
from tests.chaos.load import Load
from tests.chaos.oracle import Sent, expect
from tests.chaos.quiet import RATE, play
from tests.chaos.sink import Sink
from tests.chaos.verdict import judge
from tests.chaos.world import Event, World

STEPS = dict(zip(("begins", "another", "still there", "is gone"), crowds.steps(0), strict=False))
GROUP = crowds.group_of(0)
TOLD = round(3 * RATE)  # events that come until the crowd's first word is out


def _world(last: str) -> World:
    """Let two come, wait until that is told, and let the rest happen up to this step."""
    names = list(STEPS)
    numbers = dict(zip(names, (1, 2, TOLD, TOLD + 1), strict=True))
    world = World(1, numbers[last] + 1)
    events = [Event(number, "plain", raw=False, device="gate-1") for number in range(world.limit)]
    events[0] = replace(events[0], kind="listed")  # so that there is a watchlist
    for name in names[: names.index(last) + 1]:
        number, step = numbers[name], STEPS[name]
        events[number] = Event(number, "crowd", raw=False, device=step.device, step=step)
    world.__dict__.update(events=events, stories=[])
    return world


@cache
def _played(last: str) -> tuple[Sent, Found]:
    world = _world(last)
    return asyncio.run(play(world, world.limit))


def _count(found: Found) -> int:
    return [each for each in found.alerts if each.subject == GROUP][-1].count


@pytest.mark.parametrize(("last", "told"), [("another", 2), ("still there", 2), ("is gone", 3)])
def test_a_run_may_end_with_any_step_of_a_crowd(last, told):
    sent, found = _played(last)
    assert _count(found) == told
    assert not judge(sent, found).wrong


def test_one_more_or_less_than_that_is_wrong_and_the_finding_says_what_was_sent():
    sent, found = _played("is gone")
    for more in (-1, 1):
        told = replace(found, alerts=[*found.alerts[:-1], replace(found.alerts[-1], count=3 + more)])
        [line] = [line for line in judge(sent, told).wrong if "alerts count" in line]
        assert (
            f"1 alerts count {3 + more} instead of 3; alert {told.alerts[-1].alert_id} counts [2, {3 + more}]" in line
        )
        assert "sent since the one before: 3; last sent: 1 at " in line
        assert f"{STEPS['still there'].object_id} begin again" in line


def test_what_one_said_before_it_went_is_told_and_of_the_others_may_not_be():
    sent, _ = _played("still there")
    [life] = expect(sent)[GROUP].lives
    assert list(life.counts) == [2, 3]
    assert list(expect(_played("is gone")[0])[GROUP].lives[0].counts) == [3]


def test_the_load_goes_on_until_what_a_crowd_counts_is_told():
    load = Load(Settings(), _world("is gone"), RATE, 1, Doors({}, set()), Sink(""))
    assert not load.is_done()
    load.finish()
    positions = {1: True, 3: True, TOLD: True, TOLD + 1: False, TOLD + 2: True}
    for load.position, done in positions.items():
        assert load.is_done() is done
