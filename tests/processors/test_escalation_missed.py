"""A step that reached nobody brings the next one forward, and says so; the last resort brings nothing forward."""

from datetime import timedelta

from fairwatch.domain.outcome import Skip
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.text import plain
from fairwatch.telemetry import metrics
from fairwatch.wire.avro import Codec
from tests.processors.test_escalation import NIGHT, Watchroom
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT
from tests.support.timeline import ScriptedSink
from tests.support.watchlist import face_recheck

GOES_ON = [[Skip("goes_on")]]


async def told(room: Watchroom, seconds: float = 0) -> dict:
    [alert] = emitted([await room.world.tick(seconds)], "alerts")
    return alert


async def test_step_whose_receiver_is_gone_brings_the_next_one_forward_and_says_why(tmp_path):
    room = Watchroom(tmp_path)
    await room.raised()
    counted = metrics.STEPS_MISSED.labels("night")._value.get()
    step = await told(room, 300)
    [audit] = emitted(await room.missed(step, "ann-phone"), "audit")
    assert (audit["action"], audit["details"]["receivers"]) == ("alert.not_reached", "ann-phone (gone)")
    after = await told(room, 1)
    assert after["addressed_to"] == ["ben-phone"]
    assert after["escalation"]["due_at"] == AT + 600_000_000, "what follows keeps its distance"
    assert "Not reached: ann-phone (gone)" in plain(after, "d")
    assert metrics.STEPS_MISSED.labels("night")._value.get() == counted + 1
    assert await room.missed(step, "ann-phone") == GOES_ON, "the same failure again, or late, changes nothing"
    assert await room.minutes(4) == []
    assert await room.minutes(2) == [(10, ["siren"])]


async def test_first_word_that_reached_nobody_brings_the_first_step_forward(tmp_path):
    room = Watchroom(tmp_path)
    await room.missed(await room.raised(), "control-room", "not_found")
    assert (await told(room))["addressed_to"] == ["ann-phone"]


async def test_step_of_two_waits_while_one_of_them_was_reached(tmp_path):
    both = {**NIGHT, "steps": [{"after": "5m", "tell": ["person:ann", "person:ben"]}]}
    room = Watchroom(tmp_path, policies={"night": both})
    await room.raised()
    step = await told(room, 300)
    assert await room.missed(step, "ann-phone") == GOES_ON
    assert await room.world.tick() == []
    room.restart()
    await room.missed(step, "ben-phone", "not_found")
    after = await told(room)
    assert after["addressed_to"] == ["siren"]
    assert after["parameters"]["not_reached"] == "ann-phone (gone), ben-phone (not_found)"


async def test_answer_or_end_or_an_older_word_brings_nothing_forward(tmp_path):
    room = Watchroom(tmp_path)
    first = await room.raised()
    step = await told(room, 300)
    assert await room.missed({**step, "revision": first["revision"]}, "ann-phone") == GOES_ON
    await room.deed(step, "ACKNOWLEDGE")
    assert await room.missed(step, "ann-phone") == GOES_ON
    await room.deed(step, "CLOSE", outcome="FALSE")
    assert await room.missed(step, "ann-phone") == GOES_ON
    assert await room.minutes(60) == []


async def test_receivers_that_are_all_gone_are_not_called_without_a_pause(tmp_path):
    room = Watchroom(tmp_path, policies={"night": {**NIGHT, "again_every": "30m"}})
    alert, calls = await room.raised(), list[tuple[int, str]]()
    for receiver in ("control-room", "ann-phone", "ben-phone", "siren"):
        await room.missed(alert, receiver)
        for alert in emitted([await room.world.tick()], "alerts"):
            calls.append((room.clock.now() - AT, alert["addressed_to"][0]))
    assert calls == [(0, "ann-phone"), (0, "ben-phone"), (0, "siren")]
    assert await room.minutes(34) == []
    assert await room.minutes(1) == [(35, ["ann-phone"])]


async def test_notify_tells_the_group_of_what_was_refused_for_good_and_of_nothing_else(tmp_path):
    room = Watchroom(tmp_path)
    await room.raised()
    step = await told(room, 300)
    sinks = {"ann-phone": ScriptedSink(room.clock, {(0, 9999): Answer("gone", status=410)})}
    for answer, missed in ((Answer("gone", status=410), ["gone"]), (Answer("timeout", retryable=True), [])):
        sinks["ann-phone"].script = {(0, 9999): answer}
        receivers = {name: Receiver(name, sink) for name, sink in sinks.items()}
        notify = World(Notify(receivers, MemoryState(), room.clock, Codec(), face_recheck()), room.clock)
        said = emitted(await notify.push(notify.event("alerts", "Alert", step)), "step-failures")
        assert [one["reason"] for one in said] == missed
    quiet = {"ann-phone": Receiver("ann-phone", sinks["ann-phone"], min_severity="EXTREME")}
    notify = World(Notify(quiet, MemoryState(), room.clock, Codec(), face_recheck()), room.clock)
    [said] = emitted(await notify.push(notify.event("alerts", "Alert", step)), "step-failures")
    assert (said["reason"], said["group"], said["receiver"]) == ("not_wanted", step["group"], "ann-phone")
    plain_one = {**step, "escalation": None}
    assert emitted(await notify.push(notify.event("alerts", "Alert", plain_one)), "step-failures") == []


async def test_alert_without_a_policy_minds_no_failure(tmp_path):
    room = Watchroom(tmp_path)
    room.world = World(Group({"tamper": Options(group_interval=timedelta(0))}, MemoryState(), room.clock), room.clock)
    assert await room.missed(await room.raised(), "control-room") == GOES_ON
