"""Days and hours that rules name: months, dates, holidays, iCalendar files, zones, nights when clocks change."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import ValidationError

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.calendars import Calendar, Days
from fairwatch.policy.icalendar import days_of
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_faults import rule_faults
from fairwatch.policy.time_interval import TimeInterval

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, tzinfo=BERLIN)  # a Monday


def interval(**options):
    return TimeInterval.model_validate(options)


def days(one: TimeInterval, year=2026, calendars=None):
    """Return the days of a year on which an interval holds at noon."""
    first = datetime(year, 1, 1, 12, tzinfo=BERLIN)
    every = [first + timedelta(days=number) for number in range(365)]
    return [f"{day:%m-%d}" for day in every if one.holds(day, calendars or {})]


def hours(one: TimeInterval, day: datetime):
    """Return the local times, each half hour of real time, at which an interval holds on a day."""
    begin = day.astimezone(ZoneInfo("UTC"))
    moments = [(begin + timedelta(minutes=30 * n)).astimezone(BERLIN) for n in range(16)]
    return [f"{moment:%H:%M%z}"[:8] for moment in moments if one.holds(moment)]


def test_days_of_the_month_count_from_both_ends():
    assert days(interval(days_of_month=["1", "-1"], months=["february", "march"])) == [
        "02-01", "02-28", "03-01", "03-31",
    ]  # fmt: skip
    assert days(interval(days_of_month=["-3..-1"], months=["april"])) == ["04-28", "04-29", "04-30"]
    assert days(interval(days_of_month=["1..7"], weekdays=["monday"]))[:3] == ["01-05", "02-02", "03-02"]


def test_dates_come_once_or_each_year_also_over_its_turn():
    assert days(interval(dates=["2026-05-30..2026-06-02", "07-14"])) == [
        "05-30", "05-31", "06-01", "06-02", "07-14",
    ]  # fmt: skip
    assert days(interval(dates=["12-30..01-02"])) == ["01-01", "01-02", "12-30", "12-31"]
    assert days(interval(dates=["2026-05-30"]), year=2027) == []


def test_a_named_zone_counts_instead_of_the_site_s():
    morning = interval(start="06:00", end="07:00", zone="America/New_York")
    assert morning.holds(NOON)
    assert not morning.holds(NOON - timedelta(hours=6))


def test_public_holidays_are_those_of_a_country_and_its_state():
    calendars = {name: Days(Calendar(country="DE", subdivision=name)) for name in ("BY", "BE")}
    found = days(interval(holidays=["BY"]), calendars=calendars)
    assert {"01-06", "04-03", "10-03", "12-25"} <= set(found), "Epiphany, Good Friday, Unity, Christmas"
    assert "01-06" not in days(interval(holidays=["BE"]), calendars=calendars)
    assert "12-25" not in days(interval(except_holidays=["BE"]), calendars=calendars)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"country": "QQ"}, "Country QQ not available"),
        ({"country": "DE", "subdivision": "XX"}, "does not have subdivision XX"),
        ({"subdivision": "BY", "dates": ["2026-01-01"]}, "subdivision is of a country"),
        ({}, "exactly one of country, file and dates"),
        ({"country": "DE", "file": "a.ics"}, "exactly one of country, file and dates"),
    ],
)
def test_a_calendar_that_cannot_be_is_named(options, names):
    with pytest.raises(ValidationError, match=names):
        Calendar.model_validate(options)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"zone": "Europe/Berlyn"}, "is no IANA zone"),
        ({"days_of_month": ["0"]}, "must lie between 1 and 31"),
        ({"days_of_month": ["7..1"]}, "the earlier one first"),
        ({"days_of_month": ["first"]}, "must be a day such as 1"),
        ({"months": ["mai"]}, "january"),
        ({"dates": ["2026-02-30"]}, "day"),
        ({"dates": ["24.12."]}, "must be a date or span"),
        ({"dates": ["2026-12-24..2026-12-01"]}, "ends before it begins"),
        ({"start": "02:00", "end": "02:00"}, "the same"),
    ],
)
def test_a_time_that_cannot_be_is_named(options, names):
    with pytest.raises(ValidationError, match=names):
        interval(**options)


NIGHT_OF_SUMMER = datetime(2026, 3, 29, 0, 0, tzinfo=BERLIN)
NIGHT_OF_WINTER = datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN)


def test_in_the_night_in_which_an_hour_is_skipped_the_hour_after_it_stands_for_it():
    assert hours(interval(start="01:30", end="02:30"), NIGHT_OF_SUMMER) == ["01:30+01"]
    assert hours(interval(start="02:30", end="04:00"), NIGHT_OF_SUMMER) == ["03:00+02", "03:30+02"]
    assert hours(interval(start="22:00", end="02:30"), NIGHT_OF_SUMMER) == [
        "00:00+01", "00:30+01", "01:00+01", "01:30+01",
    ]  # fmt: skip


def test_in_the_night_in_which_an_hour_comes_twice_both_count_without_a_gap():
    both = ["02:00+02", "02:30+02", "02:00+01", "02:30+01"]
    assert hours(interval(start="02:00", end="03:00"), NIGHT_OF_WINTER) == both
    assert hours(interval(start="01:30", end="02:30"), NIGHT_OF_WINTER) == ["01:30+02", *both[:3]]
    assert hours(interval(start="02:30", end="03:30"), NIGHT_OF_WINTER) == [*both[1:], "03:00+01"]
    assert hours(interval(start="22:00", end="02:30"), NIGHT_OF_WINTER)[-3:] == both[:3]
    assert hours(interval(start="02:30", end="23:00"), NIGHT_OF_WINTER)[:3] == both[1:]


def test_an_interval_outside_of_the_hour_that_comes_twice_knows_nothing_of_it():
    assert hours(interval(start="03:00", end="04:00"), NIGHT_OF_WINTER) == ["03:00+01", "03:30+01"]
    assert hours(interval(start="00:30", end="01:30"), NIGHT_OF_WINTER) == ["00:30+02", "01:00+02"]


ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260803
DTEND;VALUE=DATE:20260808
SUMMARY:Plant closed, a line that is
  folded
BEGIN:VALARM
TRIGGER:-P1D
DTSTART:20200101T000000
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20240101
RRULE:FREQ=YEARLY
EXDATE;VALUE=DATE:20270101
END:VEVENT
BEGIN:VEVENT
DTSTART:20261005T220000Z
DTEND:20261006T040000Z
RRULE:FREQ=WEEKLY;UNTIL=20261020T000000Z
END:VEVENT
BEGIN:VEVENT
STATUS:CANCELLED
DTSTART;VALUE=DATE:20260101
DTEND;VALUE=DATE:20261231
END:VEVENT
END:VCALENDAR
"""
SPAN = date(2026, 1, 1), date(2028, 12, 31)


def test_events_of_a_calendar_file_cover_their_days(tmp_path):
    path = tmp_path / "plant.ics"
    path.write_text(ICS.replace("\n", "\r\n"))
    found = sorted(f"{day:%y-%m-%d}" for day in days_of(path, *SPAN))
    assert found == [
        "26-01-01", "26-08-03", "26-08-04", "26-08-05", "26-08-06", "26-08-07",
        "26-10-05", "26-10-06", "26-10-12", "26-10-13", "26-10-19", "26-10-20", "28-01-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "is no iCalendar file"),
        (ICS.replace("END:VCALENDAR\n", ""), "or is cut off"),
        (ICS.replace("20260803", "2026-08-03"), "event 1 cannot be understood"),
        (ICS.replace("20260808", "20260101"), "it ends before it begins"),
        (ICS.replace("FREQ=YEARLY", "FREQ=SOMETIMES"), "event 2 cannot be understood"),
        (ICS.replace("FREQ=YEARLY", "FREQ=SECONDLY"), "more often than daily"),
        (ICS.replace("DTSTART;VALUE=DATE:20240101", "X:1"), "DTSTART"),
        (ICS.replace("DTSTART;VALUE=DATE:20240101", "DTSTART:00010101"), "it begins before 1900"),
    ],
)
def test_a_broken_calendar_file_is_named(tmp_path, text, names):
    (tmp_path / "plant.ics").write_text(text)
    with pytest.raises(ConfigurationError, match=r"plant\.ics") as caught:
        days_of(tmp_path / "plant.ics", *SPAN)
    assert names in str(caught.value)


RULES = """
calendars: {{plant: {{{source}}}}}
time_intervals: {{closed: [{{holidays: [{name}]}}]}}
route:
  receivers: [room]
  routes: [{{name: inside, match: {{event_types: [zone.entered], during: [closed]}}}}]
"""


def read(tmp_path, source="file: plant.ics", name="plant"):
    (tmp_path / "routes.yaml").write_text(RULES.format(source=source, name=name))
    return RouteTree.read(tmp_path / "routes.yaml")


def test_rules_name_calendars_that_are_there(tmp_path):
    with pytest.raises(ConfigurationError, match="calendar 'plannt' is not in calendars"):
        read(tmp_path, name="plannt")
    with pytest.raises(ConfigurationError, match=r"calendar 'plant': .*plant.ics: cannot be read"):
        read(tmp_path)
    with pytest.raises(ConfigurationError, match="is no name of a file beside the rules"):
        read(tmp_path, source="file: ../plant.ics")


def test_a_calendar_that_is_empty_or_ends_tomorrow_is_a_fault_of_the_rules(tmp_path):
    (tmp_path / "plant.ics").write_text("BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    assert list(rule_faults(read(tmp_path))) == ["calendar 'plant' holds no day"]
    tree = read(tmp_path, source="dates: [2026-08-03]")
    assert list(rule_faults(tree, today=date(2026, 8, 2))) == ["calendar 'plant' ends on 2026-08-03"]
    assert list(rule_faults(tree, today=date(2026, 6, 1))) == []


def test_a_calendar_file_can_be_written_out_so_that_rules_travel_without_it(tmp_path):
    (tmp_path / "plant.ics").write_text(ICS)
    tree = read(tmp_path)
    written = tree.calendars["plant"].written_out()
    assert written.file is None
    assert date(2026, 8, 3) in Days(written)
    text = RULES.format(source=f"dates: [{', '.join(map(str, written.dates))}]", name="plant")
    routes = Routes.model_validate(yaml.safe_load(text))
    assert RouteTree(routes).rules.keys() == {"inside"}


def written(tmp_path, *events: str, more: str = ""):
    path, begin, end = tmp_path / "plant.ics", "BEGIN:VEVENT\n", "END:VEVENT\n"
    body = "".join(f"{begin}{event}\n{end}" for event in events)
    path.write_text(f"BEGIN:VCALENDAR\n{more}{body}END:VCALENDAR\n")
    return path


def test_a_calendar_may_have_twenty_thousand_events_and_not_one_more(tmp_path):
    many = ["DTSTART:20260803"] * 20_000
    assert days_of(written(tmp_path, *many), *SPAN) == {date(2026, 8, 3)}
    with pytest.raises(ConfigurationError, match="more than 20,000 events"):
        days_of(written(tmp_path, *many, "DTSTART:20260804"), *SPAN)


def test_a_calendar_may_cover_twenty_thousand_days_and_not_one_more(tmp_path):
    first, long = date(1960, 1, 1), date(2040, 1, 1)
    for more, fits in ((0, True), (1, False)):
        path = written(tmp_path, f"DTSTART:19600101\nDTEND:{first + timedelta(20_000 + more):%Y%m%d}")
        if fits:
            assert len(days_of(path, first, long)) == 20_000
        else:
            with pytest.raises(ConfigurationError, match="20,000 days"):
                days_of(path, first, long)


def test_a_calendar_may_have_four_mebibytes_and_not_one_byte_more(tmp_path):
    least = written(tmp_path, "DTSTART:20260803").stat().st_size
    room = "X:" + "x" * ((4 << 20) - least - 3) + "\n"
    assert days_of(written(tmp_path, "DTSTART:20260803", more=room), *SPAN) == {date(2026, 8, 3)}
    with pytest.raises(ConfigurationError, match="has more than 4 MiB"):
        days_of(written(tmp_path, "DTSTART:20260803", more="x" + room), *SPAN)


def test_a_repetition_may_be_counted_from_1900(tmp_path):
    path = written(tmp_path, "DTSTART:19000601\nRRULE:FREQ=YEARLY")
    assert days_of(path, date(2026, 1, 1), date(2026, 12, 31)) == {date(2026, 6, 1)}


def test_single_dates_are_added_and_left_out_one_by_one(tmp_path):
    event = "DTSTART:20260803\nRDATE:20260810,20260812\nRDATE:20260820\nEXDATE:20260812,20260803"
    assert days_of(written(tmp_path, event), *SPAN) == {date(2026, 8, 10), date(2026, 8, 20)}


def test_an_event_at_a_time_is_of_the_days_that_it_touches(tmp_path):
    of_hours = "DTSTART:20260803T220000\nDTEND:20260804T000000"
    assert days_of(written(tmp_path, of_hours), *SPAN) == {date(2026, 8, 3)}, "it is over as the next day begins"
    assert days_of(written(tmp_path, of_hours.replace("T000000", "T000001")), *SPAN) == {
        date(2026, 8, 3), date(2026, 8, 4),
    }  # fmt: skip
    assert days_of(written(tmp_path, "DTSTART:20260803T220000"), *SPAN) == {date(2026, 8, 3)}


def test_what_began_before_the_time_that_is_asked_for_counts_in_it(tmp_path):
    path = written(tmp_path, "DTSTART:20251230\nDTEND:20260103", "DTSTART:20251224\nDTEND:20251228")
    assert days_of(path, *SPAN) == {date(2026, 1, 1), date(2026, 1, 2)}
    weekly = written(tmp_path, "DTSTART:20251215\nDTEND:20251219\nRRULE:FREQ=WEEKLY;COUNT=3")
    assert days_of(weekly, *SPAN) == {date(2026, 1, 1)}
