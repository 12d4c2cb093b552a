"""Checkpoints reach an anchor in order, however often it stumbles, and people hear of it when it lies for long."""

import asyncio

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.sinks.anchor_lane import WAITING, AnchorLane
from fairwatch.telemetry.metrics import REGISTRY
from tests.support.records import AT


class Target:
    """Takes checkpoints, or answers another word; raises what is no word."""

    def __init__(self, name="probe"):
        self.name, self.kept, self.asked, self.answer = name, [], 0, "ok"

    async def keep(self, said):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer == "ok":
            self.kept.append(said["number"])
        return self.answer


def said(number, records=1):
    return {"number": number, "chains": {"audit-0": {"sequence": records}, "audit-1": {"sequence": 1}}}


def value(name, **labels):
    return REGISTRY.get_sample_value(f"fairwatch_audit_{name}", labels) or 0.0


@pytest.fixture
def clock():
    return ManualClock(AT)


@pytest.fixture
def target():
    return Target()


@pytest.fixture
def lane(target, clock):
    return AnchorLane(target, clock)


async def pass_by(lane, clock, seconds, size=0):
    """Let seconds pass, stepping at each; return (second, what is told) of those at which something is."""
    told = []
    for second in range(1, seconds + 1):
        clock.advance(seconds=1)
        news = lane.step(size)
        await lane.settled()
        if news:
            told.append((second, *news))
    return told


async def step(lane, size=0):
    news = lane.step(size)
    await lane.settled()
    await asyncio.sleep(0)
    return news


async def test_what_waits_goes_in_order_and_vouches_for_as_many_records_as_it_says(lane, target, clock):
    for number in range(3):
        lane.add(said(number, 5 + number))
    assert await step(lane, 20) is None
    assert target.kept == [0, 1, 2]
    assert value("anchored_timestamp_seconds", anchor="probe") == AT / 1e6
    assert value("unanchored_records", anchor="probe") == 20
    await step(lane, 20)
    assert value("unanchored_records", anchor="probe") == 20 - 8
    assert target.asked == 3, "what was kept is not sent again"


async def test_an_anchor_vouches_from_the_start_for_what_it_was_given_before(target, clock):
    lane = AnchorLane(target, clock, anchored=7, at=AT - 9_000_000)
    assert value("anchored_timestamp_seconds", anchor="probe") == AT / 1e6 - 9
    await step(lane, 10)
    assert value("unanchored_records", anchor="probe") == 3
    await step(lane, 5)
    assert value("unanchored_records", anchor="probe") == 0


async def test_pauses_double_up_to_five_minutes(lane, target, clock):
    target.answer = "unreachable"
    lane.add(said(0))
    await step(lane)
    tries, asked = [], target.asked
    for second in range(1, 1_500):
        clock.advance(seconds=1)
        await step(lane)
        if target.asked > asked:
            tries.append(second)
            asked = target.asked
    assert tries == [1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111, 1411]


async def test_pauses_begin_anew_once_something_was_taken(lane, target, clock):
    target.answer = "unreachable"
    lane.add(said(0))
    await step(lane)
    await pass_by(lane, clock, 40)
    target.answer = "ok"
    await pass_by(lane, clock, 40)
    assert target.kept == [0]
    target.answer, target.asked = "unreachable", 0
    lane.add(said(1))
    await step(lane)
    await pass_by(lane, clock, 3)
    assert target.asked == 3


async def test_people_hear_after_a_minute_that_an_anchor_takes_nothing_once_and_when_it_is_back(lane, target, clock):
    target.answer = "server_error"
    lane.add(said(0))
    await step(lane)
    assert await pass_by(lane, clock, 59) == []
    assert await pass_by(lane, clock, 1) == [(1, "anchor.failing", {"reason": "server_error"})]
    assert await pass_by(lane, clock, 120) == []
    target.answer = "ok"
    [(_, action, details)] = await pass_by(lane, clock, 120)
    assert action == "anchor.recovered"
    assert 255 <= int(details["after_s"]) <= 257, "it was tried at 255 s"
    assert await pass_by(lane, clock, 120) == []


async def test_who_stumbles_for_less_than_a_minute_is_no_news(lane, target, clock):
    target.answer = "timeout"
    lane.add(said(0))
    await step(lane)
    assert await pass_by(lane, clock, 20) == []
    target.answer = "ok"
    assert await pass_by(lane, clock, 300) == []
    assert target.kept == [0]


async def test_what_an_anchor_raises_is_a_failure_like_another(clock):
    target = Target("raising")
    lane = AnchorLane(target, clock)
    target.answer = RuntimeError("no")
    lane.add(said(0))
    await step(lane)
    assert value("anchorings_total", anchor="raising", outcome="internal_error") == 1
    target.answer = "ok"
    await pass_by(lane, clock, 2)
    assert target.kept == [0]
    assert value("anchorings_total", anchor="raising", outcome="ok") == 1


async def test_too_many_that_wait_lose_the_oldest_and_that_is_counted(clock):
    target = Target("flooded")
    lane = AnchorLane(target, clock)
    target.answer = "timeout"
    for number in range(WAITING + 2):
        lane.add(said(number))
    assert value("anchorings_total", anchor="flooded", outcome="overflow") == 2
    target.answer = "ok"
    await step(lane)
    assert target.kept == list(range(2, WAITING + 2))


async def test_where_somebody_else_wrote_nothing_more_goes_until_what_waits_was_let_go_of(lane, target, clock):
    target.answer = "conflict"
    lane.add(said(0))
    await step(lane)
    assert lane.conflict
    target.answer = "ok"
    await pass_by(lane, clock, 10)
    assert target.asked == 1
    lane.forget()
    assert not lane.conflict
    lane.add(said(1))
    await pass_by(lane, clock, 2)
    assert target.kept == [1], "what was to follow something else is not sent"


async def test_what_is_added_meanwhile_goes_after_what_is_on_its_way(clock):
    class Slow(Target):
        async def keep(self, given):
            if given["number"] == 0:
                lane.add(said(1))
            return await super().keep(given)

    target = Slow()
    lane = AnchorLane(target, clock)
    lane.add(said(0))
    await step(lane)
    assert target.kept == [0, 1]
