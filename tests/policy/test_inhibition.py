"""Which alerts inhibit which, and what is wrong with such a rule."""

import pytest
from pydantic import ValidationError

from fairwatch.policy.inhibition import Inhibitors, inhibitions_of
from fairwatch.policy.matchers import labels_of
from fairwatch.policy.quiet import LONGEST_EVER, MICROSECOND, Quiet
from tests.support.processor_world import MemoryReference, assert_valid
from tests.support.records import AT, trigger


def quiet(**rule):
    return Quiet.model_validate({"inhibit": [{"name": "lost", "source": ['rule="lost"'], **rule}]})


def source(**fields):
    return trigger(alert_id="a-1", rule="lost", site_id="harbour", **fields)


def written(rules, alert, devices=("cam-1",)):
    return inhibitions_of(rules.inhibit, alert, devices, AT)


def test_an_open_alert_inhibits_by_each_value_that_has_to_be_equal():
    found = written(quiet(), source(), ["cam-1", "cam-2"])
    assert {key: record["matchers"] for key, record in found.items()} == {
        "a-1/lost/cam-1": ['device_id="cam-1"'],
        "a-1/lost/cam-2": ['device_id="cam-2"'],
    }
    assert {assert_valid(record) for record in found.values()} == {"Silence"}


def test_what_no_source_fits_or_does_not_say_what_has_to_be_equal_inhibits_nothing():
    assert written(quiet(), trigger(rule="other")) == {}
    assert written(quiet(equal=["zones"]), source()) == {}


@pytest.mark.parametrize(
    ("rule", "alert", "held"),
    [
        ({}, trigger(), True),
        ({}, trigger(device_ids=["cam-2"]), False),
        ({}, trigger(device_ids=["cam-1", "cam-2"]), False),
        ({}, trigger(rule="lost"), False),
        ({}, trigger(severity="EXTREME"), False),
        ({"extreme": True}, trigger(severity="EXTREME"), True),
        ({"target": ['rule="tamper"']}, trigger(), True),
        ({"target": ['rule!="tamper"']}, trigger(), False),
        ({"equal": ["site_id"]}, trigger(device_ids=["cam-9"], site_id="harbour"), True),
        ({"equal": ["site_id"]}, trigger(site_id="airport"), False),
        ({"equal": {"parent_id": "device_id"}}, trigger(device_ids=["x"], parent_ids=["cam-1"]), True),
        ({"equal": {"parent_id": "device_id"}}, trigger(device_ids=["x"]), False),
        ({"equal": [], "target": ['rule="tamper"']}, trigger(device_ids=["x"]), True),
    ],
)
def test_an_alert_is_held_back_by_the_source_that_is_equal_to_it(rule, alert, held):
    rules = quiet(**rule)
    inhibitors = Inhibitors(MemoryReference(written(rules, source())), rules.inhibit)
    found = inhibitors.holding(labels_of(alert), AT)
    assert (found.alert_id if found else None) == ("a-1" if held else None)
    assert inhibitors.holding(labels_of(alert), AT + LONGEST_EVER // MICROSECOND) is None


def test_what_no_owner_of_a_group_wrote_inhibits_nothing_and_stops_nothing():
    foreign = {**next(iter(written(quiet(), source()).values())), "matchers": ["nonsense"]}
    assert not Inhibitors(MemoryReference({"x/lost": foreign}), quiet().inhibit).any


def test_what_the_configuration_does_not_name_any_more_inhibits_nothing():
    reference = MemoryReference(written(quiet(), source()))
    assert not Inhibitors(reference, ()).any


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"source": []}, "source"),
        ({"source": ['colour="red"']}, "names 'colour'"),
        ({"source": ['rule=~".*"']}, "source has to ask for something"),
        ({"equal": ["colour"]}, "equal names 'colour'"),
        ({"equal": []}, "without equal and target"),
        ({"stale": True, "equal": ["site_id"]}, "stale is about a device"),
        ({"name": "Lost!"}, "name"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(rule, sentence):
    with pytest.raises(ValidationError, match=sentence):
        quiet(**rule)


def test_two_rules_of_one_name_are_refused():
    twice = [{"name": "lost", "source": ['rule="x"']}] * 2
    with pytest.raises(ValidationError, match="'lost' is there twice"):
        Quiet.model_validate({"inhibit": twice})
