"""Rules that are written correctly and can never do what they say are named; why one takes a sighting is told."""

import pytest

from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_faults import Places, rule_faults, rule_notes
from fairwatch.policy.rule_trace import trace
from fairwatch.policy.subject import of_sighting
from tests.support.places import CONFIG
from tests.support.records import sighting

NIGHT = {"night": [{"start": "22:00", "end": "06:00"}]}


def tree_of(*routes, **root):
    return RouteTree(
        Routes.model_validate(
            {"time_intervals": NIGHT, "route": {"receivers": ["room"], "routes": list(routes), **root}}
        )
    )


def faults(*routes, places=None, **root):
    return list(rule_faults(tree_of(*routes, **root), places or Places()))


def test_the_shipped_rules_can_do_what_they_say():
    assert list(rule_faults(RouteTree.read(CONFIG / "routes.yaml"))) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"event_types": ["line.crossed"]}),
        ({"event_types": ["tamper.*"]}, {"event_types": ["tamper.covered"]}),
        ({"sites": ["a", "b"]}, {"sites": ["b"], "zones": ["z"]}),
        ({"min_confidence": 0.5}, {"min_confidence": 0.9}),
        ({"kinds": ["FACE", "PLATE"]}, {"kinds": ["PLATE"]}),
        ({"during": ["night"]}, {"during": ["night"], "sites": ["a"]}),
    ],
)
def test_a_rule_behind_one_that_takes_all_of_it_is_never_reached(first, second):
    wide, narrow = {"name": "wide", "match": first}, {"name": "narrow", "match": second}
    [fault] = faults(wide, narrow)
    assert fault.startswith("rule 'narrow' is never reached: 'wide' takes all")
    assert faults({**wide, "continue": True}, narrow) == []
    assert faults(narrow, wide) == []


def test_a_rule_for_plates_is_reached_behind_one_for_everything():
    assert faults({"name": "all"}, {"name": "plates", "match": {"event_types": ["plate.read"]}}) == []


def test_a_repetition_that_can_never_come_is_named():
    never = {"repeat_interval": "20m", "resolve_after": "10m"}
    [fault] = faults({"name": "line", "match": {"event_types": ["line.crossed"]}, **never})
    assert "rule 'line': repeat_interval never comes" in fault
    assert faults({"name": "dark", "match": {"event_types": ["tamper.*"]}, **never}) == [], "a condition lasts"


def test_places_that_are_not_there_are_named():
    places = Places({"harbour": {"time_zone": "UTC"}}, {"cam-1": {"zones": [{"zone_id": "quay"}]}})
    found = faults({"name": "r", "match": {"sites": ["harbor"], "devices": ["cam-1"], "zones": ["key"]}}, places=places)
    assert found == ["rule 'r': site 'harbor' is not known", "rule 'r': zone 'key' is not known"]


def test_a_site_whose_nights_are_nobody_knows_when_is_named():
    places = Places(
        {"a": {"time_zone": "Europe/Berln"}, "b": {"time_zone": ""}, "c": {"time_zone": "Europe/Berlin"}}, None
    )
    assert faults({"name": "r"}, places=places) == [
        "site 'a': time_zone 'Europe/Berln' is no IANA zone",
        "site 'b' has no time_zone: nights and working hours there are those of UTC",
    ]


def test_it_is_told_which_rule_takes_a_sighting_and_why_the_others_do_not():
    tree = tree_of(
        {"name": "tamper", "match": {"event_types": ["tamper.*"]}},
        {"name": "north", "match": {"sites": ["north"]}},
        {"name": "at-night", "match": {"during": ["night"]}},
        {"name": "sure", "match": {"min_confidence": 0.9}},
        {"match": {"sites": ["harbour"]}, "routes": [{"name": "quay", "match": {"zones": ["quay"]}}, {"name": "rest"}]},
        {"name": "last"},
    )
    steps = trace(tree, of_sighting(sighting()))
    assert [(step.depth, step.name, step.reason) for step in steps[:3]] == [
        (0, "", ""),
        (1, "tamper", "is for tamper.*, this is line.crossed"),
        (1, "north", "sites: wants north, there is harbour"),
    ]
    assert [step.name for step in steps if step.raises] == ["at-night"]
    day = of_sighting(sighting(occurred_at=sighting()["occurred_at"] + 12 * 3_600_000_000))
    told = {step.name: step.reason for step in trace(tree, day)}
    assert told["at-night"] == "it was Thursday 12:00 UTC: outside of during, or within except_during"
    assert told["sure"] == "min_confidence: wants 0.9, there is None"
    assert told["quay"] == "zones: wants quay, there is nothing"
    assert [step.name for step in trace(tree, day) if step.raises] == ["rest"]
    assert "last" not in told, "what lies behind the one that took it was not looked at"


@pytest.mark.parametrize(("wait", "named"), [("5m", False), ("301s", True)])
def test_a_wait_that_is_longer_than_the_silence_after_which_it_is_over_is_named(wait, named):
    found = faults({"name": "late", "group_wait": wait, "resolve_after": "5m"})
    assert found == ["rule 'late': group_wait is longer than resolve_after: it is over before it is told"] * named


def test_places_under_arming_that_are_not_known_are_named():
    by = {"devices": ["panel", "gone"], "zones": ["quay"], "event_types": ["io.input"]}
    routes = {"route": {"receivers": ["room"]}, "arming": [{"sites": ["harbor"], "by": by}]}
    places = Places({"harbour": {"time_zone": "UTC"}}, {"panel": {"zones": []}})
    assert list(rule_faults(RouteTree(Routes.model_validate(routes)), places)) == [
        "arming[0]: site 'harbor' is not known",
        "arming[0].by: device 'gone' is not known",
        "arming[0].by: zone 'quay' is not known",
    ]


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        ({"during": ["night"], "except_during": ["night"]}, "during and except_during both name night"),
        ({"event_types": ["line.crossed"], "entries": ["e-1"]}, "a sighting has no entries"),
        ({"record": "sighting", "kinds": ["FACE"]}, "a sighting has no kinds"),
        ({"kinds": ["PLATE"], "object_classes": ["CAR"]}, "a verdict has no object class"),
    ],
)
def test_a_rule_that_contradicts_itself_never_holds(match, reason):
    assert faults({"name": "r", "match": match}) == [f"rule 'r' never holds: {reason}"]


@pytest.mark.parametrize(
    "match",
    [
        {"kinds": ["PLATE"], "object_classes": ["UNKNOWN", "CAR"]},
        {"record": "verdict", "object_classes": ["UNKNOWN"]},
        {"event_types": ["line.crossed"], "object_classes": ["CAR"]},
        {"kinds": ["FACE"], "entries": ["e-1"], "priorities": [1]},
        {"during": ["night"], "except_during": ["noon"]},
    ],
)
def test_a_rule_whose_conditions_go_together_has_no_fault(match):
    intervals = {**NIGHT, "noon": [{"start": "12:00", "end": "13:00"}]}
    route = {"receivers": ["room"], "routes": [{"name": "r", "match": match}]}
    tree = RouteTree(Routes.model_validate({"time_intervals": intervals, "route": route}))
    assert [fault for fault in rule_faults(tree) if "never" in fault] == []


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("1 > 2", "never holds"),
        ('"hour" == "site_id"', "never holds"),
        ("1 / 0 == 1", "never has an answer"),
    ],
)
def test_a_condition_that_asks_for_nothing_and_never_holds_is_named(when, said):
    assert faults({"name": "r", "match": {"when": when}}) == [f"rule 'r': when {said}: {when}"]
    assert faults({"name": "r", "tell_when": "2 < 1"}) == ["rule 'r': tell_when never holds: 2 < 1"]


def test_a_condition_that_always_holds_may_be_meant_and_is_told():
    tree = tree_of(
        {"name": "r", "match": {"when": "1 < 2"}, "tell_when": "true"}, {"name": "s", "match": {"when": "hour < 6"}}
    )
    assert list(rule_faults(tree)) == []
    assert list(rule_notes(tree)) == ["rule 'r': when always holds: 1 < 2", "rule 'r': tell_when always holds: true"]


DEVICES = {
    "gate": {"site_id": "harbour", "zones": [{"zone_id": "quay"}]},
    "hall": {"parent_id": "recorder", "zones": []},
    "recorder": {"site_id": "station"},
}


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ({"sites": ["harbour"], "devices": ["gate"], "zones": ["quay"]}, 0),
        ({"sites": ["station"], "devices": ["hall"]}, 0),
        ({"sites": ["station"], "devices": ["gate"]}, 1),
        ({"zones": ["quay"], "devices": ["hall"]}, 1),
        ({"sites": ["empty"]}, 1),
        ({"sites": ["empty"], "device_known": False}, 0),
        ({"event_types": ["line.crossed"]}, 0),
    ],
)
def test_a_rule_that_no_device_can_fulfil_is_named(match, found):
    sites = {site: {"time_zone": "UTC"} for site in ("harbour", "station", "empty")}
    said = faults({"name": "r", "match": match}, places=Places(sites, DEVICES))
    assert said == ["rule 'r': no device fulfils it: none that is known stands where it looks"] * found


def test_what_those_above_ask_for_counts_too():
    places = Places({"harbour": {"time_zone": "UTC"}, "station": {"time_zone": "UTC"}}, DEVICES)
    above = {"match": {"sites": ["station"]}, "routes": [{"name": "r", "match": {"devices": ["gate"]}}]}
    assert len(faults(above, places=places)) == 1


@pytest.mark.parametrize(
    ("first", "second", "goes_on", "said"),
    [
        ({"sites": ["a"]}, {"event_types": ["line.crossed"]}, False, "what both would take is told by 'a' only"),
        ({"sites": ["a"]}, {"event_types": ["line.crossed"]}, True, "room is told twice of what both take"),
        ({"sites": ["a"]}, {}, True, "room is told twice of what both take"),
        ({"sites": ["a"], "event_types": ["line.crossed"]}, {"sites": ["a"]}, False, None),
        ({"sites": ["a"]}, {"sites": ["b"]}, True, None),
        ({"event_types": ["line.*"]}, {"event_types": ["tamper.*"], "sites": ["a"]}, False, None),
        ({"event_types": ["line.*"]}, {"kinds": ["FACE"]}, True, None),
        ({}, {"event_types": ["plate.read"]}, True, None),
        ({"during": ["night"]}, {"except_during": ["night"], "sites": ["a"]}, False, None),
        ({"device_known": True, "sites": ["a"]}, {"device_known": False}, True, None),
        ({"when": "hour >= 22"}, {"when": "hour < 6"}, True, None),
        ({"when": "hour >= 22"}, {"when": "hour > 20"}, True, "room is told twice of what both take"),
        ({"when": "hour >= 22 || hour < 6"}, {"when": "hour == 7"}, True, None),
    ],
)
def test_rules_that_overlap_are_told(first, second, goes_on, said):
    one, two = {"name": "a", "match": first, "continue": goes_on}, {"name": "b", "match": second}
    assert list(rule_notes(tree_of(one, two))) == ([f"'a' and 'b' overlap: {said}"] if said else [])
    if not goes_on:
        assert list(rule_notes(tree_of({**one, "shadow": True}, two))) == [], "a shadow takes nothing"
