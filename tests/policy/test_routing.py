"""The route tree behaves as Alertmanager's, and a wrong file is named exactly."""

from datetime import datetime, timedelta

import pytest
import yaml

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.correlation.step import REVOKED
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


WATCHING = """
route: {receivers: [r]}
absent:
  - {name: any, after: 5m}
  - {name: lines, after: 5m, match: {event_types: [line.crossed]}}
  - {name: sure, after: 5m, match: {min_confidence: 0.5}}
  - {name: north, after: 5m, match: {sites: [north]}}
  - {name: loaded, after: 5m, match: {when: 'object_class == "CAR"'}}
"""


@pytest.mark.parametrize(
    ("subject", "watching"),
    [
        (sighting(), ["any", "lines"]),
        (sighting("plate.read"), ["any"]),
        (
            sighting(observation={"confidence": {"value": 0.5}, "object_class": "CAR"}),
            ["any", "lines", "sure", "loaded"],
        ),
        (sighting("loitering", site_id="north", observation={"confidence": {"value": 0.4}}), ["any", "north"]),
    ],
)
def test_whatever_fits_is_a_sign_of_life_a_plate_as_well(tree, subject, watching):
    assert [rule.name for rule in tree(WATCHING).watching(of_sighting(subject))] == watching


def test_a_rule_of_what_is_not_heard_says_after_how_long_and_inherits_of_the_root(tree):
    rules = tree(WATCHING.replace("[r]", "[r], severity: SEVERE")).rules
    assert (rules["any"].absent_after, rules["any"].severity) == (timedelta(minutes=5), "SEVERE")


SEVERAL = """
time_intervals: {night: [{start: "22:00", end: "06:00"}]}
route: {receivers: [r]}
correlations:
  - {name: often, count: 2, within: 1m, match: {event_types: [line.crossed], during: [night]}}
  - {name: long, dwell: 1m, match: {event_types: [line.crossed, io.input], during: [night]}}
  - {name: pair, within: 1m, match: {event_types: [line.crossed]}, then: {event_types: [zone.entered]}}
"""


@pytest.mark.parametrize(
    ("at", "seen", "parts"),
    [
        ("2026-07-01T23:00:00", {}, ["often: first", "long: first", "pair: first"]),
        ("2026-07-01T12:00:00", {}, ["pair: first"]),
        ("2026-07-01T12:00:00", {"lifecycle": "END"}, ["long: end"]),
        ("2026-07-01T23:00:00", {"lifecycle": "UPDATE"}, ["long: first"]),
        ("2026-07-01T12:00:00", {"event_type": "zone.entered"}, ["pair: second"]),
    ],
)
def test_an_event_counts_for_rules_of_several_where_it_begins_and_its_end_at_any_time(tree, at, seen, parts):
    event_type, observed = seen.get("event_type", "line.crossed"), {"lifecycle": seen.get("lifecycle", "MOMENTARY")}
    subject = of_sighting(sighting(event_type, occurred_at=utc(at), observation=observed))
    found = tree(SEVERAL).terms_for(subject)
    assert [f"{term.name}: {term.part_of(subject)}" for term in found] == parts


def test_a_match_that_is_revoked_is_taken_out_again(tree):
    both = "route: {receivers: [r]}\ncorrelations: [{name: twice, count: 2, within: 1m, match: {kinds: [PLATE]}}]"
    for outcome, part in (("CONFIRMED", "first"), ("REVOKED", REVOKED)):
        subject = of_verdict(verdict(outcome=outcome), None)
        assert [term.part_of(subject) for term in tree(both).terms_for(subject)] == [part]


def test_an_hour_counts_for_a_rule_within_during_and_outside_of_except_during(tree):
    routes = tree("""
time_intervals: {night: [{start: "22:00", end: "06:00"}], late: [{start: "05:00", end: "06:00"}]}
route: {receivers: [r], routes: [{name: x, match: {during: [night, site.disarmed], except_during: [late]}}]}
""")
    hours = [datetime.fromisoformat(f"2026-07-01T{hour:02}:30") for hour in (4, 5, 12)]
    assert [routes.armed("x", hour) for hour in hours] == [True, False, False]
    assert [routes.armed("x", hour, armed=False) for hour in hours] == [True, False, True]
    assert routes.armed("nobody", hours[0])


def test_two_rules_of_incidents_have_two_names(tree):
    twice = "route: {receivers: [r]}\nincidents: [{name: x, within: 1m}, {name: x, within: 2m}]"
    with pytest.raises(ConfigurationError, match="incidents: a name is used twice"):
        tree(twice)
    assert set(tree(twice.replace("{name: x, within: 2m}", "{name: y, within: 2m}")).incidents) == {"x", "y"}
