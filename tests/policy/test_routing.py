"""The route tree behaves as Alertmanager's, and a wrong file is named exactly."""

from datetime import datetime

import pytest
import yaml

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.subject import of_sighting, of_verdict
from fairwatch.policy.time_interval import TimeInterval
from tests.support.places import CONFIG
from tests.support.records import sighting, verdict


@pytest.fixture
def tree(tmp_path):
    def build(text: str) -> RouteTree:
        path = tmp_path / "routes.yaml"
        path.write_text(text)
        return RouteTree.read(path)

    return build


def names(tree, subject):
    return [rule.name for rule in tree.rules_for(subject)]


TREE = """
route:
  receivers: [room]
  severity: MINOR
  routes:
    - match: {sites: [harbour]}
      severity: SEVERE
      routes:
        - {name: tamper, match: {event_types: ["tamper.*"]}, continue: true, group_by: [site_id]}
        - {name: any-harbour, match: {record: sighting}}
    - {name: lines, match: {event_types: [line.crossed]}, receivers: [patrol]}
"""


def test_the_first_child_that_matches_takes_it_unless_it_says_continue(tree):
    routes = tree(TREE)
    assert names(routes, of_sighting(sighting("tamper.covered"))) == ["tamper", "any-harbour"]
    assert names(routes, of_sighting(sighting("line.crossed"))) == ["any-harbour"]
    assert names(routes, of_sighting(sighting("line.crossed", site_id="north"))) == ["lines"]


def test_a_node_without_a_name_raises_nothing(tree):
    assert names(tree(TREE), of_sighting(sighting("motion.region", site_id="north"))) == []


def test_a_child_inherits_what_it_does_not_say(tree):
    rules = tree(TREE).rules
    assert (rules["tamper"].severity, rules["tamper"].receivers) == ("SEVERE", ("room",))
    assert (rules["lines"].severity, rules["lines"].receivers) == ("MINOR", ("patrol",))
    assert rules["any-harbour"].group_by == ("device_id",)


def test_plates_reach_only_a_rule_that_names_them(tree):
    wide = tree("route: {receivers: [r], routes: [{name: all, match: {record: sighting}}]}")
    named = tree("route: {receivers: [r], routes: [{name: plates, match: {event_types: [plate.read]}}]}")
    read = of_sighting(sighting("plate.read"))
    assert names(wide, read) == []
    assert names(named, read) == ["plates"]


CONDITIONS = {
    "{devices: [cam-1]}": ({}, {"device_id": "cam-2"}),
    "{zones: [tracks]}": ({"zones": ["a", "tracks"]}, {"zones": ["a"]}),
    "{object_classes: [PERSON]}": ({"observation": {"object_class": "PERSON"}}, {}),
    "{device_known: true}": ({}, {"device_known": False}),
    "{min_confidence: 0.5}": (
        {"observation": {"confidence": {"value": 0.5}}},
        {"observation": {"confidence": {"value": 0.4}}},
    ),
    "{event_types: [line.crossed, loitering]}": ({}, {"event_type": "fire.detected"}),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_each_condition_takes_what_fits_and_nothing_else(tree, condition):
    routes = tree(f"route: {{receivers: [r], routes: [{{name: rule, match: {condition}}}]}}")
    fitting, other = CONDITIONS[condition]
    assert names(routes, of_sighting(sighting(**fitting))) == ["rule"]
    assert names(routes, of_sighting(sighting(**other))) == []


def test_conditions_on_verdicts(tree):
    match = "{kinds: [PLATE], entries: [entry-1], authorisations: [auth-1], priorities: [1]}"
    routes = tree(f"route: {{receivers: [r], routes: [{{name: rule, match: {match}}}]}}")
    assert names(routes, of_verdict(verdict(priority=1), None)) == ["rule"]
    for other in (verdict(priority=2), verdict("FACE", priority=1), verdict(priority=1, entry_id="entry-2")):
        assert names(routes, of_verdict(other, None)) == []


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text + "+00:00").timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("at", "zone", "night"),
    [
        ("2026-07-01T21:00:00", "UTC", False),
        ("2026-07-01T22:00:00", "UTC", True),
        ("2026-07-01T20:00:00", "Europe/Berlin", True),  # 22:00 in summer
        ("2026-01-01T20:30:00", "Europe/Berlin", False),  # 21:30 in winter
        ("2026-07-01T03:59:59", "Europe/Berlin", True),
        ("2026-07-01T04:00:00", "Europe/Berlin", False),
        ("2026-07-01T15:00:00", "Asia/Shanghai", True),
        ("2026-07-01T23:00:00", "no/such-zone", True),  # read as UTC
    ],
)
def test_night_is_night_at_the_site(at, zone, night):
    routes = RouteTree.read(CONFIG / "routes.yaml")
    crossed = of_sighting(sighting("line.crossed", occurred_at=utc(at), time_zone=zone))
    assert names(routes, crossed) == (["line-at-night"] if night else [])


def test_the_end_of_what_began_at_night_finds_its_alert_by_day():
    routes = RouteTree.read(CONFIG / "routes.yaml")
    ended = sighting("line.crossed", occurred_at=utc("2026-07-01T12:00:00"), observation={"lifecycle": "END"})
    assert names(routes, of_sighting(ended)) == ["line-at-night"]


def test_an_interval_past_midnight_belongs_to_the_day_on_which_it_starts():
    friday_night = TimeInterval.model_validate({"start": "22:00", "end": "06:00", "weekdays": ["friday"]})
    at = datetime.fromisoformat
    assert friday_night.holds(at("2026-01-02T23:00"))
    assert friday_night.holds(at("2026-01-03T05:59"))
    assert not friday_night.holds(at("2026-01-02T05:00"))
    assert not friday_night.holds(at("2026-01-03T23:00"))


WRONG = {
    "match: {kinds: [DOG]}, name: x": "route.routes.0.match.kinds.0",
    "match: {event_types: [tampr.*]}, name: x": "'tampr.*'",
    "match: {event_types: [face.seen]}, name: x": "raises no alert by itself",
    "match: {event_types: [line.crossed], kinds: [FACE]}, name: x": "give one of them",
    "match: {sites: a}, name: x": "route.routes.0.match.sites",
    "match: {during: [dusk]}, name: x": "'dusk' is not in time_intervals",
    "name: Has Space": "'Has Space'",
    "name: x, severity: HIGH": "route.routes.0.severity",
    "name: x, group_wait: 5 parsecs": "'5 parsecs'",
    "name: x, group_by: [colour]": "unknown field 'colour'",
    "name: x, title: '{face}'": "unknown placeholder 'face'",
    "name: x, title: '{device_name.__class__}'": "unknown placeholder",
    "name: x, title: '{'": "broken placeholder",
    "name: x, recievers: [a]": "route.routes.0.recievers",
    "name: x, receivers: []": "has no receivers",
}


@pytest.mark.parametrize("node", WRONG)
def test_a_wrong_file_is_named_with_path_and_value(tree, node):
    with pytest.raises(ConfigurationError) as caught:
        tree(f"route: {{receivers: [r], routes: [{{{node}}}]}}")
    assert "routes.yaml" in str(caught.value)
    assert WRONG[node] in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("route: {match: {sites: [a]}}", "the root takes everything"),
        ("route: {receivers: [r], routes: [{name: x}, {name: x}]}", "the name is used twice"),
        ("route: [", "is not YAML"),
        ("", "whole file"),
        ("time_intervals: {n: [{start: '25:00'}]}\nroute: {}", "'25:00'"),
        ("time_intervals: {n: [{start: 22:00, end: 06:00}]}\nroute: {}", "start: must be a quoted time .* not '1320'"),
        ("time_intervals: {n: [{end: '22:00+02:00'}]}\nroute: {}", "end: must be a quoted time"),
    ],
)
def test_a_wrong_tree_is_refused(tree, text, says):
    with pytest.raises(ConfigurationError, match=says):
        tree(text)


def test_the_shipped_file_has_the_rules_of_the_story():
    text = yaml.safe_load((CONFIG / "routes.yaml").read_text())
    rules = RouteTree.read(CONFIG / "routes.yaml").rules
    assert {"stolen-car", "missing-child", "camera-tamper", "line-at-night"} == set(rules)
    assert (rules["stolen-car"].severity, rules["missing-child"].severity) == ("SEVERE", "EXTREME")
    assert text["route"]["receivers"] == ["control-room"]
