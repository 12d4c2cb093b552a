"""The life of alerts over time, from triggers to receivers."""

from datetime import timedelta
from itertools import pairwise

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.policy.routing import Options
from fairwatch.sinks.sink import Answer
from tests.support.records import AT, CONFIRMED_FACE, trigger
from tests.support.timeline import Timeline, at, between

DOWN = Answer("unreachable", retryable=True)
BROKEN = Answer("server_error", retryable=True, status=500)
REFUSED = Answer("client_error", status=400)


def rules(**options):
    seconds = {name: timedelta(seconds=value) for name, value in options.items()}
    return {
        "tamper": Options(**{"group_interval": timedelta(seconds=5), "resolve_after": timedelta(seconds=20), **seconds})
    }


def after(second: float, **fields):
    return trigger(at=AT + round(second * 1_000_000), n=round(second * 10), **fields)


async def test_a_trigger_is_an_alert_at_once_and_ends_when_it_has_been_quiet():
    line = Timeline(rules())
    line.push(at(1), after(1))
    line.want(between(1, 1), state="NEW", revision=0, count=1, ended_at=None)
    line.want(between(21, 21.5), state="ENDED", revision=1, ended_at=AT + 1_000_000)
    await line.run(40)


async def test_more_triggers_are_one_update_in_each_interval():
    line = Timeline(rules())
    for second in (1, 2, 3, 4, 8):
        line.push(at(second), after(second))
    line.want(between(1, 1), state="NEW", count=1)
    line.want(between(6, 6), state="UPDATED", count=4)
    line.want(between(11, 11), state="UPDATED", count=5, updated_at=AT + 8_000_000, started_at=AT + 1_000_000)
    line.want(between(28, 28.5), state="ENDED", count=5)
    await line.run(40)


async def test_the_first_waits_for_others_when_the_rule_says_so():
    line = Timeline(rules(group_wait=3))
    line.push(at(1), after(1, device_ids=["cam-1"]))
    line.push(at(2), after(2, device_ids=["cam-2"]))
    line.want(between(4, 4), state="NEW", count=2, device_ids=["cam-1", "cam-2"])
    line.want(between(22, 22.5), state="ENDED")
    await line.run(30)


async def test_an_alert_ends_when_everything_that_raised_it_has_ended():
    line = Timeline(rules())
    for device, start, end in (("cam-1", 1, 7), ("cam-2", 2, 9)):
        line.push(at(start), after(start, device_ids=[device]))
        line.push(at(end), after(end, device_ids=[device], state="ENDED"))
    line.want(between(1, 1), state="NEW")
    line.want(between(6, 6), state="UPDATED", count=2)
    line.want(between(11, 11), state="ENDED", ended_at=AT + 9_000_000)
    await line.run(40)


async def test_a_duplicate_changes_nothing_not_even_after_the_end():
    line = Timeline(rules())
    for second in (1, 3, 30):
        line.push(at(second), after(1))
    line.want(between(1, 1), state="NEW", count=1)
    line.want(between(21, 21.5), state="ENDED", count=1)
    await line.run(60)


async def test_the_end_of_nothing_is_nothing():
    line = Timeline(rules())
    line.push(at(1), after(1, state="ENDED"))
    await line.run(30)
    assert line.alerts == []


async def test_what_begins_again_after_its_end_was_told_is_a_new_alert():
    line = Timeline(rules())
    for second, state in ((1, "NEW"), (7, "ENDED"), (8, "NEW")):
        line.push(at(second), after(second, state=state))
    line.want(between(1, 1), state="NEW", revision=0, alert_id=stable_id("alert", "tamper:cam-1", after(1)["alert_id"]))
    line.want(between(7, 7), state="ENDED", revision=1)
    line.want(between(8, 8), state="NEW", revision=0, alert_id=stable_id("alert", "tamper:cam-1", after(8)["alert_id"]))
    line.want(between(28, 28.5), state="ENDED")
    await line.run(40)


async def test_short_events_within_the_wait_are_still_told():
    line = Timeline(rules(group_wait=3))
    line.push(at(1), after(1))
    line.push(at(2), after(2, state="ENDED"))
    line.want(between(4, 4), state="NEW", revision=0, ended_at=None)
    line.want(between(4, 4), state="ENDED", revision=1)
    await line.run(30)


MATCH = {"rule": "tamper", **CONFIRMED_FACE}


async def test_a_revoked_match_is_cancelled_at_once():
    line = Timeline(rules())
    line.push(at(1), after(1, **MATCH))
    line.push(at(2), after(2, **{**MATCH, "candidate_id": "c-2"}))
    line.push(at(3), after(3, **{**MATCH, "candidate_id": "c-2"}, state="CANCELLED"))
    line.want(between(1, 1), state="NEW")
    line.want(between(3, 3), state="CANCELLED")
    await line.run(40)


async def test_a_match_that_is_revoked_before_anybody_was_told_is_never_told():
    line = Timeline(rules(group_wait=5))
    line.push(at(1), after(1, **MATCH))
    line.push(at(2), after(2, **MATCH, state="CANCELLED"))
    await line.run(40)
    assert line.alerts == []


async def test_an_open_alert_is_repeated():
    line = Timeline(rules(repeat_interval=8, resolve_after=20))
    line.push(at(1), after(1))
    line.want(between(1, 1), state="NEW")
    line.want(between(9, 9.5), state="UPDATED", count=1)
    line.want(between(17, 18), state="UPDATED", count=1)
    line.want(between(22, 22.5), state="ENDED", ended_at=AT + 1_000_000)
    await line.run(40)


async def test_an_update_keeps_the_highest_severity():
    line = Timeline(rules())
    line.push(at(1), after(1, severity="SEVERE"))
    line.push(at(2), after(2, severity="MINOR"))
    line.want(between(1, 1), severity="SEVERE")
    line.want(between(6, 6), severity="SEVERE", count=2)
    line.want(between(22, 22.5), severity="SEVERE")
    await line.run(40)


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ("MINOR", "SEVERE", "SEVERE"),
        ("UNKNOWN", "MINOR", "MINOR"),
        ("SEVERE", "EXTREME", "EXTREME"),
        ("MODERATE", "EXTREME", "EXTREME"),
        ("EXTREME", "UNKNOWN", "EXTREME"),
    ],
)
async def test_a_severity_rises_with_what_comes_and_never_falls(first, then, told):
    line = Timeline(rules())
    line.push(at(1), after(1, severity=first))
    line.push(at(2), after(2, severity=then))
    line.want(between(1, 1), severity=first)
    line.want(between(6, 6), severity=told)
    line.want(between(22, 22.5), severity=told)
    await line.run(40)


@pytest.mark.parametrize("second", [1.5, 3, 6, 20])
async def test_a_restart_changes_nothing(second):
    line = Timeline(rules())
    for when in (1, 2):
        line.push(at(when), after(when))
    line.crash(at(second))
    line.want(between(1, 1), state="NEW", revision=0)
    line.want(between(6, 6.5), state="UPDATED", revision=1)
    line.want(between(22, 22.5), state="ENDED", revision=2)
    await line.run(40)


async def test_a_receiver_that_is_away_hears_how_things_stand_when_it_is_back_and_then_everything_in_order():
    line = Timeline(rules(), {(0, 15): DOWN})
    for second in (1, 2):
        line.push(at(second), after(second))
    line.want(between(15, 18), state="UPDATED", revision=1, count=2)
    line.want(between(22, 22.5), state="ENDED", revision=2)
    await line.run(40)
    assert line.sink.tried < 12, "pauses grow"
    assert [d["state"] for d in line.deliveries].count("DELIVERED") == 2
    assert [(d["revision"], d["reason"]) for d in line.deliveries if d["state"] == "SUPPRESSED"] == [(0, "superseded")]


async def test_pauses_grow_until_the_limit_and_then_it_is_a_dead_letter():
    line = Timeline(rules(resolve_after=1000), {(0, 1000): BROKEN}, max_attempts=4, backoff=2_000_000)
    line.push(at(1), after(1))
    await line.run(40)
    told = [((d["at"] - AT) / 1_000_000, d["state"], d["attempt"]) for d in line.deliveries]
    assert [(state, attempt) for _, state, attempt in told] == [*(("RETRYING", n) for n in (1, 2, 3)), ("FAILED", 4)]
    pauses = [later - earlier for (earlier, *_), (later, *_) in pairwise(told)]
    assert all(0.8 * whole <= pause <= whole + 0.5 for pause, whole in zip(pauses, (2, 4, 8), strict=True)), pauses


async def test_a_refusal_is_not_tried_again_and_the_next_revision_is():
    line = Timeline(rules(), {(0, 2): REFUSED})
    line.push(at(1), after(1))
    line.push(at(3), after(3))
    line.want(between(6, 6), state="UPDATED", revision=1)
    line.want(between(23, 23.5), state="ENDED", revision=2)
    await line.run(40)
    assert line.deliveries[0]["state"] == "FAILED"


async def test_every_revision_is_audited_and_every_delivery():
    line = Timeline(rules())
    line.push(at(1), after(1))
    line.want(between(1, 1), state="NEW")
    line.want(between(21, 21.5), state="ENDED")
    await line.run(30)
    for world, wanted in ((line._group, ["alert.new", "alert.ended"]), (line._notify, ["alert.delivered"] * 2)):
        assert [o.record["action"] for o in world.outcomes if getattr(o, "topic", "") == "audit"] == wanted
