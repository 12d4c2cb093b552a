"""Silences where receivers are away, want little, or the worker begins anew."""

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.outcome import Skip
from fairwatch.policy.silencing import HOUR
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, silence, trigger
from tests.support.timeline import ScriptedSink

AWAY = Answer("timeout", retryable=True)


class Room:
    """Notify with one receiver and a topic of silences."""

    def __init__(self, script=None, *, silences=(), state=None, clock=None, sink=None, others=(), **receiver):
        self.clock = clock or ManualClock(AT)
        self.sink = sink or ScriptedSink(self.clock, script or {})
        self.state = state or MemoryState()
        self.silences = MemoryReference({one["silence_id"]: one for one in silences})
        mine = Receiver("control-room", self.sink, **receiver)
        receivers = {one.name: one for one in (mine, *others)}
        notify = Notify(receivers, self.state, self.clock, Codec(), silences=self.silences)
        self.world = World(notify, self.clock)

    async def push(self, *alerts):
        return await self.world.push(*(self.world.event("alerts", "Alert", one, key=one["group"]) for one in alerts))

    async def tick(self, seconds=0.0):
        return await self.world.tick(seconds)

    @property
    def told(self):
        return [(alert["alert_id"], alert["state"]) for _, _, alert in self.sink.taken]


def alert(name="a", revision=0, state="NEW", **fields):
    return trigger(alert_id=name, revision=revision, state=state, **fields)


async def test_what_is_held_back_survives_a_restart_and_is_due_when_the_silence_ends():
    room = Room(silences=[silence()])
    assert (await room.push(alert()))[0][-1] == Skip("held_back")
    again = Room(silences=[silence()], state=room.state, clock=room.clock)
    await again.tick()
    assert again.world.processor.due_at() == AT + HOUR
    await again.tick(3600)
    assert again.told == [("a", "NEW")]


async def test_a_silence_that_ended_while_nobody_looked_is_noticed():
    room = Room(silences=[silence()])
    await room.push(alert())
    again = Room(silences=[], state=room.state, clock=room.clock)
    await again.tick()
    assert again.told == [("a", "NEW")]


async def test_what_was_held_back_comes_again_in_a_replay_and_is_told_once():
    room = Room(silences=[silence()])
    await room.push(alert())
    assert await room.push(alert()) == [[Skip("duplicate")]]
    await room.tick(3600)
    await room.push(alert())
    assert room.told == [("a", "NEW")]


async def test_the_audit_names_the_silence():
    room = Room(silences=[silence()])
    [audit] = emitted(await room.push(alert()), "audit")
    assert (audit["action"], audit["details"]["held_by"]) == ("alert.suppressed", "s")


async def test_who_does_not_want_ends_is_not_told_later_of_what_has_ended():
    room = Room(silences=[silence()], send_resolved=False)
    await room.push(alert(), alert(revision=1, state="ENDED"))
    await room.tick(3600)
    assert room.told == []


async def test_what_becomes_extreme_is_told_at_once():
    room = Room(silences=[silence()])
    await room.push(alert(), alert(revision=1, state="UPDATED", severity="EXTREME"))
    assert room.told == [("a", "UPDATED")]
    await room.push(alert(revision=2, state="ENDED", severity="EXTREME"))
    await room.tick(3600)
    assert room.told == [("a", "UPDATED"), ("a", "ENDED")]


async def test_an_end_that_overtakes_the_end_of_the_silence_is_told_to_nobody_either():
    room = Room(silences=[silence()])
    await room.push(alert())
    await room.tick()
    room.clock.advance(seconds=3600)
    await room.push(alert(revision=1, state="ENDED"))
    await room.tick()
    assert room.told == []


async def let_go_in_vain():
    """As after a network cut when a silence ended: the receiver was reached, the broker was not."""
    room = Room(silences=[silence(expires_at=AT + HOUR)])
    await room.push(alert())
    await room.tick()
    before = room.state.snapshot()
    room.silences.remove("s")
    await room.tick()
    room.state.restore(before)
    return room


async def test_what_was_let_go_in_vain_is_let_go_again_in_the_next_tick():
    room = await let_go_in_vain()
    await room.tick()
    assert room.told == [("a", "NEW"), ("a", "NEW")], "the same message, under the same id"
    assert len({identity for identity, _, _ in room.sink.taken}) == 1
    await room.push(alert(revision=1, state="ENDED"))
    assert room.told[2:] == [("a", "ENDED")]


@pytest.mark.parametrize("restarts", [False, True])
async def test_the_end_of_what_was_let_go_in_vain_is_told_though_no_tick_came_before_it(restarts):
    room = await let_go_in_vain()
    if restarts:
        room = Room(state=room.state, clock=room.clock, sink=room.sink)
    await room.push(alert(revision=1, state="ENDED"))
    await room.tick(3600)
    assert room.told == [("a", "NEW"), ("a", "ENDED")]


@pytest.mark.parametrize("restarts", [False, True])
async def test_the_end_of_what_was_told_in_vain_and_then_silenced_is_told(restarts):
    room = Room()
    before = room.state.snapshot()
    await room.push(alert())
    room.state.restore(before)
    if restarts:
        room = Room(state=room.state, clock=room.clock, sink=room.sink)
    room.clock.advance(seconds=10)
    room.silences.put("s", silence(starts_at=room.clock.now()))
    room.world._offset = 0
    await room.push(alert())
    await room.push(alert(revision=1, state="ENDED"))
    await room.tick(3600)
    assert room.told == [("a", "NEW"), ("a", "ENDED")]


async def test_what_is_told_after_a_silence_says_how_many_messages_it_stands_for():
    room = Room(silences=[silence()])
    await room.push(alert(), alert(revision=1, state="UPDATED"), alert(revision=2, state="UPDATED"))
    await room.tick(3600)
    [(_, _, told)] = room.sink.taken
    assert (told["revision"], told["parameters"]["skipped_revisions"]) == (2, "2")


async def test_a_match_that_is_taken_back_is_told_only_to_those_who_heard_of_it():
    room = Room(silences=[silence(starts_at=AT + 10_000_000)])
    await room.push(alert("heard"))
    room.clock.advance(seconds=20)
    await room.push(
        alert("quiet", group="g"), alert("heard", 1, "CANCELLED"), alert("quiet", 1, "CANCELLED", group="g")
    )
    await room.tick(3600)
    assert room.told == [("heard", "NEW"), ("heard", "CANCELLED")]


async def test_what_waits_for_a_receiver_that_is_away_is_silenced_too():
    room = Room({(0, 30): AWAY}, concurrency=1)
    await room.push(*(alert(f"a{n}", group=f"g{n}") for n in range(5)))
    room.silences.put("s", silence())
    said = await room.tick(1)
    assert [one.record["reason"] for one in said if one.topic == "deliveries"].count("silenced") == 4
    for _ in range(60):
        await room.tick(2)
    assert [name for name, _ in room.told] == ["a0"], "it was tried: its receiver may have heard of it"
    await room.tick(3600)
    assert {name for name, _ in room.told} == {f"a{n}" for n in range(5)}


async def test_what_has_ended_while_its_receiver_was_away_is_not_held_back():
    room = Room({(0, 30): AWAY}, concurrency=1)
    await room.push(alert("x", group="x"), alert("a"), alert("a", 1, "ENDED"))
    room.silences.put("s", silence())
    for _ in range(60):
        await room.tick(2)
    assert [told for told in room.told if told[0] == "a"] == [("a", "ENDED")]


@pytest.mark.parametrize("count", [2_000])
async def test_thousands_are_held_back_and_let_go_at_once(count):
    room = Room(silences=[silence()])
    await room.push(*(alert(f"a{n}", group=f"g{n}") for n in range(count)))
    assert room.told == []
    await room.tick(3600)
    for _ in range(20):
        await room.tick()
    assert len(room.told) == count


async def test_an_earlier_release_does_not_meet_what_is_held_back_in_the_state():
    room = Room(silences=[silence()])
    await room.push(alert())
    assert [key for key, _ in room.state.items(0) if not key.startswith(HIDDEN)] == []


async def test_the_end_of_what_was_too_mild_and_then_silenced_is_told_to_nobody():
    room = Room(silences=[silence()], min_severity="SEVERE")
    await room.push(alert(severity="MINOR"), alert(revision=1, state="UPDATED", severity="SEVERE"))
    await room.push(alert(revision=2, state="ENDED", severity="SEVERE"))
    await room.tick(3600)
    assert room.told == []


async def test_what_became_severe_before_it_was_silenced_is_told_to_its_end_also_after_a_replay():
    room = Room(min_severity="SEVERE")
    mild, worse = alert(severity="MINOR"), alert(revision=1, state="UPDATED", severity="SEVERE")
    await room.push(mild, worse)
    room.silences.put("s", silence())
    await room.push(mild, worse, alert(revision=2, state="UPDATED", severity="SEVERE"))
    await room.push(alert(revision=3, state="ENDED", severity="SEVERE"))
    assert room.told == [("a", "UPDATED"), ("a", "ENDED")]


async def test_what_was_silenced_while_it_became_severe_is_told_when_nothing_holds_it_and_then_to_its_end():
    room = Room(silences=[silence()], min_severity="SEVERE")
    await room.push(alert(severity="MINOR"), alert(revision=1, state="UPDATED", severity="SEVERE"))
    await room.tick(3600)
    room.silences.put("s", silence(expires_at=AT + 3 * HOUR))
    await room.push(alert(revision=2, state="UPDATED", severity="SEVERE"))
    await room.push(alert(revision=3, state="ENDED", severity="SEVERE"))
    assert room.told == [("a", "UPDATED"), ("a", "ENDED")]


@pytest.mark.parametrize("ends", [False, True])
async def test_what_a_receiver_gives_up_while_it_is_silenced_is_held_back_from_its_fallback(ends):
    clock, refused = ManualClock(AT), Answer("client_error", status=400)
    duty = ScriptedSink(clock)
    script = {(0, 5): AWAY, (5, 60): refused}
    room = Room(script, clock=clock, others=[Receiver("duty", duty)], fallback="duty")
    await room.push(alert())
    room.silences.put("s", silence(starts_at=AT + 1, expires_at=AT + HOUR))
    await room.tick(6)
    assert (room.sink.tried, duty.taken) == (2, [])
    await room.tick(100)
    if ends:
        await room.push(alert(revision=1, state="ENDED"))
    await room.tick(3600)
    if not ends:
        await room.push(alert(revision=1, state="ENDED"))
    assert [told["state"] for _, _, told in duty.taken] == ([] if ends else ["NEW", "ENDED"])
