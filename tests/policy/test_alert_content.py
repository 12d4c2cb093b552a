"""What a group's alert says: of most things the latest word, of some the widest, the earliest or the worst."""

from typing import get_args

import pytest

from fairwatch.policy.alert_content import DEVICE_LIMIT, SEVERITIES, TRIGGER_LIMIT, merge, opened
from fairwatch.policy.deeds import SENTENCES, Objection
from fairwatch.policy.release import is_about_a_match
from tests.support import records

LATEST = {
    "event_type": "tamper.cover",
    "title": "Another",
    "description": "more",
    "category": "Safety",
    "urgency": "FUTURE",
    "certainty": "LIKELY",
    "received_at": 9,
    "device_name": "Gate",
    "site_id": "quay",
    "site_name": "Quay",
    "geo": {"latitude": 1.0, "longitude": 2.0},
    "candidate_id": "c2",
    "entry_id": "e2",
    "authorisation_id": "a2",
    "verified_by": ["bo"],
    "media": [{"uri": "x"}],
    "parameters": {"n": "2"},
    "exercise": True,
}


def trigger(group):
    return {**records.trigger(group), "zones": [], "receivers": []}


@pytest.mark.parametrize("name", LATEST)
def test_the_latest_word_counts(name):
    alert = opened(trigger("g"))
    merge(alert, {**trigger("g"), name: LATEST[name]})
    assert alert[name] == LATEST[name]


def test_what_a_later_trigger_does_not_say_stays_as_it_was():
    alert = opened({**trigger("g"), "site_name": "Quay"})
    later = trigger("g")
    later.pop("site_name", None)
    merge(alert, later)
    assert alert["site_name"] == "Quay"


def test_nobody_has_taken_or_judged_an_alert_that_begins_whatever_its_trigger_says():
    said = {"acknowledged_by": "bo", "acknowledged_at": 1, "claimed_by": "bo", "claimed_at": 1, "closed_by": "bo"}
    alert = opened({**trigger("g"), **said, "outcome": "FALSE", "deeds": [{"deed": "CLOSE"}]})
    assert [name for name in (*said, "outcome", "deeds") if name in alert] == []


def test_an_alert_begins_uncounted_and_untold_and_each_trigger_counts():
    alert = opened(trigger("g"))
    assert (alert["revision"], alert["count"]) == (-1, 1)
    merge(alert, trigger("g"))
    assert alert["count"] == 2


def test_times_span_all_triggers_in_whatever_order_they_come():
    alert = opened({**trigger("g"), "started_at": 50, "updated_at": 60})
    merge(alert, {**trigger("g"), "started_at": 40, "updated_at": 55})
    merge(alert, {**trigger("g"), "started_at": 58, "updated_at": 70})
    assert (alert["started_at"], alert["updated_at"]) == (40, 70)


@pytest.mark.parametrize(("place", "severity"), list(enumerate(["UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"])))
def test_severity_only_rises_and_a_rise_is_told(place, severity):
    assert SEVERITIES[place] == severity
    for other in SEVERITIES:
        alert = opened({**trigger("g"), "severity": severity})
        told = merge(alert, {**trigger("g"), "severity": other})
        rises = SEVERITIES.index(other) > place
        assert (alert["severity"], told) == (other if rises else severity, rises)


@pytest.mark.parametrize("before", [{}, {"zones": [], "receivers": []}])
@pytest.mark.parametrize("said", [{}, {"zones": [], "receivers": []}])
def test_a_trigger_that_names_no_zones_or_receivers_tells_nothing_new(before, said):
    plain = {name: value for name, value in records.trigger("g").items() if name not in ("zones", "receivers")}
    alert = opened({**plain, **before})
    assert not merge(alert, {**plain, **said})
    assert (alert.get("zones", []), alert.get("receivers", [])) == ([], [])


def test_what_more_zones_than_are_listed_hold_is_told_once():
    alert = opened({**trigger("g"), "zones": [str(number) for number in range(DEVICE_LIMIT)]})
    assert not merge(alert, {**trigger("g"), "zones": ["one more"]})


@pytest.mark.parametrize("name", ["zones", "receivers"])
def test_zones_and_receivers_are_all_that_were_named_and_a_new_one_is_told(name):
    alert = opened({**trigger("g"), name: ["a"]})
    assert not merge(alert, {**trigger("g"), name: ["a"]})
    assert merge(alert, {**trigger("g"), name: ["b", "a"]})
    assert alert[name] == ["a", "b"]
    merge(alert, {**trigger("g"), name: [str(number) for number in range(2 * DEVICE_LIMIT)]})
    assert len(alert[name]) == DEVICE_LIMIT


def test_the_latest_triggers_are_kept():
    alert = opened({**trigger("g"), "triggers": ["first"]})
    for number in range(TRIGGER_LIMIT):
        merge(alert, {**trigger("g"), "triggers": [str(number)]})
    assert (len(alert["triggers"]), alert["triggers"][0], alert["triggers"][-1]) == (TRIGGER_LIMIT, "0", "99")


@pytest.mark.parametrize("name", ["candidate_id", "entry_id", "authorisation_id"])
def test_an_alert_that_names_a_match_in_any_way_is_about_one(name):
    plain = {"event_type": "tamper.cover"}
    assert not is_about_a_match(plain)
    assert is_about_a_match({**plain, name: "x"})


def test_every_objection_to_a_deed_has_a_sentence():
    assert set(SENTENCES) == set(get_args(Objection))
