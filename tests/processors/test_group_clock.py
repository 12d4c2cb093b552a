"""A clock that was ahead and was put right keeps nothing waiting, wherever it was."""

from datetime import timedelta

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, trigger

HOUR = 3600
RULES = {"tamper": Options(group_wait=timedelta(seconds=3), group_interval=timedelta(seconds=5))}


@pytest.fixture
def state() -> MemoryState:
    return MemoryState()


def _world(state: MemoryState, seconds: float) -> World:
    clock = ManualClock(AT + round(seconds * 1_000_000))
    return World(Group(RULES, state, clock), clock)


async def _alerts(world: World, seconds: float) -> list[tuple[str, int]]:
    """Let time pass in ticks and return (state, count) of what is written."""
    written = []
    for _ in range(round(seconds)):
        written += [emit.record for emit in await world.tick(1) if emit.topic == "alerts"]
    return [(alert["state"], alert["count"]) for alert in written]


async def _push(world: World, number: int) -> None:
    await world.push(world.event("alert-triggers", "Alert", trigger(n=number), key="group"))


async def test_a_first_alert_comes_after_its_wait_although_the_clock_was_an_hour_ahead(state):
    world = _world(state, HOUR)
    await _push(world, 1)
    world.clock.advance(seconds=-HOUR)
    assert await _alerts(world, 5) == [("NEW", 1)]


async def test_an_update_comes_after_its_interval_although_the_clock_was_an_hour_ahead(state):
    world = _world(state, HOUR)
    await _push(world, 1)
    assert await _alerts(world, 4) == [("NEW", 1)]
    await _push(world, 2)
    world.clock.advance(seconds=-HOUR)
    assert await _alerts(world, 7) == [("UPDATED", 2)]


async def test_what_is_folded_in_after_the_clock_was_put_right_waits_for_its_interval_only(state):
    world = _world(state, HOUR)
    await _push(world, 1)
    assert await _alerts(world, 4) == [("NEW", 1)]
    world.clock.advance(seconds=-HOUR)
    await _push(world, 2)
    assert await _alerts(world, 7) == [("UPDATED", 2)]


async def test_a_worker_that_takes_over_from_one_with_a_clock_ahead_lets_nobody_wait(state):
    ahead = _world(state, HOUR)
    await _push(ahead, 1)
    successor = _world(state, 0)
    assert await _alerts(successor, 5) == [("NEW", 1)]


async def test_a_quiet_alert_ends_in_its_time_although_the_clock_was_an_hour_ahead(state):
    world = _world(state, HOUR)
    await _push(world, 1)
    assert await _alerts(world, 4) == [("NEW", 1)]
    world.clock.advance(seconds=-HOUR)
    assert await _alerts(world, 603) == [("ENDED", 1)]


async def test_a_clock_that_goes_right_brings_nothing_forward(state):
    world = _world(state, 0)
    await _push(world, 1)
    assert await _alerts(world, 2) == []
    assert emitted(await world.push(), "alerts") == []
    assert await _alerts(world, 1) == [("NEW", 1)]
