"""Shifts written in escalations.yaml itself: turns, hours, swaps, and what is wrong with them."""

import pytest
import yaml

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.escalations import Escalations
from tests.policy.test_on_call import instant

PEOPLE = {name: {"receivers": [f"{name}-phone"]} for name in ("ann", "ben", "cleo")}
WEEKLY = """
rotation: {people: [ann, Ben, cleo], handover: 08:00, weekday: monday, since: 2026-01-05}
time_zone: Europe/Berlin
"""
DAY_AND_NIGHT = """
rotation:
  - {people: [ann, ben], since: 2026-01-05, hours: {from: "06:00", to: "22:00"}}
  - {people: [cleo], hours: {from: "22:00", to: "%s"}}
time_zone: Europe/Berlin
"""


def known(folder, schedule: str) -> Escalations:
    content = {"people": PEOPLE, "schedules": {"guards": yaml.safe_load(schedule)}}
    (folder / "escalations.yaml").write_text(yaml.safe_dump(content))
    return Escalations.read(folder / "escalations.yaml")


def on_call(escalations: Escalations, *times: str) -> list[list[str]]:
    return [escalations.schedules["guards"].on_call(instant(at)) for at in times]


def test_people_take_turns_from_handover_to_handover_in_local_time(tmp_path):
    turns = known(tmp_path, WEEKLY)
    times = ("2026-01-05T08:00", "2026-01-12T07:59", "2026-01-12T08:00", "2026-01-19T08:00", "2026-01-26T08:00")
    assert on_call(turns, *times) == [["ann"], ["ann"], ["ben"], ["cleo"], ["ann"]]
    assert on_call(turns, "2026-01-05T07:59") == [["cleo"]], "it has always been somebody's turn"
    assert on_call(turns, "2026-03-30T07:59", "2026-03-30T08:00") == [["cleo"], ["ann"]], "summer time"
    schedule, now = turns.schedules["guards"], instant("2026-01-06T00:00")
    assert schedule.next_change(now, lambda _person, _at: True) == instant("2026-01-12T08:00")
    assert (schedule.trouble(now), schedule.hole(now), list(turns.faults(None, now))) == ("", None, [])


def test_days_and_nights_are_two_rotations_over_midnight_too(tmp_path):
    turns = known(tmp_path, DAY_AND_NIGHT % "06:00")
    times = ("2026-01-05T06:00", "2026-01-06T12:00", "2026-01-06T22:00", "2026-01-07T05:59", "2026-01-07T06:00")
    assert on_call(turns, *times) == [["ann"], ["ben"], ["cleo"], ["cleo"], ["ann"]]
    assert list(turns.notes(instant("2026-01-05T12:00"))) == []


def test_somebody_else_is_there_for_as_long_as_it_is_written(tmp_path):
    swap = "overrides: [{person: cleo, from: 2026-01-06T20:00, to: '2026-01-07T08:00+01:00'}]\n"
    with pytest.raises(ConfigurationError, match="a zone both, or neither"):
        known(tmp_path, WEEKLY + swap)
    turns = known(tmp_path, WEEKLY + swap.replace("+01:00", ""))
    times = ("2026-01-06T19:59", "2026-01-06T20:00", "2026-01-07T07:59", "2026-01-07T08:00")
    assert on_call(turns, *times) == [["ann"], ["cleo"], ["cleo"], ["ann"]]


def test_a_time_with_nobody_is_told(tmp_path):
    turns = known(tmp_path, DAY_AND_NIGHT % "05:30")
    assert list(turns.notes(instant("2026-01-05T12:00"))) == [
        "schedule 'guards' has nobody on call from 2026-01-06 04:30 to 2026-01-06 05:00 UTC"
    ]


def test_a_day_ends_at_24_o_clock(tmp_path):
    turns = known(tmp_path, DAY_AND_NIGHT % "24:00")
    assert list(turns.notes(instant("2026-01-05T12:00"))) == [
        "schedule 'guards' has nobody on call from 2026-01-05 23:00 to 2026-01-06 05:00 UTC"
    ]


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("rotation: {people: []}", "rotation.0.people"),
        ("rotation: {people: [ann], weekday: moonday}", "weekday"),
        ("rotation: {people: [ann], handover: '25:00'}", "handover"),
        ("rotation: {people: [ann], handover: 8}", "quoted time .* not '8'"),
        ("rotation: {people: [ann], hours: {from: 08:00, to: 22:00}}", "hours.to.*quoted time"),
        (
            WEEKLY + "overrides: [{person: ben, from: 20260106, to: 20260107}]",
            "a time such as .* not '20260106'",
        ),
        ("{rotation: {people: [ann]}, calendar: guards.ics}", "exactly one of calendar and rotation"),
        ("time_zone: UTC", "exactly one of calendar and rotation"),
        ("{rotation: {people: [ann]}, time_zone: Mars/Olympus}", "is no time zone"),
        (WEEKLY + "overrides: [{person: ben, from: 2026-01-07, to: 2026-01-06}]", "is not after"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, schedule, said):
    with pytest.raises(ConfigurationError, match=said):
        known(tmp_path, schedule)


def test_person_who_is_nobody_is_named_also_where_their_turn_is_far(tmp_path):
    turns = known(
        tmp_path, WEEKLY.replace("cleo]", "zoe]") + "overrides: [{person: yan, from: 2026-01-06, to: 2026-01-07}]"
    )
    assert list(turns.faults(None, instant("2026-01-05T12:00"))) == [
        "schedule 'guards' names 'yan', who is not among people",
        "schedule 'guards' names 'zoe', who is not among people",
    ]


def test_hours_that_end_when_they_begin_are_a_whole_day(tmp_path):
    hours = 'hours: {from: "08:00", to: "08:00"}'
    all_day = f"rotation: {{people: [ann, ben], since: 2026-01-05, {hours}}}\ntime_zone: Europe/Berlin"
    turns = known(tmp_path, all_day)
    assert list(turns.notes(instant("2026-01-05T12:00"))) == []
    assert on_call(turns, "2026-01-05T08:00", "2026-01-06T12:00") == [["ann"], ["ben"]]


def test_a_turn_of_a_week_begins_on_the_first_such_day_from_the_one_that_is_named(tmp_path):
    since_thursday = WEEKLY.replace("2026-01-05", "2026-01-08")
    assert on_call(known(tmp_path, since_thursday), "2026-01-12T08:00", "2026-01-19T08:00") == [["ann"], ["ben"]]
    since_sunday = WEEKLY.replace("2026-01-05", "2026-01-11")
    assert on_call(known(tmp_path, since_sunday), "2026-01-12T08:00", "2026-01-12T07:00") == [["ann"], ["cleo"]]


def test_somebody_whose_time_instead_is_over_is_asked_for_no_more(tmp_path):
    swap = "overrides: [{person: yan, from: 2026-01-06T20:00, to: 2026-01-07T08:00}]\n"
    turns = known(tmp_path, WEEKLY + swap)
    ends = instant("2026-01-07T08:00")
    assert [list(turns.faults(None, at)) for at in (ends - 1, ends)] == [
        ["schedule 'guards' names 'yan', who is not among people"], [],
    ]  # fmt: skip
