"""The escalation of one alert: when its next step is due, what holds it up, what brings it forward."""

from pathlib import Path

import pytest

from fairwatch.policy.escalating import (
    LOOK,
    answered,
    ask_again,
    begin,
    is_halted,
    miss,
    note_told,
    pass_time,
    said,
    set_right,
    take_step,
)
from fairwatch.policy.escalations import Escalations, EscalationsFile
from tests.support.records import AT, trigger

MINUTE = 60_000_000
STEPS = [{"after": "5m", "tell": ["receiver:guards"]}, {"after": "10m", "tell": ["receiver:chief"]}]
NIGHT = {"steps": STEPS, "last_resort": ["siren"], "last_resort_after": "15m"}
ROUND = {**NIGHT, "again_every": "30m", "answer_holds": "20m"}
KNOWN = Escalations(EscalationsFile.model_validate({"policies": {"night": NIGHT, "round": ROUND}}), Path())


def never(_now):
    return None


def a_group(name="night", **fields):
    alert = trigger(revision=0, receivers=["control-room"])
    return {
        "alert": alert,
        "ended": None,
        "timing": {"escalation": name},
        "escalation": begin(KNOWN, name, AT),
    } | fields


def told(group):
    found = (group.get("aside") or {}).get("to")
    return None if found is None else list(found)


def test_the_first_step_is_due_so_long_after_the_alert_was_told():
    assert begin(KNOWN, "night", AT) == {"policy": "night", "began": AT, "step": 0, "due": AT + 5 * MINUTE, "seen": AT}
    assert begin(KNOWN, "gone", AT) is begin(KNOWN, None, AT) is None


def test_an_answer_holds_for_ever_or_as_long_as_the_policy_says():
    assert answered(KNOWN, "night", AT) is answered(KNOWN, "gone", AT) is answered(KNOWN, None, AT) is None
    value = answered(KNOWN, "round", AT)
    assert (value["due"], value["began"], value["seen"], value["step"]) == (AT + 20 * MINUTE, AT, AT, 0)
    assert said(value) == {"policy": "round", "state": "ANSWERED", "step": 1, "due_at": AT + 20 * MINUTE}


def test_an_alert_says_which_step_comes_next_and_when_unless_it_stands_still():
    value = begin(KNOWN, "night", AT)
    assert said(value) == {"policy": "night", "state": "DUE", "step": 1, "due_at": AT + 5 * MINUTE}
    assert said({**value, "held": True}) == {"policy": "night", "state": "HELD", "step": 1, "due_at": None}
    assert said(None) is None
    assert [is_halted({"escalation": each}) for each in (value, {**value, "held": True}, None)] == [False, True, False]


def test_steps_come_one_after_the_other_and_then_the_last_resort():
    group, calls = a_group(), []
    while group["escalation"] is not None:
        due = group["escalation"]["due"]
        pass_time(group, KNOWN, never, due)
        calls.append(((due - AT) // MINUTE, told(group)))
    assert calls == [(5, ["guards"]), (10, ["chief"]), (15, ["siren"])]
    assert group["alert"]["receivers"] == ["control-room", "guards", "chief", "siren"]
    assert group["alert"]["escalation_step"] == 3


def test_a_policy_that_goes_round_begins_again_so_long_after_the_last_resort():
    group, calls = a_group("round"), []
    for _ in range(5):
        due = group["escalation"]["due"]
        pass_time(group, KNOWN, never, due)
        calls.append(((due - AT) // MINUTE, told(group)))
    assert calls == [(5, ["guards"]), (10, ["chief"]), (15, ["siren"]), (50, ["guards"]), (55, ["chief"])]
    assert group["alert"]["receivers"] == ["control-room", "guards", "chief", "siren"], "each is named once"


def test_a_step_that_comes_late_does_not_put_off_the_next_and_none_is_due_in_the_past():
    group = a_group()
    pass_time(group, KNOWN, never, AT + 7 * MINUTE)
    assert group["escalation"]["due"] == AT + 10 * MINUTE
    group = a_group()
    pass_time(group, KNOWN, never, AT + 12 * MINUTE)
    assert (group["escalation"]["step"], group["escalation"]["due"]) == (1, AT + 12 * MINUTE)


@pytest.mark.parametrize(("until", "due"), [(LOOK + 5, LOOK), (LOOK, LOOK), (LOOK - 5, LOOK - 5), (1, 1), (0, 1)])
def test_what_is_held_back_is_looked_at_again_within_half_a_minute_and_not_in_the_same_moment(until, due):
    group, now = a_group(), AT + 5 * MINUTE
    pass_time(group, KNOWN, lambda at: at + until, now)
    value = group["escalation"]
    assert (value["due"], value["seen"], value["held"], value["step"]) == (now + due, now, True, 0)
    assert told(group) == [], "the console alone hears that it stands still"
    del group["aside"]
    pass_time(group, KNOWN, lambda at: at + until, now + due)
    assert told(group) is None, "it says nothing new"
    pass_time(group, KNOWN, never, now + 2 * due)
    assert group["escalation"] == begin(KNOWN, "night", now + 2 * due)
    assert told(group) == []


def test_an_answer_that_holds_no_more_is_taken_back_and_everybody_is_told():
    group = a_group("round", escalation=answered(KNOWN, "round", AT))
    group["alert"].update(acknowledged_by="ann", acknowledged_at=AT, claimed_by="ben", claimed_at=AT)
    pass_time(group, KNOWN, never, AT + 20 * MINUTE)
    alert = group["alert"]
    assert [alert[f"{way}_{what}"] for way in ("acknowledged", "claimed") for what in ("by", "at")] == [None] * 4
    assert alert["parameters"] == {"answer_lapsed": "ben"}
    assert group["escalation"] == begin(KNOWN, "round", AT + 20 * MINUTE)
    assert group["aside"] == {"to": None}


def test_who_acknowledged_is_named_where_nobody_had_claimed_it_and_nothing_is_asked_without_a_policy():
    group = a_group("round")
    group["alert"].update(acknowledged_by="ann", parameters={"kind": "FACE"})
    ask_again(group, KNOWN, AT + 1)
    assert group["alert"]["parameters"] == {"kind": "FACE", "answer_lapsed": "ann"}
    group = a_group(None, escalation=None)
    group["alert"]["acknowledged_by"] = "ann"
    ask_again(group, KNOWN, AT + 1)
    assert (group["alert"]["acknowledged_by"], group["escalation"]) == ("ann", None)


def test_a_policy_that_was_taken_out_of_the_file_calls_nobody_more():
    assert take_step(KNOWN, {"policy": "gone", "began": AT, "step": 0, "due": AT, "seen": AT}, AT) == ((), None)


def test_a_clock_that_was_ahead_is_taken_back_once():
    value = begin(KNOWN, "night", AT + 60 * MINUTE)
    assert set_right(value, AT) is True
    assert value == begin(KNOWN, "night", AT)
    assert set_right(value, AT) is False
    assert value == begin(KNOWN, "night", AT)
    assert set_right(value, AT + 1) is False
    assert set_right(None, AT) is False


def delivery(receiver, revision, reason="gone"):
    return {"receiver": receiver, "revision": revision, "reason": reason}


def a_told_group(*receivers):
    group = a_group()
    note_told(group, receivers or ("guards",), 3)
    return group


def test_once_nobody_of_a_step_was_reached_the_next_comes_at_once_and_those_after_it_keep_their_distance():
    group, now = a_told_group("guards", "chief"), AT + MINUTE
    assert miss(group, delivery("guards", 3), now) is None
    assert group["escalation"]["due"] == AT + 5 * MINUTE
    assert miss(group, delivery("guards", 3), now) is None, "once more is nothing new"
    assert miss(group, delivery("chief", 4, "unknown"), now) == "guards (gone), chief (unknown)"
    value = group["escalation"]
    assert (value["due"], value["began"], value["seen"]) == (now, AT - 4 * MINUTE, now)
    assert group["alert"]["parameters"] == {"not_reached": "guards (gone), chief (unknown)"}
    note_told(group, ["siren"], 5)
    assert miss(group, delivery("siren", 5), now) == "siren (gone)"
    assert group["alert"]["parameters"] == {"not_reached": "guards (gone), chief (unknown), siren (gone)"}


@pytest.mark.parametrize(
    ("lost", "fields"),
    [
        (delivery("another", 3), {}),
        (delivery("guards", 2), {}),
        (delivery("guards", 3), {"escalation": None}),
        (delivery("guards", 3), {"ended": AT}),
    ],
)
def test_what_was_no_word_of_the_last_step_brings_nothing_forward(lost, fields):
    group = a_told_group() | fields
    before = group["escalation"]
    assert miss(group, lost, AT + MINUTE) is None
    assert group["escalation"] == before
    assert "parameters" not in group["alert"]


def test_a_step_that_is_held_back_or_overdue_is_not_brought_forward():
    group = a_told_group()
    group["escalation"]["held"] = True
    assert miss(group, delivery("guards", 3), AT + MINUTE) is None
    assert group["escalation"]["due"] == AT + 5 * MINUTE
    group = a_told_group()
    assert miss(group, delivery("guards", 3), AT + 6 * MINUTE) == "guards (gone)"
    assert (group["escalation"]["due"], group["escalation"]["began"]) == (AT + 5 * MINUTE, AT)


def test_a_round_that_begins_anew_is_not_brought_forward_by_the_one_before():
    group = a_group("round")
    group["alert"]["escalation_step"] = 3
    note_told(group, ["siren"], 4)
    assert (group["escalation"]["told"], group["escalation"]["told_in"], group["escalation"]["missed"]) == ([], 4, {})
    group["escalation"]["step"] = 1
    note_told(group, ["guards"], 5)
    assert group["escalation"]["told"] == ["guards"]


def test_a_step_that_waits_for_a_shift_moves_those_after_it_as_far():
    hours = {"people": ["ann"], "hours": {"from": "08:00", "to": "16:00"}}
    day = {"steps": [{**STEPS[0], "tell": ["schedule:day"], "when_nobody": "wait"}, STEPS[1]], "last_resort": ["siren"]}
    content = {
        "people": {"ann": {"receivers": ["ann-phone"]}},
        "schedules": {"day": {"rotation": hours}},
        "policies": {"night": day},
    }
    known = Escalations(EscalationsFile.model_validate(content), Path())
    group, eight = a_group(), AT + 8 * 60 * MINUTE  # it began at midnight
    pass_time(group, known, never, now := AT + 5 * MINUTE)
    value = group["escalation"]
    assert (value["due"], value["began"], value["step"], value["seen"]) == (eight, eight - 5 * MINUTE, 0, now)
    assert told(group) == [], "the console alone hears when"
    pass_time(group, known, never, eight)
    assert told(group) == ["ann-phone"]
    assert group["escalation"]["due"] == eight + 5 * MINUTE


def test_whom_a_step_was_for_is_known_until_the_next_and_when_it_was_looked_at():
    group = a_group("round")
    group["alert"]["revision"] = 7
    for number, due in enumerate((5, 10, 15)):
        pass_time(group, KNOWN, never, now := AT + due * MINUTE)
        value = group["escalation"]
        assert (value["seen"], value["told_in"], value["missed"]) == (now, 8, {})
        assert value["told"] == ([["guards"], ["chief"], []][number])


def test_what_an_alert_says_beside_stays_where_a_step_reached_nobody():
    group = a_told_group()
    group["alert"]["parameters"] = {"kind": "FACE"}
    miss(group, delivery("guards", 3), AT)
    assert group["alert"]["parameters"] == {"kind": "FACE", "not_reached": "guards (gone)"}
