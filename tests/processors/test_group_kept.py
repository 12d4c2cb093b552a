"""What `group` remembers beside its alerts: which triggers they follow from, and whose escalation stands still."""

from datetime import timedelta

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Skip
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from fairwatch.telemetry.tracing import TRACE
from tests.processors.test_escalation import Watchroom
from tests.processors.test_escalation_waits import silence
from tests.support.processor_world import PARTITION, MemoryState, World, emitted
from tests.support.records import AT, trigger

RULES = {"tamper": Options(group_wait=timedelta(seconds=3), group_interval=timedelta(seconds=5))}
TRACES = [f"00-{letter * 32}-{letter * 16}-01" for letter in "abc"]


def traced(n: int) -> Event:
    said = trigger(n=n, at=AT + n)
    return Event("alert-triggers", "Alert", said, said["group"], {TRACE: TRACES[n].encode()}, PARTITION, n)


async def test_an_alert_that_waited_follows_from_all_its_triggers_and_the_next_from_its_own():
    clock = ManualClock(AT)
    world = World(Group(RULES, MemoryState(), clock), clock)
    await world.push(traced(0), traced(1))
    assert [(emit.topic, list(emit.causes)) for emit in await world.tick(3)] == [
        ("alerts", TRACES[:2]), ("audit", TRACES[:2]),
    ]  # fmt: skip
    await world.push(traced(2))
    assert [list(emit.causes) for emit in await world.tick(5)] == [TRACES[2:]] * 2


async def test_an_escalation_that_stood_still_in_vain_is_not_looked_for_when_a_silence_ends(tmp_path):
    room = Watchroom(tmp_path)
    room.silences.put("works", silence(60))
    await room.world.tick()
    before = room.state.snapshot()
    await room.raised()
    assert await room.minutes(6) == []
    room.state.restore(before)
    room.silences.put("works", silence(60, expired_by="bo", expires_at=room.clock.now()))
    assert await room.world.tick(1) == []


async def test_an_escalation_that_was_answered_is_not_woken_when_the_silence_that_held_it_ends(tmp_path):
    room = Watchroom(tmp_path)
    room.silences.put("works", silence(60))
    alert = await room.raised()
    assert await room.minutes(6) == []
    await room.deed(alert, "ACKNOWLEDGE")
    room.silences.put("works", silence(60, expired_by="bo", expires_at=room.clock.now()))
    assert await room.minutes(30) == []


@pytest.mark.parametrize("signed", [b"", None])
async def test_what_follows_from_no_trace_says_none(signed):
    clock = ManualClock(AT)
    world = World(Group(RULES, MemoryState(), clock), clock)
    event = traced(0)
    event.headers = {} if signed is None else {TRACE: signed}
    await world.push(event)
    assert [emit.causes for emit in await world.tick(3)] == [(), ()]


async def test_what_changes_nothing_says_whether_it_goes_on_or_waits_for_its_alert():
    clock = ManualClock(AT)
    world = World(Group(RULES, MemoryState(), clock), clock)
    cause = {"cause_id": "door", "kind": "CONDITION", "state": "FIRING", "device_id": "cam-1",
             "event_type": "tamper.scene_change", "started_at": AT, "updated_at": AT}  # fmt: skip
    said = [trigger(n=n, causes=[cause]) for n in range(2)]
    events = [world.event("alert-triggers", "Alert", one) for one in (*said, said[0], None)]
    assert await world.push(*events) == [
        [Skip("grouped")], [Skip("goes_on")], [Skip("duplicate")], [Skip("tombstone")],
    ]  # fmt: skip


async def test_every_revision_is_audited_in_the_name_of_group_with_rule_number_and_receivers():
    clock = ManualClock(AT)
    world = World(Group({}, MemoryState(), clock), clock)
    answers = await world.push(world.event("alert-triggers", "Alert", trigger(receivers=["room", "patrol"])))
    [alert], [audit] = emitted(answers, "alerts"), emitted(answers, "audit")
    assert (audit["action"], audit["actor"], audit["subject"]) == ("alert.new", "processor:group", alert["alert_id"])
    assert audit["details"] == {"rule": "tamper", "revision": "0", "count": "1", "receivers": "room,patrol"}
