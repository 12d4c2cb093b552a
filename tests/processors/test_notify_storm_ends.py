"""Ends in a storm: who was told of a beginning is told of its end, though not all at once."""

import pytest

from fairwatch.domain.clock import ManualClock
from tests.processors.test_notify_storm import PARTITIONS, Room, alert, digests_of
from tests.support.processor_world import MemoryState
from tests.support.records import AT
from tests.support.timeline import ScriptedSink

LIMIT = {"storm": [{"most": 4, "within": "1m"}]}


@pytest.fixture
def clock():
    return ManualClock(AT)


def over(n, state="ENDED", **fields):
    return alert(n, revision=1, state=state, **fields)


def told(sink):
    """Return (second, alert, state) of what was told by itself."""
    return [(at, one["alert_id"], one["state"]) for at, _, one in sink.taken if one["rule"] != "storm-control"]


async def storm(clock, **more):
    """Let ten alerts begin, of which three are told by themselves, and end."""
    sink = ScriptedSink(clock)
    room = Room(clock, sink, LIMIT, **more)
    await room.push(*(alert(n) for n in range(10)))
    await room.push(*(over(n) for n in range(10)))
    assert told(sink) == [(0, f"alert-{n}", "NEW") for n in range(3)]
    return sink, room


async def test_who_was_told_of_a_beginning_is_told_of_its_end_when_there_is_room_and_not_in_a_digest(clock):
    sink, room = await storm(clock)
    for _ in range(90):
        await room.tick(1)
    assert [(name, state) for _, name, state in told(sink)[3:]] == [(f"alert-{n}", "ENDED") for n in range(3)]
    assert [one["count"] for one in digests_of(sink)] == [14], "the others, with their ends"
    moments = [at for at, _, _ in sink.taken]
    assert max(len([at for at in moments if since <= at < since + 60]) for since in moments) <= 4
    assert [record["held_by"] for record in room.deliveries("storm")].count("storm-control") == 3


async def test_an_end_that_waits_survives_a_restart_and_is_told_once(clock):
    sink, room = await storm(clock, state=(state := MemoryState()))
    await room.tick(1)
    again = Room(clock, sink, LIMIT, state=state)
    for _ in range(90):
        await again.tick(1)
    assert sorted(name for _, name, state in told(sink) if state == "ENDED") == ["alert-0", "alert-1", "alert-2"]


async def test_what_was_taken_back_is_told_at_once_where_it_is_shown_and_nowhere_else(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, sink, LIMIT)
    await room.push(*(alert(n) for n in range(5)))
    await room.push(over(0, "CANCELLED"), over(4, "CANCELLED"))
    assert told(sink)[3:] == [(0, "alert-0", "CANCELLED")]


async def test_ends_that_wait_are_told_while_the_storm_goes_on(clock):
    sink, room = ScriptedSink(clock), None
    room = Room(clock, sink, {"storm": [{"most": 8, "within": "1m"}]})
    await room.push(*(alert(n) for n in range(8)))
    await room.push(over(0), over(1))
    for second in range(70):
        await room.push(*(alert(100 + 5 * second + n) for n in range(5)))
        await room.tick(1)
    ends = [(at, name) for at, name, state in told(sink) if state == "ENDED"]
    assert [name for _, name in ends] == ["alert-0", "alert-1"]
    assert all(60 <= at <= 64 for at, _ in ends)


async def test_the_next_life_of_a_group_does_not_overtake_the_end_of_the_last_one(clock):
    sink, room = await storm(clock)
    await room.push(alert(50, group="g0", severity="EXTREME"))
    assert told(sink)[3:] == [(0, "alert-0", "ENDED"), (0, "alert-50", "NEW")]


async def test_a_worker_whose_share_has_no_place_tells_ends_all_the_same(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, sink, {"storm": [{"most": 12, "within": "1m"}]}, partitions=12)
    await room.tick(0, partitions=PARTITIONS)
    await room.push(alert(0))
    await room.tick(0, partitions=[0])
    await room.push(over(0), alert(1))
    for _ in range(90):
        await room.tick(1, partitions=[0])
    assert [(name, state) for _, name, state in told(sink)] == [("alert-0", "NEW"), ("alert-0", "ENDED")]
