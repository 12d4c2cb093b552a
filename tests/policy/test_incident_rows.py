"""Events beside each other: seen twice, too fast for one, as fast as one would be; and what may be left of them."""

from itertools import count

import pytest

from fairwatch.policy.incidents.rows import Row, Told, told
from fairwatch.policy.incidents.rules import IncidentRule
from fairwatch.policy.incidents.step import Step, short

AT, SECOND = 1_780_315_200_000_000, 1_000_000
RULE = IncidentRule.model_validate({
    "name": "site", "overlaps": [["gate-left", "gate-right"]], "together": "3s",
    "transits": [
        {"from": "gate", "to": "yard", "min": "20s", "typical": "60s", "max": "300s", "clock_error": "2s"},
        {"from": "yard", "to": "hall", "min": "10s", "max": "100s", "clock_error": "0s", "one_way": True},
    ],
})  # fmt: skip
_numbers = count()


def row(device, seconds, **more):
    """Return an event of somebody who is known, each from a source of its own."""
    fields = {
        "at": AT + round(seconds * SECOND), "event_id": f"e{next(_numbers):04}", "alert_id": "a", "cause": "c",
        "source": f"s{next(_numbers)}", "who": "ann", "state": "FIRING", "until": None, "role": "SUBJECT",
        "event_type": "person.seen", "device_id": device, "rule": "faces", "certainty": "POSSIBLE",
    }  # fmt: skip
    return Row(**{**fields, **more})


def of(rows, one, rule=RULE):
    [found] = [each for each in told(rows, rule) if each.row is one]
    return found


def step(**more):
    fields = {
        "step_id": "t-1", "incident_rule": "site", "place": "site|north", "state": "NEW", "alert_id": "a",
        "rule": "faces", "event_type": "person.seen", "device_id": "gate", "site_id": "north", "site_name": "North",
        "at": AT + 9, "since": AT, "known_at": AT + 10, "certainty": "LIKELY", "cause": "c", "source": "s", "who": "w",
    }  # fmt: skip
    return Step(**{**fields, **more})


def test_a_beginning_is_a_row_from_when_it_happened():
    assert Row.of(step(), None) == Row(
        AT + 9, short("t-1"), "a", "c", "s", "w", "FIRING", None, "SUBJECT", "person.seen", "gate", "faces", "LIKELY"
    )


def test_an_end_speaks_for_its_beginning_from_then_on():
    ended = Row.of(step(state="ENDED"), IncidentRule(name="site", roles={"faces": "ACCESS"}))
    assert (ended.at, ended.until, ended.state, ended.role) == (AT, AT + 9, "ENDED", "ACCESS")


def test_a_row_ends_no_earlier_than_it_began():
    one = row("gate", 0)
    assert (one.ended(AT + 5).until, one.ended(AT - 5).until) == (AT + 5, AT)
    assert one.ended(AT).state == "ENDED"


def test_nothing_is_left_of_a_withdrawn_row_but_that_something_was_there():
    one = row("gate", 0, until=AT + 1)
    assert one.withdrawn().kept() == [
        AT, one.event_id, "", "", "", "", "WITHDRAWN", None, "OTHER", "other", "", "", "UNKNOWN",
    ]  # fmt: skip


def test_a_kept_row_is_the_same_again():
    one = row("gate", 0)
    assert Row(*one.kept()) == one


def test_rows_are_told_in_the_order_of_time():
    late, early = row("gate", 9), row("yard", 0)
    assert told([late, early], None) == [Told(early, "POSSIBLE"), Told(late, "POSSIBLE")]


def test_what_two_rules_say_of_one_sighting_is_told_once_also_without_a_rule():
    first, second = row("gate", 0, source="s"), row("gate", 0, source="s")
    assert of([first, second], second, None) == Told(second, "POSSIBLE", same_as=first.event_id)
    assert of([first, second], first, None) == Told(first, "POSSIBLE")


@pytest.mark.parametrize(("seconds", "one"), [(3, True), (3.000001, False)])
def test_what_two_cameras_of_one_place_see_together_is_one_event_and_more_certain(seconds, one):
    left, right = row("gate-left", 0, who=""), row("gate-right", seconds, certainty="UNLIKELY")
    second = of([left, right], right)
    assert second.same_as == (left.event_id if one else None)
    assert second.certainty == ("LIKELY" if one else "UNLIKELY")
    assert of([left, right], left).certainty == ("LIKELY" if one else "POSSIBLE")


@pytest.mark.parametrize(
    "other",
    [
        {"who": "ben"},
        {"role": "VEHICLE"},
        {"event_type": "person.waits"},
        {"device_id": "yard"},
        {"state": "WITHDRAWN"},
    ],
)
def test_what_differs_is_not_one_event(other):
    left, right = row("gate-left", 0), row("gate-right", 1, **other)
    assert of([left, right], right).same_as is None
    assert of([left, right], left).certainty == "POSSIBLE"


def test_a_withdrawn_event_is_nobodys_other_view():
    left, right = row("gate-left", 0, state="WITHDRAWN"), row("gate-right", 1)
    assert of([left, right], right).same_as is None


def test_a_third_view_is_one_of_the_first_event_not_of_the_second():
    rows = [row("gate-left", 0), row("gate-right", 1), row("gate-right", 2)]
    assert [each.same_as for each in told(rows, RULE)] == [None, rows[0].event_id, rows[0].event_id]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("UNKNOWN", "UNKNOWN"), ("UNLIKELY", "POSSIBLE"), ("POSSIBLE", "LIKELY"), ("LIKELY", "LIKELY"),
        ("OBSERVED", "OBSERVED"),
    ],
)  # fmt: skip
def test_who_comes_as_fast_as_one_would_is_more_certain_up_to_likely(before, after):
    rows = [row("gate", 0, certainty=before), row("yard", 60, certainty=before)]
    assert [each.certainty for each in told(rows, RULE)] == [after, after]
    assert [each.remark for each in told(rows, RULE)] == ["PLAUSIBLE_TRANSIT"] * 2
    assert [each.took for each in told(rows, RULE)] == [60 * SECOND] * 2
    assert [each.other for each in told(rows, RULE)] == [rows[1].event_id, rows[0].event_id]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("UNKNOWN", "UNKNOWN"), ("UNLIKELY", "UNLIKELY"), ("POSSIBLE", "UNLIKELY"), ("LIKELY", "POSSIBLE"),
        ("OBSERVED", "LIKELY"),
    ],
)  # fmt: skip
def test_who_comes_faster_than_anybody_can_is_less_certain(before, after):
    rows = [row("gate", 0, certainty=before), row("yard", 5, certainty=before)]
    assert [(each.certainty, each.remark) for each in told(rows, RULE)] == [(after, "IMPLAUSIBLE_TRANSIT")] * 2


@pytest.mark.parametrize(
    ("seconds", "remark", "certainty"),
    [
        (15.999999, "IMPLAUSIBLE_TRANSIT", "UNLIKELY"),  # 20 s, less what two clocks may be off
        (16, "PLAUSIBLE_TRANSIT", "POSSIBLE"),
        (29.999999, "PLAUSIBLE_TRANSIT", "POSSIBLE"),
        (30, "PLAUSIBLE_TRANSIT", "LIKELY"),
        (120, "PLAUSIBLE_TRANSIT", "LIKELY"),
        (120.000001, "PLAUSIBLE_TRANSIT", "POSSIBLE"),
        (304, "PLAUSIBLE_TRANSIT", "POSSIBLE"),
        (304.000001, "NONE", "POSSIBLE"),
    ],
)
def test_only_a_way_that_takes_about_as_long_as_usual_says_more(seconds, remark, certainty):
    start, end = row("gate", 0), row("yard", seconds)
    found = of([start, end], end)
    assert (found.remark, found.certainty) == (remark, certainty)
    assert found.took == (None if remark == "NONE" else round(seconds * SECOND))


@pytest.mark.parametrize(("start", "end", "remark"), [("yard", "hall", "PLAUSIBLE_TRANSIT"), ("hall", "yard", "NONE")])
def test_without_a_usual_time_each_possible_one_counts_and_a_one_way_has_no_way_back(start, end, remark):
    found = told([row(start, 0), row(end, 100)], RULE)
    assert {each.remark for each in found} == {remark}
    assert {each.certainty for each in found} == {"POSSIBLE" if remark == "NONE" else "LIKELY"}


def test_a_way_back_takes_as_long():
    assert {each.remark for each in told([row("yard", 0), row("gate", 60)], RULE)} == {"PLAUSIBLE_TRANSIT"}


@pytest.mark.parametrize("who", ["", "ben"])
def test_ways_are_those_of_one_who_is_known(who):
    found = told([row("gate", 0, who=who), row("yard", 5, who=who and "ann")], RULE)
    assert {each.remark for each in found} == {"NONE"}


def test_a_second_view_is_not_where_a_way_begins():
    first, again = row("gate", 0, source="s"), row("gate", 50, source="s")
    rule = RULE.model_copy(update={"together": RULE.together * 20})
    found = told([first, again, row("yard", 60)], rule)
    assert [each.took for each in found] == [60 * SECOND, None, 60 * SECOND]


def test_an_impossible_way_is_remembered_whatever_comes_after():
    gate, yard, hall = row("gate", 0), row("yard", 5), row("hall", 60)
    found = of([gate, yard, hall], yard)
    assert (found.remark, found.other, found.certainty) == ("IMPLAUSIBLE_TRANSIT", gate.event_id, "UNLIKELY")
    assert of([gate, yard, hall], hall).remark == "PLAUSIBLE_TRANSIT"


def test_of_two_possible_ways_the_one_that_led_there_is_told():
    gate, yard, hall = row("gate", 0), row("yard", 60), row("hall", 120)
    found = of([gate, yard, hall], yard)
    assert (found.other, found.took) == (gate.event_id, 60 * SECOND)
