"""A window of a storm limit slides: what was told longer ago than it counts no more, to the microsecond."""

import pytest

from fairwatch.policy.quiet import StormLimit
from fairwatch.sinks import storm as storm_module
from fairwatch.sinks.storm import STEPS, StormControl
from tests.support.processor_world import MemoryState
from tests.support.records import AT, trigger

MINUTE = 60_000_000
STEP = MINUTE // STEPS


def control(state=None, **limit):
    return StormControl([StormLimit(**{"most": 2, "within": "1m", **limit})], state=state)


@pytest.mark.parametrize(("later", "admitted"), [(MINUTE - 1, False), (MINUTE, True)])
def test_one_is_told_again_when_the_window_is_over_and_not_before(later, admitted):
    storm = control()
    assert storm.admits(trigger(), "room", AT)
    assert storm.admits(trigger(), "room", AT + later) is admitted


def test_what_was_told_by_a_clock_that_was_ahead_holds_nothing_back():
    storm = control()
    assert storm.admits(trigger(), "room", AT + MINUTE)
    assert storm.admits(trigger(), "room", AT)


@pytest.mark.parametrize(
    ("bypass", "severity", "admitted"),
    [
        ("EXTREME", "EXTREME", True),
        ("EXTREME", "SEVERE", False),
        ("SEVERE", "SEVERE", True),
        ("SEVERE", "EXTREME", True),
        ("SEVERE", "MODERATE", False),
    ],
)
def test_what_is_as_severe_as_a_limit_says_is_told_in_a_storm_too(bypass, severity, admitted):
    storm = control(bypass=bypass)
    storm.admits(trigger(), "room", AT)
    assert storm.admits(trigger(severity=severity), "room", AT) is admitted


def test_what_says_nothing_of_its_severity_is_not_severe():
    storm = control(bypass="MODERATE")
    said = trigger()
    del said["severity"]
    assert storm.admits(said, "room", AT)
    assert not storm.admits(said, "room", AT)


def test_many_windows_in_which_nothing_was_told_lately_are_forgotten_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr(storm_module, "KEYS_SWEPT", 20)
    storm = control(per=["rule"])
    for number in range(30):
        assert storm.admits(trigger(rule=f"r{number}"), "room", AT)
    assert storm.admits(trigger(rule="late"), "room", AT + MINUTE - 1)
    assert storm.admits(trigger(rule="new"), "room", AT + MINUTE)
    assert set(storm._told) == {next(name for name in storm._told if name.endswith(each)) for each in ("late", "new")}
    assert not storm.admits(trigger(rule="late"), "room", AT + MINUTE)


def test_what_is_told_in_a_storm_all_the_same_counts():
    storm = control(most=3)
    assert storm.admits(trigger(severity="EXTREME"), "room", AT)
    assert storm.admits(trigger(severity="EXTREME"), "room", AT)
    assert not storm.admits(trigger(), "room", AT)


def test_all_limits_have_to_admit_an_alert_and_what_one_refuses_counts_for_none():
    storm = StormControl([StormLimit(most=3, per=["receiver"]), StormLimit(most=2, per=["rule"])])
    assert storm.admits(trigger(rule="a"), "room", AT)
    assert not storm.admits(trigger(rule="a"), "room", AT)
    assert storm.admits(trigger(rule="b"), "room", AT)
    assert not storm.admits(trigger(rule="c"), "room", AT)


def test_a_window_that_is_kept_goes_on_for_as_long_as_it_would_have_and_a_step_more_at_most():
    for later, admitted in ((MINUTE - 1, False), (MINUTE, False), (MINUTE + STEP, True)):
        state = MemoryState()
        before = control(state)
        before.admits(trigger(), "room", AT)
        before.save()
        assert control(state).admits(trigger(), "room", AT + later) is admitted, later


def test_a_kept_window_of_a_clock_that_was_ahead_counts_from_now():
    state = MemoryState()
    before = control(state)
    before.admits(trigger(), "room", AT + 10 * MINUTE)
    before.save()
    after = control(state)
    assert not after.admits(trigger(), "room", AT)
    assert after.admits(trigger(), "room", AT + MINUTE)


def test_a_worker_has_the_share_of_its_partitions_and_one_message_at_least():
    storm = StormControl([StormLimit(most=13)], partitions=12)
    told = {}
    for owned in (12, 6, 1):
        storm.share(list(range(owned)), AT)
        now = AT + owned * 10 * MINUTE
        told[owned] = sum(storm.admits(trigger(), "room", now) for _ in range(20))
    assert told == {12: 12, 6: 5, 1: 0}
