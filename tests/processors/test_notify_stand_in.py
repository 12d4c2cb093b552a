"""A fallback hears as much as its limits allow, and of the end of what it was told of."""

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from tests.processors.test_notify_storm import Room, alert, digests_of
from tests.support.records import AT
from tests.support.timeline import ScriptedSink

LIMIT = {"storm": [{"per": ["receiver"], "most": 4, "within": "1m"}]}
EVER = (0, 10**9)
NO, GONE, AWAY = Answer("client_error", status=400), Answer("gone", status=410), Answer("timeout", retryable=True)


@pytest.fixture
def clock():
    return ManualClock(AT)


def stands_in(clock, script, quiet=None, **fields):
    """Return a room whose receiver answers by script, and the sink of its fallback."""
    duty = ScriptedSink(clock)
    others = [Receiver("duty", duty, **fields)]
    return Room(clock, ScriptedSink(clock, script), quiet or {}, fallback="duty", concurrency=1, others=others), duty


def told(sink):
    return [(one["alert_id"], one["state"]) for _, _, one in sink.taken if one["rule"] != "storm-control"]


@pytest.mark.parametrize("restarts", [False, True])
async def test_what_a_receiver_leaves_at_once_floods_nobody(clock, restarts):
    room, duty = stands_in(clock, {(0, 600): AWAY, (600, 10**9): NO}, LIMIT)
    for minute in range(10):
        at = 100 * minute
        await room.push(*(alert(at + n, severity="EXTREME" if at == 500 and n == 2 else "SEVERE") for n in range(3)))
        await room.tick(60)
    for step in range(120):
        await room.tick(3)
        if restarts and step == 10:
            room.begin_anew(LIMIT)
    assert len(told(duty)) + sum(one["count"] for one in digests_of(duty)) == 30
    assert "alert-502" in {name for name, _ in told(duty)}, "what is severe enough is in no digest"
    moments = [at for at, _, _ in duty.taken]
    assert max(len([at for at in moments if since <= at < since + 60]) for since in moments) <= 5
    held = [one for one in room.deliveries("storm") if one["receiver"] == "duty"]
    assert {one["held_by"] for one in held} == {part for one in digests_of(duty) for part in one["triggers"]}


async def test_who_was_told_instead_is_told_of_the_end_though_the_receiver_is_back(clock):
    room, duty = stands_in(clock, {(0, 1): NO})
    await room.push(alert(1))
    await room.tick(2)
    await room.push(alert(1, revision=1, state="UPDATED"), alert(2))
    assert told(duty) == [("alert-1", "NEW")]
    await room.push(alert(1, revision=2, state="ENDED"), alert(2, revision=1, state="ENDED"))
    await room.push(alert(1, revision=2, state="ENDED"))
    assert told(duty) == [("alert-1", "NEW"), ("alert-1", "ENDED")]


async def test_what_was_taken_back_is_taken_back_from_who_was_told_instead(clock):
    room, duty = stands_in(clock, {(0, 1): NO}, send_resolved=False)
    await room.push(alert(1))
    await room.tick(2)
    await room.push(alert(1, revision=1, state="CANCELLED"))
    assert told(duty) == [("alert-1", "NEW"), ("alert-1", "CANCELLED")]


async def test_a_fallback_that_wants_no_ends_hears_of_none(clock):
    room, duty = stands_in(clock, {EVER: NO}, send_resolved=False)
    await room.push(alert(1))
    await room.push(alert(1, revision=1, state="ENDED"))
    assert told(duty) == [("alert-1", "NEW")]


async def test_the_digest_of_who_is_gone_is_told_to_its_fallback_as_it_is(clock):
    room, duty = stands_in(clock, {(1, 10**9): NO}, LIMIT)
    await room.push(*(alert(n) for n in range(10)))
    await room.push(*(alert(n, receivers=["duty"]) for n in range(20, 30)))
    for _ in range(90):
        await room.tick(1)
    assert sorted(one["count"] for one in digests_of(duty)) == [7, 7], "its own and the other's"
    assert {one["receivers"][0] for one in digests_of(duty)} == {"room", "duty"}


async def test_a_digest_that_nobody_takes_is_a_dead_letter_and_stops_nobody(clock):
    room = Room(clock, ScriptedSink(clock, {(1, 60): NO}), LIMIT)
    await room.push(*(alert(n) for n in range(10)))
    await room.tick(20)
    assert [record["state"] for record in room.deliveries("client_error")] == ["FAILED"]
    await room.tick(60)
    await room.push(alert(20))
    assert [one["alert_id"] for _, _, one in room.notify._receivers["room"].sink.taken][-1] == "alert-20"
