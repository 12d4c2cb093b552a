"""Rules of several events: what is wrong with one is named when it is read, and what can never come true."""

import pytest
from pydantic import ValidationError

from fairwatch.domain.ids import stable_id
from fairwatch.policy.correlation.pattern import Row, ended, raised
from fairwatch.policy.correlation.step import keys
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_faults import Places, rule_faults
from fairwatch.policy.subject import of_sighting
from tests.support.records import AT, sighting, trigger

LINE = {"event_types": ["line.crossed"]}
PLATE = {"event_types": ["plate.read"]}
BACK = {"event_types": ["zone.entered"]}


def tree(*rules, **root):
    return RouteTree(
        Routes.model_validate(
            {"route": {"receivers": ["room"], **root}, "correlations": [{"match": LINE, **r} for r in rules]}
        )
    )


def said_of(**rule):
    with pytest.raises(ValidationError) as caught:
        tree({"name": "x", **rule})
    return str(caught.value)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({}, "gives none: give one of count, dwell, then, without"),
        ({"count": 3, "dwell": "1m"}, "gives count and dwell"),
        ({"count": 3}, "within: count, then and without need it"),
        ({"dwell": "1m", "within": "1m"}, "dwell has none"),
        ({"count": 1, "within": "1m"}, "greater than or equal to 2"),
        ({"count": 101, "within": "1m"}, "less than or equal to 100"),
        ({"count": 3, "within": "0s"}, "greater than"),
        ({"count": 3, "within": "2d"}, "less than or equal to datetime.timedelta(days=1)"),
        ({"then": BACK, "within": "1m", "distinct": "zone"}, "distinct: goes with count only"),
        ({"count": 3, "within": "1m", "gap": "1s"}, "gap: goes with dwell only"),
        ({"then": BACK, "within": "1m", "before": "1s"}, "before: goes with without only"),
        ({"count": 3, "within": "1m", "per": []}, "per"),
        ({"count": 3, "within": "1m", "per": ["colour"]}, "per.0"),
        ({"count": 3, "within": "1m", "per": ["zone", "zone"]}, "names a field twice"),
        ({"count": 3, "within": "1m", "distinct": "device_id"}, "device_id is in per, so there is never more than one"),
        ({"then": LINE, "within": "1m"}, "then: is the same as match; `count: 2`"),
        ({"count": 50, "within": "1s", "lateness": "1m"}, "a key would hold more than 1000 events"),
        ({"count": 3, "within": "1m", "lateness": "2h"}, "less than or equal to 1 hour"),
        ({"count": 3, "within": "1m", "group_by": ["zones"]}, "group_by: there is one alert for each value of `per`"),
        ({"count": 3, "within": "1m", "match": {"event_types": ["face.seen"]}}, "raises no alert by itself"),
        ({"count": 3, "within": "soon"}, "must be a duration"),
        ({"then": {"during": ["night"]}, "within": "1m"}, "time interval 'night' is not in time_intervals"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_meant_is_refused_by_name(rule, says):
    assert says in said_of(**rule)


def test_a_name_is_that_of_one_rule_only_wherever_it_stands():
    with pytest.raises(ValidationError, match="the name is used twice"):
        tree({"name": "x", "count": 2, "within": "1m"}, routes=[{"name": "x"}])


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"count": 3, "within": "1m", "per": ["site_id"], "distinct": "device_id",
          "match": {**LINE, "devices": ["a", "b"]}},
         "counts 3 different ones, and match names 2"),
        ({"count": 3, "within": "1m", "distinct": "site_id", "match": {**LINE, "sites": ["a", "b"]}},
         "counts 3 different ones, and match names 2"),
        ({"count": 2, "within": "1m", "distinct": "event_type"}, "counts 2 different ones, and match names 1"),
        ({"count": 3, "within": "1m", "per": ["entry_id"]}, "a sighting has no entry_id"),
        ({"count": 3, "within": "1m", "per": ["candidate_id"], "match": {"record": "sighting"}},
         "a sighting has no candidate_id"),
        ({"count": 3, "within": "1m", "per": ["authorisation_id"]}, "a sighting has no authorisation_id"),
        ({"count": 2, "within": "1m", "per": ["plate"], "match": {"kinds": ["FACE"]}}, "nothing with a plate"),
        ({"dwell": "5m", "match": {"kinds": ["FACE"]}}, "are moments, which have no end"),
        ({"count": 3, "within": "1m", "per": ["plate"]}, "first matches nothing with a plate"),
        ({"then": LINE, "within": "1m", "per": ["plate"], "match": PLATE}, "second matches nothing with a plate"),
        ({"dwell": "5m"}, "are moments, which have no end"),
        ({"dwell": "5m", "gap": "5m"}, "gap is not shorter than dwell"),
        ({"then": {**BACK, "devices": ["gone"]}, "within": "1m"}, "rule 'x: second': device 'gone' is not known"),
    ],
)  # fmt: skip
def test_a_rule_that_can_never_come_true_is_a_fault(rule, says):
    found = list(rule_faults(tree({"name": "x", **rule}), Places(devices={name: {"site_id": name} for name in "ab"})))
    assert [fault for fault in found if says in fault], found
    assert len(found) == 1


def test_rules_that_can_come_true_have_no_faults():
    rules = (
        {"count": 3, "within": "1m", "per": ["plate"], "match": PLATE},
        {"count": 3, "within": "1m", "per": ["plate"], "match": {"record": "verdict"}},
        {"count": 3, "within": "1m", "per": ["plate"], "match": {"kinds": ["FACE", "PLATE"]}},
        {"count": 2, "within": "1m", "distinct": "site_id", "match": {**LINE, "sites": ["a", "b"]}},
        {"count": 2, "within": "1m", "distinct": "event_type", "match": {"event_types": ["tamper.*"]}},
        {"dwell": "5m", "match": {"event_types": ["io.input"]}},
        {"dwell": "5m", "gap": "4m", "match": {"event_types": ["line.crossed"]}},
        {"dwell": "5m", "match": {"event_types": ["io.input", "line.crossed"]}},
        {"count": 2, "within": "1h", "per": ["entry_id"], "distinct": "site_id", "match": {"kinds": ["FACE"]}},
    )
    assert list(rule_faults(tree(*({"name": f"r{n}", **rule} for n, rule in enumerate(rules))))) == []


def test_what_stands_in_two_zones_has_two_keys_and_what_lacks_a_field_has_none():
    subject = of_sighting(sighting(zones=["a", "b"]))
    source = sighting(zones=["a", "b"])
    assert list(keys(("site_id", "zone"), subject, source)) == [("harbour", "a"), ("harbour", "b")]
    assert list(keys(("zone", "object_id"), subject, source)) == []


def test_a_plate_is_the_same_however_it_is_spaced_and_stands_in_no_key():
    read = {"plates": [{"text": "B-AB 123"}, {"text": "bab123"}]}
    source = sighting("plate.read", observation=read)
    assert list(keys(("plate",), of_sighting(source), source, lambda plain: f"token of {plain}")) == [
        ("token of bab123",)
    ]


def test_the_error_of_a_clock_does_not_matter_to_its_own_device_and_counts_up_to_the_lateness():
    own, zone, strict = tree(
        {"name": "own", "count": 2, "within": "1m"},
        {"name": "zone", "count": 2, "within": "1m", "per": ["zone"]},
        {"name": "strict", "count": 2, "within": "1m", "per": ["zone"], "lateness": "1s"},
    ).correlations.values()
    assert [own.error_of("OFFSET"), zone.error_of("OK"), zone.error_of("IMPLAUSIBLE")] == [0, 500_000, 5_000_000]
    assert strict.error_of("IMPLAUSIBLE") == 1_000_000


EVENTS = [Row(AT + n, AT + n, "", f"trigger-{n}", f"cam-{n % 2}") for n in range(3)]


def raised_by(rows, **fields):
    times = {"started_at": AT, "updated_at": AT + 2, "issued_at": AT + 9}
    return raised(trigger("loiter|harbour", certainty="OBSERVED"), rows, **times, **fields)


def test_what_several_events_raise_has_the_id_of_its_last_event_and_names_all_of_them():
    made = raised_by(EVENTS, lasts=True)
    assert made["alert_id"] == stable_id("correlation", "loiter|harbour", "trigger-2")
    assert (made["triggers"], made["device_ids"]) == (["trigger-0", "trigger-1", "trigger-2"], ["cam-0", "cam-1"])
    assert made["parameters"] == {"devices": "cam-0, cam-1", "events": "3"}
    assert (made["state"], made["certainty"], made["ended_at"], made["issued_at"]) == ("NEW", "OBSERVED", None, AT + 9)
    [cause] = made["causes"]
    assert (cause["kind"], cause["state"], cause["device_id"]) == ("CONDITION", "FIRING", "cam-0")
    moment = raised_by(EVENTS, surely=False)
    assert (moment["causes"][0]["kind"], moment["certainty"]) == ("MOMENT", "POSSIBLE")
    assert moment["causes"][0]["cause_id"] == cause["cause_id"], "it is of the key, whatever raised it"


def test_the_end_of_what_several_events_raised_has_an_id_of_its_own_and_another_where_it_is_taken_back():
    made = raised_by(EVENTS, lasts=True)
    over, revoked = ended(made, AT + 5, AT + 7), ended(made, AT - 5, AT + 7, revoked=True)
    assert (over["alert_id"], over["state"]) == (stable_id(made["alert_id"], "end"), "ENDED")
    assert (revoked["alert_id"], revoked["state"]) == (stable_id(made["alert_id"], "revoked"), "CANCELLED")
    assert [over[name] for name in ("started_at", "updated_at", "ended_at", "received_at", "issued_at")] == [
        AT, AT + 5, AT + 5, AT + 7, AT + 7,
    ]  # fmt: skip
    assert (revoked["updated_at"], revoked["ended_at"]) == (AT, AT), "nothing ends before it began"
    assert [(one["state"], one["updated_at"]) for one in over["causes"]] == [("ENDED", AT + 5)]
