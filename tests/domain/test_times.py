"""Which instants a camera can mean, what its clock is worth, and how an instant is written."""

from datetime import UTC, datetime, timedelta

import pytest

from fairwatch.domain.calendar import EARLIEST, LATEST, instant, is_plausible, iso_8601
from fairwatch.domain.device_clock import DeviceClock, stated_time
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters.times import read_date_time
from fairwatch.formats.payload import Payload

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
    readings = [device.read(NOON - 10 * SECOND, NOON) for _ in range(3)]
    assert [(reading.occurred_at, reading.offset_ms, reading.clock) for reading in readings] == [
        (NOON - 10 * SECOND, 0, "UNKNOWN"),
        (NOON - 10 * SECOND, 0, "UNKNOWN"),
        (NOON, -10_000, "OFFSET"),
    ]


def test_nothing_is_received_before_it_happens_whatever_its_device_says() -> None:
    device = clock()
    readings = [device.read(NOON + 10 * SECOND, NOON) for _ in range(3)]
    assert [(reading.occurred_at, reading.clock) for reading in readings] == [
        (NOON, "UNKNOWN"),
        (NOON, "UNKNOWN"),
        (NOON, "OFFSET"),
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
    assert reading.occurred_at == (received_at if quality == "IMPLAUSIBLE" else min(device_time, received_at))
    assert device.errors == ([] if quality == "IMPLAUSIBLE" else [(device_time - received_at) // 1000])


def readings(device: DeviceClock, *events: tuple[float, float]) -> list[tuple[float, str]]:
    """Let a device say when something was, received at another second; return when it was, and how sure that is."""
    found = [device.read(NOON + round(said * SECOND), NOON + round(got * SECOND)) for said, got in events]
    return [((reading.occurred_at - NOON) / SECOND, reading.clock) for reading in found]


def test_what_a_camera_sends_out_of_its_buffer_is_late_and_moves_no_clock() -> None:
    device = clock(0.2, 0.3, 0.2)
    buffered = [(180.0 * n, 7200 + 0.2 * n) for n in range(40)]
    assert readings(device, *buffered) == [(said, "OK") for said, _ in buffered]
    assert readings(device, (7210, 7210.3)) == [(7210, "OK")]


def test_a_burst_that_was_kept_for_an_hour_is_late_though_all_of_it_is_late_by_as_much() -> None:
    device = clock(0, 0, 0)
    burst = [(second / 2, 3600 + second / 2) for second in range(16)]
    assert readings(device, *burst) == [(said, "OK") for said, _ in burst]
    assert readings(device, (3610, 3610)) == [(3610, "OK")]


def test_a_clock_that_is_set_an_hour_back_is_noticed_at_the_third_event_half_a_minute_later() -> None:
    device = clock(*[0.0] * 31)
    events = [(second - 3600, second) for second in (0, 15, 30, 45)]
    assert readings(device, *events) == [(-3600, "OK"), (-3585, "OK"), (30, "OFFSET"), (45, "OFFSET")]


def test_a_clock_that_is_set_an_hour_ahead_puts_no_event_into_the_future() -> None:
    device = clock(*[0.0] * 31)
    events = [(second + 3600, second) for second in (0, 1, 2, 3)]
    assert readings(device, *events) == [(0, "OFFSET"), (1, "OFFSET"), (2, "OFFSET"), (3, "OFFSET")]
    assert device.read(NOON + 3700 * SECOND, NOON + 100 * SECOND).offset_ms == 3_600_000


def test_one_time_in_the_future_is_not_believed_and_moves_no_clock() -> None:
    device = clock(0, 0, 0)
    assert readings(device, (3600, 0), (1, 1), (2, 2)) == [(0, "OFFSET"), (1, "OK"), (2, "OK")]


def test_a_clock_that_was_put_right_is_right_at_the_third_event() -> None:
    device = clock(*[60.0] * 31)
    live = [(second, second) for second in (0, 20, 40, 60)]
    assert [quality for _, quality in readings(device, *live)] == ["OFFSET", "OFFSET", "OK", "OK"]
    assert len(device.errors) <= 31


def test_what_is_known_of_a_clock_comes_back_as_it_was_saved() -> None:
    device = clock(0, 0, 0)
    readings(device, (-3600, 0), (-3590, 10))
    again = DeviceClock.restore(device.saved)
    assert (again.errors, again.doubt) == (device.errors, device.doubt)
    assert readings(again, (-3560, 40)) == [(40, "OFFSET")]
    assert DeviceClock.restore(None).errors == []
    assert DeviceClock.restore({"errors": [1], "at": 2}).doubt is None, "saved by an earlier release"


def berlin(text: str) -> dict:
    """Return what a recorder in Berlin wrote without a zone, and when it was received, in UTC."""
    wrote, _, got = text.partition(" ")
    at = instant(datetime.fromisoformat(f"2026-10-25T{wrote}+00:00"))
    received = instant(datetime.fromisoformat(f"2026-10-{got}+00:00"))
    return {"occurred_at": 1, "received_at": received, "device_time": {"utc": at, "zone": "ASSUMED_UTC"}}


@pytest.mark.parametrize(
    ("wrote_and_received", "meant"),
    [
        ("01:59:00 24T23:59:01", "24T23:59:00"),
        ("02:30:00 25T00:30:01", "25T00:30:00"),
        ("02:30:00 25T01:30:01", "25T01:30:00"),
        ("02:30:00 25T01:29:58", "25T01:30:00"),  # its clock is two seconds ahead
        ("03:00:00 25T02:00:01", "25T02:00:00"),
    ],
)
def test_the_autumn_hour_that_comes_twice_is_the_one_that_it_is_now(wrote_and_received: str, meant: str) -> None:
    meant_at = instant(datetime.fromisoformat(f"2026-10-{meant}+00:00"))
    assert stated_time(berlin(wrote_and_received), None, "Europe/Berlin") == meant_at


def said(zone: str | None, at: int = NOON) -> dict:
    return {"occurred_at": 1, "received_at": at + DAY, "device_time": {"utc": at, "zone": zone}}


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


def test_a_device_with_a_zone_of_its_own_writes_the_autumn_hour_that_it_is_now() -> None:
    received = instant(datetime.fromisoformat("2026-10-25T01:30:01+00:00"))
    env = Environment(Payload(b"", time_zone="Europe/Berlin", received_at=received))
    assert read_date_time("2026-10-25T02:30:00", env)["utc"] == received - SECOND
    env = Environment(Payload(b"", time_zone="Europe/Berlin", received_at=received - HOUR))
    assert read_date_time("2026-10-25T02:30:00", env)["utc"] == received - HOUR - SECOND
