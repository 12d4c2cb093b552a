"""One receiver's lane: how many are on their way to it, how long it is left alone, and what is given up."""

import asyncio

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.sinks.lane import RETRY_AFTER_MAX, Lane
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from tests.support.records import AT

OK, AWAY = Answer("ok", status=204), Answer("timeout", retryable=True)
SECOND = 1_000_000
HERE, THERE = (0, "g|patrol"), (1, "g|patrol")


class Sink:
    kind = "probe"
    closed = 0

    async def send(self, delivery_id, alert):
        raise AssertionError(f"nobody sends {delivery_id} {alert}")

    async def close(self):
        self.closed += 1


@pytest.fixture
def clock():
    return ManualClock(AT)


@pytest.fixture
def lane(clock):
    return Lane(Receiver("patrol", Sink(), concurrency=3), clock)


async def answered(lane, *answers):
    for number, answer in enumerate(answers):
        lane.start((0, str(number)), f"id{number}", asyncio.sleep(0, answer))
    await asyncio.sleep(0.001)
    return [lane.land(place) for place in lane.landed()]


async def test_as_many_are_on_their_way_as_it_may_be_asked_at_a_time(lane):
    lane.start(HERE, "one", asyncio.sleep(60, OK))
    await asyncio.sleep(0)
    assert (lane.room, lane.is_slow, list(lane.landed())) == (2, False, [])
    lane.keep([1])
    assert lane.room == 3


async def test_who_failed_is_left_alone_and_then_asked_by_one_delivery_until_it_takes_one(lane, clock):
    assert await answered(lane, AWAY) == [("id0", AWAY)]
    assert (lane.room, lane.is_tried) == (0, True)
    assert clock.now() < lane.opens_at <= clock.now() + SECOND
    clock.advance(seconds=(lane.opens_at - clock.now()) / SECOND)
    assert lane.room == 1
    await answered(lane, OK)
    assert (lane.room, lane.is_tried, lane.opens_at) == (3, False, 0)


async def test_pauses_grow_with_failures_in_a_row_up_to_the_longest_and_differ_by_a_fifth(lane):
    receiver = lane.receiver
    for failures in (1, 2, 5, 99):
        longest = min(receiver.backoff_max, receiver.backoff * 2 ** (failures - 1))
        pauses = {lane.pause(failures, f"delivery {number}", AWAY) for number in range(100)}
        assert longest * 4 // 5 <= min(pauses) < max(pauses) <= longest
        assert len(pauses) > 50


async def test_deliveries_that_failed_side_by_side_are_one_failure(lane, clock):
    await answered(lane, AWAY, AWAY, AWAY)
    first = lane.opens_at - clock.now()
    clock.advance(seconds=(lane.opens_at - clock.now()) / SECOND)
    await answered(lane, AWAY)
    assert first <= SECOND < lane.opens_at - clock.now() <= 2 * SECOND


@pytest.mark.parametrize(("asked", "waits"), [(90 * SECOND, 90 * SECOND), (10**12, RETRY_AFTER_MAX)])
async def test_who_asks_for_more_time_is_given_it_up_to_an_hour(lane, asked, waits):
    assert lane.pause(1, "x", Answer("rate_limited", retryable=True, retry_after=asked)) == waits


async def test_who_says_that_it_is_gone_is_gone_and_a_client_error_is_no_failure_of_the_receiver(lane):
    await answered(lane, Answer("client_error"))
    assert (lane.gone, lane.is_tried) == (False, False)
    await answered(lane, Answer("gone"))
    assert lane.gone


async def test_a_clock_that_was_ahead_keeps_nobody_away(lane):
    await answered(lane, AWAY)
    lane.put_right()
    assert lane.room == 1


async def test_what_is_on_its_way_for_partitions_of_others_is_given_up(lane):
    tasks = []
    for place in (HERE, THERE):
        lane.start(place, "id", asyncio.sleep(60, OK))
        tasks.append(lane.flights[place].task)
    await asyncio.sleep(0)
    lane.keep([1])
    await asyncio.sleep(0)
    assert ([task.cancelled() for task in tasks], list(lane.flights)) == ([True, False], [THERE])
    await lane.close()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (tasks[1].cancelled(), lane.receiver.sink.closed) == (True, 1)


async def test_who_asked_for_time_is_left_alone_though_another_delivery_fails_meanwhile(lane, clock):
    busy = Answer("rate_limited", retryable=True, retry_after=90 * SECOND)
    await answered(lane, busy, AWAY)
    assert lane.opens_at == clock.now() + 90 * SECOND


async def test_an_outage_is_two_failures_in_a_row_and_told_once_when_it_is_over(lane, clock):
    for failures, outage in ((1, False), (2, True), (3, True)):
        for _ in range(failures):
            await answered(lane, AWAY)
            clock.advance(seconds=300)
        before = lane.back_at
        await answered(lane, OK)
        assert (lane.comes_back(), lane.comes_back()) == (outage, False)
        assert lane.back_at == (clock.now() if outage else before)


async def test_what_waited_through_an_outage_may_be_shortened_and_what_came_after_it_is_not(lane, clock):
    assert not lane.spares(HERE, 1), "it never was away"
    await answered(lane, AWAY)
    assert lane.spares(HERE, clock.now() + 1), "while it is away, whatever waits"
    clock.advance(seconds=300)
    await answered(lane, AWAY)
    clock.advance(seconds=300)
    await answered(lane, OK)
    back = clock.now()
    assert [lane.spares(HERE, since) for since in (back - 1, back, back + 1)] == [True, True, False]
    lane.start(HERE, "id", asyncio.sleep(60, OK))
    await asyncio.sleep(0)
    assert not lane.spares(HERE, back - 1), "it is on its way"
    lane.keep(())


async def test_a_lane_is_slow_while_its_last_answer_took_longer_than_a_tenth_of_a_second(lane, monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr("fairwatch.sinks.lane._now", lambda: seconds[0])
    for took, slow_meanwhile, slow in ((0.1, False, False), (0.11, True, True), (0.05, True, False)):
        answer = asyncio.Event()

        async def send(answer=answer):
            await answer.wait()
            return OK

        lane.start(HERE, "id", send())
        await asyncio.sleep(0)
        seconds[0] += took
        assert lane.is_slow is slow_meanwhile
        answer.set()
        await asyncio.sleep(0.001)
        lane.land(HERE)
        assert lane.is_slow is slow
