"""Until when a rule's alerts are told to nobody: to the minute, in the time of the site, and never for good."""

import pytest

from fairwatch.policy.mute_times import MuteTimes
from fairwatch.policy.rule_book import RuleBook, read_rules
from tests.support.processor_world import MemoryReference
from tests.support.records import AT, trigger

MINUTE, HOUR = 60_000_000, 3_600_000_000
RULES = """
time_intervals:
  night: [{start: "22:00", end: "06:00"}]
  day: [{start: "08:00", end: "18:00"}]
  whole: [{start: "00:00", end: "12:00"}, {start: "12:00", end: "24:00"}]
  lunch: [{start: "12:00", end: "13:00"}]
route:
  receivers: [room]
  routes:
    - {name: quiet, mute: [night]}
    - {name: office, active: [day]}
    - {name: both, active: [day], mute: [lunch]}
    - {name: never, mute: [whole]}
    - {name: loud}
"""


def times(**sites):
    return MuteTimes(RuleBook(read_rules(RULES)), MemoryReference(sites))


def hour(until):
    return None if until is None else (until - AT) / HOUR


@pytest.mark.parametrize(
    ("rule", "at", "until"),
    [
        ("quiet", 5, 6),
        ("quiet", 6 - 1 / 60, 6),
        ("quiet", 6, None),
        ("quiet", 22 - 1 / 60, None),
        ("quiet", 22, 30),
        ("office", 5, 8),
        ("office", 8, None),
        ("office", 18 - 1 / 60, None),
        ("office", 18, 32),
        ("both", 7, 8),
        ("both", 12, 13),
        ("both", 13, None),
        ("never", 1, 25),
        ("loud", 1, None),
        ("of an earlier file", 1, None),
    ],
)
def test_an_alert_is_told_when_its_rule_may_be_heard_again_and_asked_about_once_a_day(rule, at, until):
    now = AT + round(at * 60) * MINUTE
    assert hour(times().until(trigger(rule=rule), now)) == until


def test_within_a_minute_the_answer_is_the_same_and_is_never_in_the_past():
    muted = times()
    for second in (0, 1, 59):
        now = AT + 5 * HOUR + second * 1_000_000
        assert hour(muted.until(trigger(rule="quiet"), now)) == 6
    assert muted.until(trigger(rule="quiet"), AT + 6 * HOUR) is None, "a minute later it is asked anew"


def test_each_site_has_its_own_night():
    muted = times(berlin={"time_zone": "Europe/Berlin"}, tokyo={"time_zone": "Asia/Tokyo"}, nowhere={})
    found = {site: hour(muted.until(trigger(rule="quiet", site_id=site), AT)) for site in ("berlin", "tokyo")}
    assert found == {"berlin": 5, "tokyo": None}
    for utc in ("nowhere", "unknown", None):
        assert hour(muted.until(trigger(rule="quiet", site_id=utc), AT)) == 6


def test_without_sites_the_time_is_utc():
    muted = MuteTimes(RuleBook(read_rules(RULES)))
    assert hour(muted.until(trigger(rule="quiet", site_id="berlin"), AT)) == 6
