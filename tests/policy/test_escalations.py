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
