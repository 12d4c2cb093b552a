"""Conditions in CEL: typed when they are loaded, bounded when they are asked, and no rule stops another."""

import json

import pytest
from pydantic import ValidationError

from fairwatch.policy.expression import VARIABLES, Expression, FailedError, TextExpression, view_of
from fairwatch.policy.growth import growth_of
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_trace import trace
from fairwatch.policy.subject import of_sighting, of_verdict
from fairwatch.telemetry.metrics import REGISTRY
from tests.support.records import AT, sighting, verdict

HOUR = 3_600_000_000


def seen(hour=0, **fields):
    return of_sighting(sighting(occurred_at=AT + hour * HOUR, zones=["quay", "gate"], **fields))


def holds(text, subject=None):
    return Expression(text).holds(view_of(subject or seen()))


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ('event_type == "line.crossed" && site_id == "harbour"', True),
        ('"quay" in zones && !("yard" in zones)', True),
        ("hour >= 22 || hour < 6", True),
        ('weekday in ["saturday", "sunday"]', False),
        ('date == "2026-01-01" && month == 1 && day == 1 && minute == 0', True),
        ("confidence > 0.5", False),
        ("confidence == -1.0", True),
        ('zones.exists(zone, zone.startsWith("ga"))', True),
        ('"source_rule" in facts', False),
        ("device_known", True),
    ],
)
def test_an_expression_sees_what_a_rule_may_ask(text, true):
    assert holds(text) is true


def test_an_expression_sees_what_was_matched():
    found = of_verdict(verdict(plate_read="AB1", plate_listed="A81", priority=1), "Europe/Berlin")
    assert holds('kind == "PLATE" && plate_read != plate_listed && priority == 1 && hour == 1', found)


def test_every_variable_is_given_for_the_least_of_sightings():
    for name in VARIABLES:
        assert Expression(f"{name} == {name}").holds(view_of(of_sighting(sighting()))), name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("confidence > 'high'", "no matching overload"),
        ("colour == 'red'", "undeclared reference to 'colour'"),
        ("confidence + 1.0", "neither true nor false"),
        ("hour >", "Syntax error"),
        ("true || " * 500 + "true", "more than 2000 characters"),
        ('size(["xx"]' + ".map(a, a + a)" * 40 + "[0]) > 1", "more than 1,000 times as long"),
    ],
)
def test_an_expression_that_means_nothing_is_refused_when_it_is_loaded(text, says):
    node = {"name": "r", "match": {"when": text}}
    with pytest.raises(ValidationError, match=says):
        Routes.model_validate({"route": {"receivers": ["room"], "routes": [node]}})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 / (hour - hour) == 1", "divide by zero"),
        ('facts["colour"] == "red"', "Key not found"),
        ("zones.all(a, zones.all(b, zones.all(c, a != b || a != c || a == b)))", "Iteration budget"),
    ],
)
def test_an_expression_without_an_answer_does_not_hold_is_counted_and_stops_no_other_rule(text, says):
    subject = of_sighting(sighting(zones=[str(n) for n in range(300)]))
    with pytest.raises(FailedError, match=says):
        Expression(text).holds(view_of(subject))
    routes = [{"name": "odd", "match": {"when": text}}, {"name": "next"}]
    tree = RouteTree(Routes.model_validate({"route": {"receivers": ["room"], "routes": routes}}))
    before = REGISTRY.get_sample_value("fairwatch_rules_failed_total", {"rule": "odd", "part": "when"}) or 0
    assert [rule.name for rule in tree.rules_for(subject)] == ["next"]
    assert REGISTRY.get_sample_value("fairwatch_rules_failed_total", {"rule": "odd", "part": "when"}) == before + 1
    assert says in trace(tree, subject)[1].reason


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ('zones.exists(z, z == "a" || z == "b") && zones.exists(z, z == "c" || z == "d")', 2),
        ("zones.map(z, z + z).map(z, z + z + z)", 6),
        ("zones.map(z, [z + z].map(y, y + y)[0])", 4),
        ("zones.exists(a, [a + a].exists(b, b + b == a))", 3 * 2),
        ('zones.filter(z, z == "a").filter(z, z != "b")', 1),
        ('zones // it\'s .map(a, a + a)\n . map ( z, z + z)[0] + r"\\" + ".map(z, z + z)"', 2),
        ('r"""a\\d "b""" + zones.map(z, z + z)[0] + r"""c"""', 2),
        ("r'''it's \\d .map(z, z + z)''' + zones.map(z, z + z + z)[0] + r'''c'''", 3),
        ('"""a "quote" .map(z, z + z)""" + zones.map(z, z + z)[0]', 2),
        ("zones" + ".all(a, a" * 100 + ")" * 100, 10**30),
    ],
)
def test_how_long_an_answer_may_become_is_known_before_anybody_asks(text, factor):
    assert growth_of(text) == factor or growth_of(text) > factor >= 10**30


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("true || false", "true"),
        ("device_id == site_id", None),
        ('"device_id" == "site_id"', "false"),
        (r'r"a\d" == device_id && r"\d" != ""', None),
        (r'r"""a\d "b""" == device_id && r"""c""" != ""', None),
        (r'"""a "device_id" b""" == "x"', "false"),
        ("1 / 0 == 1", "no answer"),
    ],
)
def test_a_condition_that_always_says_the_same_is_known_by_what_it_asks_for(text, says):
    assert Expression(text).constant() == says


def test_an_answer_is_no_longer_than_its_macros_may_make_it():
    view = view_of(seen())
    for text in ('["xx"].map(a, a + a).map(a, a + a)[0]', '["xx"].map(a, [a + a].map(b, b + a)[0])[0]'):
        assert len(TextExpression(text).text_of(view)) <= 2 * growth_of(text)


def tree_of(*routes):
    intervals = {"night": [{"start": "22:00", "end": "06:00"}]}
    return RouteTree(
        Routes.model_validate({"time_intervals": intervals, "route": {"receivers": ["room"], "routes": list(routes)}})
    )


def test_an_end_finds_the_rule_of_its_beginning_behind_one_that_holds_only_at_another_time():
    tree = tree_of(
        {"name": "night", "match": {"during": ["night"]}},
        {"name": "sure", "match": {"when": "confidence > 0.9"}},
        {"name": "day"},
    )
    begin = seen(hour=12, observation={"active": True, "lifecycle": "START"})
    end = seen(hour=13, observation={"active": False, "lifecycle": "END"})
    assert [rule.name for rule in tree.rules_for(begin)] == ["day"]
    assert [rule.name for rule in tree.rules_for(end)] == ["night", "sure", "day"]
    at_night = seen(hour=23, observation={"active": False, "lifecycle": "END"})
    assert [rule.name for rule in tree.rules_for(at_night)] == ["night"]


def test_the_index_in_front_of_rules_changes_nothing():
    routes = [{"name": f"d{n}", "match": {"devices": [f"cam-{n}"]}, "continue": True} for n in range(5)]
    routes += [{"name": f"s{n}", "match": {"sites": [f"s{n}", "harbour"]}, "continue": True} for n in range(3)]
    routes += [
        {"name": "zone", "match": {"zones": ["gate"]}, "continue": True},
        {"name": "any", "continue": True},
        {"name": "lines", "match": {"event_types": ["line.*", "tamper.*"]}, "continue": True},
        {"name": "plates", "match": {"kinds": ["PLATE"]}, "continue": True},
        {"name": "last"},
    ]
    tree = tree_of(*routes)
    assert [rule.name for rule in tree.rules_for(seen())] == ["d1", "s0", "s1", "s2", "zone", "any", "lines", "last"]


SEEN = {
    "record": "sighting", "event_type": "line.crossed", "kind": "", "device_id": "cam-1", "site_id": "harbour",
    "object_class": "PERSON", "object_id": "7", "entry_id": "", "authorisation_id": "", "priority": 0,
    "plate_read": "", "plate_listed": "", "weekday": "thursday", "day": 1, "minute": 30, "confidence": 0.5,
    "device_name": "Camera cam-1", "site_name": "Harbour Station", "entry_title": "", "device_known": False,
}  # fmt: skip
MATCHED = {
    "record": "verdict", "event_type": "watchlist.plate", "kind": "PLATE", "device_id": "cam-1", "site_id": "harbour",
    "entry_id": "entry-1", "authorisation_id": "auth-1", "priority": 3, "plate_read": "AB1", "plate_listed": "A81",
    "confidence": 0.97, "device_name": "Camera 1", "site_name": "Harbour Station", "object_class": "UNKNOWN",
    "entry_title": "Stolen blue saloon", "device_known": True,
}  # fmt: skip


@pytest.mark.parametrize("value", ["matched", "seen"])
def test_each_variable_is_what_its_name_says(value):
    observed = {"object_class": "PERSON", "object_id": "7", "confidence": {"value": 0.5}}
    seen_now = of_sighting(sighting(occurred_at=AT + HOUR // 2, device_known=False, observation=observed))
    matched = of_verdict(verdict(plate_read="AB1", plate_listed="A81", priority=3), None)
    subject, said = (seen_now, SEEN) if value == "seen" else (matched, MATCHED)
    for name, wanted in said.items():
        assert holds(f"{name} == {json.dumps(wanted)}", subject), name


def test_of_a_site_that_is_not_known_an_expression_sees_no_name():
    assert holds('site_id == "" && site_name == ""', of_sighting(sighting(site_id=None, site_name=None)))
