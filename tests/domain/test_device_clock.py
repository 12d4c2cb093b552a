"""Where exactly a device's clock begins to be doubted, when what is learnt of it is saved, and which hour it means."""

import time
from datetime import UTC, datetime

import pytest

from fairwatch.domain.calendar import instant
from fairwatch.domain.device_clock import DeviceClock, Doubt, stated_time

SECOND, DAY = 1_000_000, 86_400_000_000
NOON = instant(datetime(2026, 1, 15, 12, tzinfo=UTC))
FULL = [0] * 31


def feed(device: DeviceClock, *events: tuple[float, float]) -> list[str]:
    """Let a device say when something was, received at another second; return what its clock is worth each time."""
    return [device.read(NOON + round(said * SECOND), NOON + round(got * SECOND)).clock for said, got in events]


def test_five_seconds_from_what_is_known_are_no_doubt() -> None:
    device = DeviceClock([0, 0, 0])
    assert feed(device, (5, 0)) == ["OK"]
    assert (device.errors, device.doubt) == ([0, 0, 0, 5000], None)
    assert feed(device, (5.001, 0)) == ["OFFSET"]
    assert device.doubt == Doubt(5001, NOON, NOON, 1)


def test_five_seconds_from_a_doubt_are_the_same_doubt_and_a_millisecond_more_is_another() -> None:
    device = DeviceClock([0, 0, 0])
    feed(device, (-60, 0), (-54, 1))
    assert device.doubt == Doubt(-60_000, NOON, NOON + SECOND, 2)
    feed(device, (-52.999, 2))
    assert device.doubt == Doubt(-54_999, NOON + 2 * SECOND, NOON + 2 * SECOND, 1)


def test_a_clock_that_is_ahead_is_set_at_the_third_event_and_one_that_is_behind_half_a_minute_later() -> None:
    ahead = DeviceClock([0, 0, 0])
    feed(ahead, (60, 0), (61, 1), (62, 2))
    assert (ahead.errors, ahead.doubt, ahead.learnt_at) == ([60_000] * 3, None, NOON + 2 * SECOND)
    behind = DeviceClock([0, 0, 0])
    feed(behind, (-60, 0), (-59, 1), (-58, 2), (-30.001, 29.999))
    assert behind.errors == [0, 0, 0]
    feed(behind, (-30, 30))
    assert behind.errors == [-60_000] * 3


def test_of_a_clock_that_little_is_known_of_three_events_are_enough_whichever_way_it_is_off() -> None:
    device = DeviceClock([0, 0])
    feed(device, (-60, 0), (-59, 1), (-58, 2))
    assert device.errors == [-60_000] * 3


def test_a_clock_has_something_to_save_when_it_learnt_or_doubts_or_doubts_no_more() -> None:
    assert not DeviceClock([]).changed
    for events, changed in (
        ([(0.999, 0.999999)], False),  # enough is known, and something was kept a moment ago
        ([(1, 1)], True),
        ([(60, 0)], True),
    ):
        device = DeviceClock(list(FULL), NOON)
        feed(device, *events)
        assert device.changed is changed, events
    device = DeviceClock(list(FULL), NOON, Doubt(60_000, NOON, NOON))
    feed(device, (0, 0))
    assert (device.changed, device.doubt) == (True, None)
    assert len(device.errors) == 31


def test_a_clock_that_was_never_heard_is_saved_as_nothing() -> None:
    assert DeviceClock([]).saved == {"errors": [], "at": 0, "doubt": None}
    assert DeviceClock.restore({"errors": [1]}).saved == {"errors": [1], "at": 0, "doubt": None}


@pytest.mark.parametrize(("ahead", "believed"), [(5 * SECOND, True), (5 * SECOND + 1, False)])
def test_a_time_up_to_five_seconds_in_the_future_stays_as_it_was_said(ahead: int, believed: bool) -> None:
    assert DeviceClock([]).read(NOON + ahead, NOON).occurred_at == NOON + ahead * believed


def berlin(received: str) -> int:
    """Return what 02:30 in the night when clocks go back means, received at that time UTC."""
    at = instant(datetime(2026, 10, 25, 2, 30, tzinfo=UTC))
    got = instant(datetime.fromisoformat(f"2026-10-25T{received}+00:00"))
    said = {"received_at": got, "device_time": {"utc": at, "zone": "ASSUMED_UTC"}, "occurred_at": 1}
    return (stated_time(said, "Europe/Berlin", None) - instant(datetime(2026, 10, 25, tzinfo=UTC))) // (60 * SECOND)


@pytest.mark.parametrize(
    ("received", "minutes"), [("01:29:55", 90), ("01:29:54.999999", 30), ("01:29:51", 30), ("01:30:00", 90)]
)
def test_the_second_of_autumns_two_hours_may_come_five_seconds_early_and_no_more(received: str, minutes: int) -> None:
    assert berlin(received) == minutes


def test_where_the_hub_stands_is_of_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert berlin("02:00:00") == 90
    finally:
        monkeypatch.undo()
        time.tzset()
