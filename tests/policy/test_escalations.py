"""escalations.yaml: what is refused, when it is read again, and over whom somebody may be told."""

import os
from datetime import timedelta

import pytest
from pydantic import ValidationError

from fairwatch.policy.escalations import LOOK, NONE, Escalations, EscalationsFile, PersonOptions, Policy

STEP = {"after": "5m", "tell": ["receiver:guards"]}
ONE = {"steps": [STEP], "last_resort": ["control-room"]}


def policy(**more):
    return Policy.model_validate({**ONE, **more})


def test_a_person_has_a_receiver_at_least():
    with pytest.raises(ValidationError, match="receivers"):
        PersonOptions.model_validate({"receivers": []})


def test_a_step_falls_back_on_the_last_resort_unless_it_says_otherwise():
    assert policy().steps[0].when_nobody == "last_resort"
    for said in ("last_resort", "wait"):
        assert policy(steps=[{**STEP, "when_nobody": said}]).steps[0].when_nobody == said


def test_the_last_resort_may_come_together_with_the_last_step_but_not_before_it():
    assert policy(last_resort_after="5m").last_resort_after == timedelta(minutes=5)
    with pytest.raises(ValidationError, match="after all of them"):
        policy(last_resort_after="4m")


@pytest.mark.parametrize("target", ["person:nobody", "schedule:nobody"])
def test_a_step_tells_nobody_who_is_not_there(target):
    content = {"policies": {"p": {**ONE, "steps": [{**STEP, "tell": [target]}]}}}
    with pytest.raises(ValidationError, match="which is not there"):
        EscalationsFile.model_validate(content)


def test_receivers_are_those_of_people_of_steps_and_of_last_resorts(tmp_path):
    content = {
        "people": {"ann": {"receivers": ["anns-phone"]}},
        "policies": {"p": {**ONE, "steps": [{**STEP, "tell": ["person:ann", "receiver:guards"]}]}},
    }
    known = Escalations(EscalationsFile.model_validate(content), tmp_path)
    assert known.receivers() == {"anns-phone", "guards", "control-room"}


def test_nothing_escalates_without_a_file(tmp_path):
    assert Escalations.read(tmp_path / "escalations.yaml").policies == {}
    assert NONE.renewed(LOOK) is NONE


def test_files_are_looked_at_once_in_ten_seconds(tmp_path):
    path = tmp_path / "escalations.yaml"
    path.write_text("policies: {}\n")
    known = Escalations.read(path)
    begin = 1_000 * LOOK
    assert known.renewed(begin) is known
    path.write_text("policies: {p: {steps: [{after: 5m, tell: ['receiver:guards']}], last_resort: [room]}}\n")
    assert known.renewed(begin + LOOK - 1) is known
    assert known.renewed(begin - LOOK + 1) is known
    assert set(known.renewed(begin + LOOK).policies) == {"p"}


def test_a_clock_that_was_set_back_does_not_keep_files_from_being_looked_at(tmp_path):
    path = tmp_path / "escalations.yaml"
    path.write_text("policies: {}\n")
    known = Escalations.read(path)
    assert known.renewed(1_000 * LOOK) is known
    os.utime(path, ns=(1, 1))
    assert known.renewed(10 * LOOK) is not known


def test_a_file_that_became_wrong_changes_nothing(tmp_path):
    path = tmp_path / "escalations.yaml"
    path.write_text("policies: {}\n")
    known = Escalations.read(path)
    path.write_text("policies: 1\n")
    assert known.renewed(LOOK) is known


HOURS = {"from": "08:00", "to": "16:00"}
SHIFTS = {
    "people": {"ann": {"receivers": ["ann-phone", "room"]}, "ben": {"receivers": ["ben-phone"]}},
    "schedules": {"day": {"rotation": {"people": ["ann"], "hours": HOURS}}},
}
MIDNIGHT, HOUR = 1_767_225_600_000_000, 3_600_000_000


def shifts(*tell, folder, **step):
    one = policy(steps=[{"after": "5m", "tell": list(tell), **step}])
    content = {**SHIFTS, "policies": {"p": one.model_dump()}}
    return Escalations(EscalationsFile.model_validate(content), folder), one


@pytest.mark.parametrize(
    ("tell", "hour", "receivers", "people"),
    [
        (["schedule:day"], 9, ("ann-phone", "room"), {"ann-phone": "ann", "room": "ann"}),
        (["schedule:day"], 16, ("control-room",), {}),
        (["person:ben"], 3, ("ben-phone",), {"ben-phone": "ben"}),
        (["schedule:day", "person:ben"], 9, ("ann-phone", "room", "ben-phone"), None),
        (["receiver:room", "schedule:day"], 9, ("ann-phone", "room"), {"ann-phone": "ann", "room": ""}),
        (["receiver:guards"], 3, ("guards",), {"guards": ""}),
    ],
)
def test_a_step_tells_those_who_are_there_or_the_last_resort(tmp_path, tell, hour, receivers, people):
    known, one = shifts(*tell, folder=tmp_path)
    told = known.told_by(one, 0, MIDNIGHT + hour * HOUR)
    assert (set(told.receivers), told.waits_until) == (set(receivers), None)
    assert people is None or told.people == people
    assert known.told_by(one, 1, MIDNIGHT).receivers == ("control-room",), "behind the last step"


def test_a_step_that_may_wait_waits_for_the_next_who_is_there(tmp_path):
    known, one = shifts("schedule:day", folder=tmp_path, when_nobody="wait")
    told = known.told_by(one, 0, MIDNIGHT + 16 * HOUR)
    assert (told.receivers, told.waits_until) == ((), MIDNIGHT + 32 * HOUR)
    assert known.told_by(one, 0, MIDNIGHT + 8 * HOUR).receivers == ("ann-phone", "room")


def test_whom_a_policy_may_call_is_named_with_the_ways_to_reach_them(tmp_path):
    known, one = shifts("schedule:day", "person:ben", "receiver:guards", folder=tmp_path)
    assert dict(known.reached(one, MIDNIGHT)) == {
        "'ann'": ("ann-phone", "room"), "'ben'": ("ben-phone",), "receiver 'guards'": ("guards",),
        "the last resort": ("control-room",),
    }  # fmt: skip


def test_receivers_that_are_not_there_are_named_by_who_is_told_over_them(tmp_path):
    known, _ = shifts("person:ben", "receiver:guards", folder=tmp_path)
    assert list(known.faults({"ann-phone", "room"}, MIDNIGHT)) == [
        "person 'ben' tells 'ben-phone', who is not in receivers.yaml",
        "policy 'p' tells 'control-room', who is not in receivers.yaml",
        "policy 'p' tells 'guards', who is not in receivers.yaml",
    ]
    assert list(known.faults(None, MIDNIGHT)) == []


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"again_every": "59s"}, "again_every"),
        ({"answer_holds": "59s"}, "answer_holds"),
        ({"steps": []}, "steps"),
        ({"steps": [STEP] * 21}, "steps"),
        ({"last_resort": []}, "last_resort"),
        ({"steps": [{**STEP, "tell": []}]}, "tell"),
        ({"steps": [{**STEP, "tell": ["guards"]}]}, "must be schedule:NAME"),
        ({"steps": [{**STEP, "tell": ["person:"]}]}, "must be schedule:NAME"),
        ({"steps": [{**STEP, "after": "6m"}, STEP]}, "each step comes after"),
    ],
)
def test_a_policy_that_cannot_be_is_named(more, names):
    with pytest.raises(ValidationError, match=names):
        policy(**more)
    assert policy(again_every="1m", answer_holds="1m", steps=[STEP] * 20).steps
