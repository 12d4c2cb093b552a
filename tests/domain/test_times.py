"""Which instants a camera can mean, what its clock is worth, and how an instant is written."""

from datetime import UTC, datetime, timedelta

import pytest

from fairwatch.domain.calendar import EARLIEST, LATEST, instant, is_plausible, iso_8601
from fairwatch.domain.device_clock import DeviceClock, stated_time

SECOND, DAY = 1_000_000, 86_400_000_000
NOON = instant(datetime(2026, 1, 15, 12, tzinfo=UTC))


def test_this_century_is_plausible_from_its_first_to_its_last_microsecond() -> None:
    first, last = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    assert (instant(first), instant(last)) == (EARLIEST, LATEST)
    assert [is_plausible(at) for at in (EARLIEST - 1, EARLIEST, LATEST - 1, LATEST)] == [False, True, True, False]


def test_an_instant_is_counted_in_microseconds_and_written_with_all_of_them() -> None:
    assert instant(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=7)) == 7
    assert iso_8601(1_767_225_600_000_007) == "2026-01-01T00:00:00.000007Z"
    assert iso_8601(10**18) == "1000000000000000000", "after the year 9999"


def clock(*errors_s: float) -> DeviceClock:
    return DeviceClock([round(error * 1000) for error in errors_s])


def test_a_device_is_believed_until_three_events_say_that_its_clock_is_wrong() -> None:
    device = clock()
    readings = [device.read(NOON + 10 * SECOND, NOON) for _ in range(3)]
    assert [(reading.occurred_at, reading.offset_ms, reading.clock) for reading in readings] == [
        (NOON + 10 * SECOND, 0, "UNKNOWN"),
        (NOON + 10 * SECOND, 0, "UNKNOWN"),
        (NOON, 10_000, "OFFSET"),
    ]


@pytest.mark.parametrize(("error_s", "quality"), [(5, "OK"), (-5, "OK"), (5.001, "OFFSET"), (-5.001, "OFFSET")])
def test_five_seconds_are_what_transport_may_take(error_s: float, quality: str) -> None:
    reading = clock(error_s, error_s).read(NOON + round(error_s * SECOND), NOON)
    assert (reading.clock, reading.offset_ms) == (quality, round(error_s * 1000))


@pytest.mark.parametrize(
    ("device_time", "received_at", "quality"),
    [
        (NOON + DAY, NOON, "UNKNOWN"),
        (NOON - DAY, NOON, "UNKNOWN"),
        (NOON + DAY + 1, NOON, "IMPLAUSIBLE"),
        (NOON - DAY - 1, NOON, "IMPLAUSIBLE"),
        (EARLIEST, EARLIEST, "UNKNOWN"),
        (EARLIEST - 1, EARLIEST, "IMPLAUSIBLE"),
    ],
)
def test_a_clock_that_is_a_day_off_or_was_never_set_says_nothing(
    device_time: int, received_at: int, quality: str
) -> None:
    device = clock()
    reading = device.read(device_time, received_at)
    assert reading.clock == quality
    assert reading.occurred_at == (received_at if quality == "IMPLAUSIBLE" else device_time)
    assert device.errors == ([] if quality == "IMPLAUSIBLE" else [(device_time - received_at) // 1000])


def test_what_was_long_ago_says_nothing_about_a_clock_that_was_put_right() -> None:
    device = clock(*[60.0] * 31)
    moments = [NOON + second * SECOND for second in range(16)]
    readings = [device.read(moment, moment).clock for moment in moments]
    assert readings == ["OFFSET"] * 15 + ["OK"], "the median of the last 31"
    assert len(device.errors) == 31


def said(zone: str | None, at: int = NOON) -> dict:
    return {"occurred_at": 1, "device_time": {"utc": at, "zone": zone}}


HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("assumed", "own", "site", "hours"),
    [
        (None, "Europe/Berlin", "Europe/Berlin", 0),  # it came with its zone
        ("+02:00", "Europe/Berlin", None, 0),
        ("ASSUMED_UTC", None, None, 0),
        ("ASSUMED_UTC", "Europe/Berlin", None, -1),  # it meant noon in Berlin, which is 11 UTC
        ("ASSUMED_UTC", None, "America/New_York", 5),
        ("ASSUMED_UTC", "Europe/Berlin", "America/New_York", -1),
        ("ASSUMED_+08:00", None, "Europe/Berlin", 0),  # the format has an offset, which the site does not overrule
        ("ASSUMED_+08:00", "Europe/Berlin", None, 7),
        ("ASSUMED_-03:30", "Europe/Berlin", None, -4.5),
        ("ASSUMED_+99:00", "Europe/Berlin", None, 23 + 59 / 60 - 1),  # no offset is a day long
        ("ASSUMED_UTC", "Nowhere/Land", None, 0),
    ],
)
def test_a_time_without_a_zone_is_read_in_that_of_its_device_or_site(
    assumed: str | None, own: str | None, site: str | None, hours: float
) -> None:
    assert stated_time(said(assumed), own, site) - NOON == round(hours * HOUR)


def test_what_is_no_time_of_this_century_stays_as_it_was_said() -> None:
    assert stated_time(said("ASSUMED_UTC", EARLIEST - 1), "Europe/Berlin", None) == EARLIEST - 1
    assert stated_time({"occurred_at": 5, "device_time": None}, "Europe/Berlin", None) == 5
