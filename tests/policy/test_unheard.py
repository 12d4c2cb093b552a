"""A rule whose alerts all of its receivers leave out, and a call to somebody who hears of worse only, are named."""

from pathlib import Path

from fairwatch.policy.escalations import Escalations, EscalationsFile
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.unheard import unheard
from tests.policy.test_on_call import calendar, event
from tests.support.records import AT

LEAST = {"room": "UNKNOWN", "duty": "SEVERE", "ann-phone": "EXTREME", "ben-phone": "MINOR"}
PEOPLE = {"ann": {"receivers": ["ann-phone", "duty"]}, "ben": {"receivers": ["ben-phone"]}}


def said(rule: dict, policy: dict | None = None, folder: Path = Path(), **more) -> list[str]:
    tree = RouteTree(Routes.model_validate({"route": {"receivers": ["room"], "routes": [{"name": "line", **rule}]}}))
    policies = {"night": {"last_resort": ["room"], **policy}} if policy else {}
    file = EscalationsFile.model_validate({"people": PEOPLE, "policies": policies, **more})
    return list(unheard(tree.rules, Escalations(file, folder), LEAST, AT))


def test_a_rule_that_none_of_its_receivers_wants_to_hear_of_is_named():
    assert said({"receivers": ["duty"], "severity": "MODERATE"}) == [
        "rule 'line', MODERATE: nobody is told: duty hear of worse only"
    ]
    assert said({"receivers": ["duty"], "severity": "SEVERE"}) == []
    assert said({"receivers": ["duty", "room"]}) == [], "one of them hears it"
    assert said({"receivers": ["duty"], "shadow": True}) == []


def test_a_call_to_somebody_who_hears_of_worse_only_is_named():
    rule = {"escalation": "night", "severity": "MODERATE"}
    steps = [{"after": "5m", "tell": ["person:ann", "person:ben", "receiver:duty"]}]
    assert said(rule, {"steps": steps}) == [
        "rule 'line', MODERATE: escalation 'night' calls 'ann' in vain, who hears of worse only",
        "rule 'line', MODERATE: escalation 'night' calls receiver 'duty' in vain, who hears of worse only",
    ]
    assert said({**rule, "severity": "SEVERE"}, {"steps": steps}) == [], "one of her two ways is enough"
    [fault] = said(rule, {"steps": [{"after": "5m", "tell": ["person:ben"]}], "last_resort": ["duty"]})
    assert "calls the last resort in vain" in fault


def test_whoever_stands_in_a_schedule_counts(tmp_path):
    calendar(tmp_path, "guards.ics", event("Ann", ":20260101T003000Z", ":20260101T060000Z"))
    steps = [{"after": "5m", "tell": ["schedule:guards"]}]
    schedules = {"guards": {"calendar": "guards.ics"}}
    [fault] = said({"escalation": "night"}, {"steps": steps}, tmp_path, schedules=schedules)
    assert "calls 'ann' in vain" in fault
