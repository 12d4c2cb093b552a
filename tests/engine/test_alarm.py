"""When a worker ticks."""

import asyncio
import time
from collections.abc import Callable

from fairwatch.domain.clock import SystemClock
from fairwatch.engine.alarm import Alarm

CLOCK = SystemClock()


def nothing_due() -> None:
    """Know of nothing."""


async def waited_s(alarm: Alarm) -> float:
    began = time.monotonic()
    await alarm.wait()
    return time.monotonic() - began


def after(seconds: float) -> Callable[[], int]:
    due = CLOCK.now() + round(seconds * 1e6)
    return lambda: due


async def test_a_tick_comes_when_something_is_due() -> None:
    assert 0.2 <= await waited_s(Alarm(5.0, after(0.2), CLOCK)) < 0.3


async def test_a_tick_comes_after_the_longest_pause_when_nothing_is_known_to_be_due() -> None:
    assert 0.3 <= await waited_s(Alarm(0.3, nothing_due, CLOCK)) < 0.4
    assert 0.3 <= await waited_s(Alarm(0.3, after(60.0), CLOCK)) < 0.4


async def test_what_comes_due_earlier_meanwhile_wakes_it() -> None:
    due: list[int | None] = [None]
    alarm = Alarm(5.0, lambda: due[0], CLOCK)
    waiting = asyncio.create_task(waited_s(alarm))
    await asyncio.sleep(0.05)
    due[0] = CLOCK.now() + 100_000
    alarm.look_again()
    assert 0.15 <= await waiting < 0.25


async def test_what_a_tick_leaves_due_waits_for_the_longest_pause() -> None:
    alarm = Alarm(0.3, after(-1.0), CLOCK)
    assert await waited_s(alarm) < 0.1
    assert await waited_s(alarm) >= 0.3
