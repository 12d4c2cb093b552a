"""When others are not called although nobody answered, and when they are although somebody did."""

from pathlib import Path

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.policy.escalating import LOOK
from fairwatch.policy.escalations import Escalations, EscalationsFile
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.group import Group
from fairwatch.sinks.text import plain
from tests.processors.test_escalation import NIGHT, PEOPLE, Watchroom
from tests.processors.test_live_rules import read_rules
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, trigger

MINUTE = 60_000_000


def silence(minutes: int, since: int = AT, **fields) -> dict:
    return {
        "silence_id": "works", "author": "bo", "role": "operator", "reason": "works", "matchers": ['rule="tamper"'],
        "starts_at": since, "expires_at": since + minutes * MINUTE, "approved_by": [], "expired_by": None,
        "updated_at": since, **fields,
    }  # fmt: skip


async def test_steps_of_what_is_silenced_stand_still_and_begin_anew_when_it_is_told(tmp_path):
    room = Watchroom(tmp_path)
    room.silences.put("works", silence(60))
    await room.raised()
    assert await room.minutes(60) == [], "nobody is woken for what was silenced"
    assert await room.minutes(30) == [(65, ["ann-phone"]), (70, ["ben-phone"]), (75, ["siren"])]


async def test_silence_between_two_steps_does_not_change_when_they_come(tmp_path):
    room = Watchroom(tmp_path)
    await room.raised()
    assert await room.minutes(6) == [(5, ["ann-phone"])]
    room.silences.put("works", silence(2, room.clock.now()))
    assert await room.minutes(10) == [(10, ["ben-phone"]), (15, ["siren"])]


async def test_silence_that_somebody_ends_is_noticed_within_half_a_minute_also_by_the_next_worker(tmp_path):
    room = Watchroom(tmp_path)
    room.silences.put("works", silence(600))
    await room.raised()
    assert await room.minutes(20) == []
    room.silences.put("works", silence(20, expired_by="bo"))
    room.restart()
    assert [at for at, _ in await room.minutes(20)] == [26, 31, 36], "counted from when it was noticed"
    assert LOOK < MINUTE


@pytest.mark.parametrize("is_new_worker", [False, True])
async def test_silence_that_somebody_ends_starts_the_steps_at_once(tmp_path, is_new_worker):
    room = Watchroom(tmp_path)
    room.silences.put("works", silence(600))
    await room.raised()
    assert await room.minutes(20) == []
    if is_new_worker:
        room.restart()
        await room.world.tick(1)
    ended = room.clock.now() + 2_000_000
    await room.world.tick(2)
    room.silences.put("works", silence(600, expires_at=ended, expired_by="bo"))
    await room.world.tick()
    assert await room.world.tick(5 * 60 - 1) == [], "each step keeps its distance from the moment it ended"
    [told] = emitted([await room.world.tick(1)], "alerts")
    assert told["addressed_to"] == ["ann-phone"]


async def test_what_is_extreme_and_silenced_by_one_person_only_calls_all_the_same(tmp_path):
    room = Watchroom(tmp_path)
    room.silences.put("works", silence(60))
    await room.raised(severity="EXTREME")
    assert await room.minutes(6) == [(5, ["ann-phone"])]


async def test_a_silence_does_not_make_an_answer_forgotten(tmp_path):
    room = Watchroom(tmp_path)
    alert = await room.raised()
    room.silences.put("works", silence(60))
    assert await room.minutes(10) == []
    await room.deed(alert, "ACKNOWLEDGE")
    assert await room.minutes(120) == []


async def test_alert_of_a_rule_that_is_muted_calls_nobody_until_it_is_told():
    rules = (
        'time_intervals: {all: [{start: "00:00", end: "00:30"}]}\n'
        "route: {receivers: [room], routes: [{name: tamper, escalation: night, mute: [all], resolve_after: 2h}]}\n"
    )
    clock = ManualClock(AT - AT % (24 * 60 * MINUTE))
    night = EscalationsFile.model_validate({"people": PEOPLE, "policies": {"night": NIGHT}})
    book = RuleBook(read_rules(rules), MemoryReference())
    group = Group(book, MemoryState(), clock, escalations=Escalations(night, Path()))
    world = World(group, clock)
    await world.push(world.event("alert-triggers", "Alert", trigger(at=clock.now())))
    told = {minute: emitted([await world.tick(60)], "alerts") for minute in range(1, 41)}
    told = {minute: [alert for alert in alerts if alert["addressed_to"] != []] for minute, alerts in told.items()}
    assert {minute: alert["addressed_to"] for minute, [alert] in ((m, t) for m, t in told.items() if t)} == {
        35: ["ann-phone"],
        40: ["ben-phone"],
    }


async def test_an_answer_holds_as_long_as_the_policy_says_then_others_are_called_unless_it_has_ended(tmp_path):
    room = Watchroom(tmp_path, policies={"night": {**NIGHT, "answer_holds": "30m"}})
    alert = await room.raised()
    assert await room.minutes(6) == [(5, ["ann-phone"])]
    await room.deed(alert, "CLAIM")
    assert await room.minutes(28) == []
    room.restart()
    lapsed = [told for _ in range(2) for told in emitted([await room.world.tick(60)], "alerts")]
    assert [(told["addressed_to"], told["claimed_by"], told["parameters"]) for told in lapsed] == [
        (None, None, {"answer_lapsed": "ann"})
    ]
    assert "Answered no more by: ann" in plain(lapsed[0], "d")
    assert await room.minutes(20) == [(41, ["ann-phone"]), (46, ["ben-phone"]), (51, ["siren"])]
    [told] = await room.deed(alert, "CLAIM", "ben")
    assert (told["claimed_by"], told["acknowledged_by"]) == ("ben", "ben"), "who fell asleep is not at it any more"
    assert told["parameters"] == {}
    assert await room.minutes(20) == []


async def test_each_answer_begins_to_count_anew(tmp_path):
    room = Watchroom(tmp_path, policies={"night": {**NIGHT, "answer_holds": "30m"}})
    alert = await room.raised()
    await room.deed(alert, "ACKNOWLEDGE")
    assert await room.minutes(29) == []
    await room.deed(alert, "CLAIM")
    assert await room.minutes(29) == []
    await room.deed(alert, "CLOSE", outcome="TRUE")
    assert await room.minutes(90) == []


async def test_whose_answer_counts_no_more_is_who_was_at_it_last(tmp_path):
    room = Watchroom(tmp_path, policies={"night": {**NIGHT, "answer_holds": "30m"}})
    alert = await room.raised()
    await room.deed(alert, "ACKNOWLEDGE")
    await room.deed(alert, "CLAIM", "ben")
    assert await room.minutes(29) == []
    [lapsed] = emitted([await room.world.tick(60)], "alerts")
    assert lapsed["parameters"] == {"answer_lapsed": "ben"}


@pytest.mark.parametrize(("severity", "calls"), [("EXTREME", True), ("MINOR", False)])
async def test_an_answer_does_not_hold_for_what_became_worse(tmp_path, severity, calls):
    room = Watchroom(tmp_path)
    alert = await room.raised(severity="MODERATE")
    [told] = await room.deed(alert, "CLAIM")
    assert told["acknowledged_by"] == "ann"
    door = {"cause_id": "gate", "kind": "CONDITION", "state": "FIRING", "device_id": "cam-2",
            "event_type": "io.input", "started_at": AT, "updated_at": AT}  # fmt: skip
    worse = trigger(n=1, at=room.clock.now(), causes=[door], severity=severity)
    [told] = emitted(await room.world.push(room.world.event("alert-triggers", "Alert", worse)), "alerts")
    assert told["claimed_by"] == "ann", "who is at it stays at it"
    assert (told["acknowledged_by"] is None) == calls
    assert await room.minutes(6) == ([(5, ["ann-phone"])] if calls else [])
    assert len(await room.deed(alert, "ACKNOWLEDGE")) == calls
    assert await room.minutes(30) == []
