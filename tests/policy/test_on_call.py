"""Who is on call follows from calendars: shifts, swaps, holidays and absences, in the zone of the people."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.escalations import Escalations
from fairwatch.policy.on_call import Roster, Schedule

BERLIN = ZoneInfo("Europe/Berlin")


def instant(text: str) -> int:
    """Return a time of Berlin in microseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1_000_000)


def event(person: str, start: str, end: str, *more: str) -> str:
    lines = ["BEGIN:VEVENT", f"UID:{person}-{start}", f"SUMMARY:{person}", f"DTSTART{start}", f"DTEND{end}", *more]
    return "\r\n".join([*lines, "END:VEVENT"])


def calendar(folder: Path, name: str, *events: str) -> Path:
    body = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *events, "END:VCALENDAR", ""])
    path = folder / name
    path.write_text(body, encoding="utf-8")
    return path


NIGHTS = event("Ann", ":20260105T220000", ":20260106T060000", "RRULE:FREQ=DAILY")
DAYS = event("Ben", ":20260105T060000", ":20260105T220000", "RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR")


def roster(folder: Path, *events: str, name: str = "guards.ics") -> Roster:
    return Roster(calendar(folder, name, *events), BERLIN)


def test_shift_over_midnight_is_one_shift(tmp_path):
    schedule = Schedule(roster(tmp_path, NIGHTS, DAYS))
    assert schedule.on_call(instant("2026-06-03T21:59:59")) == ["ben"]
    assert schedule.on_call(instant("2026-06-03T22:00:00")) == ["ann"]
    assert schedule.on_call(instant("2026-06-04T05:59:59")) == ["ann"]
    assert schedule.on_call(instant("2026-06-06T12:00:00")) == [], "nobody on Saturdays"


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_night_shift_holds_in_the_nights_when_clocks_change(tmp_path, night):
    schedule = Schedule(roster(tmp_path, NIGHTS))
    for hour in ("00:30", "01:30", "03:30", "05:30"):
        assert schedule.on_call(instant(f"{night}T{hour}")) == ["ann"]
    assert schedule.on_call(instant(f"{night}T06:00")) == []


def test_time_with_a_zone_of_its_own_is_of_that_zone(tmp_path):
    schedule = Schedule(roster(tmp_path, event("cleo", ":20260601T120000Z", ":20260601T130000Z")))
    assert schedule.on_call(instant("2026-06-01T14:30")) == ["cleo"]
    assert schedule.on_call(instant("2026-06-01T12:30")) == []


def test_swap_takes_the_place_of_the_shift_for_as_long_as_it_lasts(tmp_path):
    swap = roster(tmp_path, event("Cleo", ":20260603T230000", ":20260604T010000"), name="swaps.ics")
    schedule = Schedule(roster(tmp_path, NIGHTS), swap)
    nights = ["2026-06-03T22:30", "2026-06-03T23:30", "2026-06-04T01:00"]
    assert [schedule.on_call(instant(at)) for at in nights] == [["ann"], ["cleo"], ["ann"]]


def test_on_a_holiday_those_of_the_holiday_roster_are_there(tmp_path):
    holidays = roster(tmp_path, event("Day off", ";VALUE=DATE:20261225", ";VALUE=DATE:20261226"), name="holidays.ics")
    instead = roster(tmp_path, event("Cleo", ":20261225T000000", ":20261226T000000"), name="feast.ics")
    schedule = Schedule(roster(tmp_path, NIGHTS, DAYS), None, holidays, instead)
    assert schedule.on_call(instant("2026-12-25T12:00")) == ["cleo"]
    assert Schedule(roster(tmp_path, DAYS), None, holidays).on_call(instant("2026-12-25T12:00")) == []
    assert schedule.on_call(instant("2026-12-24T12:00")) == ["ben"]


def test_who_is_there_again_when_a_holiday_or_a_swap_ends_is_next_in_the_middle_of_a_shift(tmp_path):
    holidays = roster(tmp_path, event("Day off", ";VALUE=DATE:20261225", ";VALUE=DATE:20261226"), name="holidays.ics")
    schedule = Schedule(roster(tmp_path, NIGHTS, DAYS), None, holidays)
    eve, morning = instant("2026-12-24T23:00"), instant("2026-12-26T00:00")
    assert schedule.hole(eve) == (instant("2026-12-25T00:00"), morning)
    assert schedule.next_change(instant("2026-12-25T12:00"), lambda _name, _at: True) == morning
    swap = roster(tmp_path, event("Cleo", ":20260603T230000", ":20260604T010000"), name="swaps.ics")
    swapped = Schedule(roster(tmp_path, NIGHTS), swap)
    assert swapped.next_change(instant("2026-06-03T23:30"), lambda name, _at: name == "ann") == instant(
        "2026-06-04T01:00"
    )


def test_a_time_in_which_nobody_is_there_is_found_also_now(tmp_path):
    schedule = Schedule(roster(tmp_path, NIGHTS, DAYS))
    saturday = tuple(map(instant, ("2026-06-06T06:00", "2026-06-06T22:00")))
    assert schedule.hole(instant("2026-06-03T12:00")) == saturday
    assert schedule.hole(instant("2026-06-06T07:00")) == (instant("2026-06-06T07:00"), saturday[1])
    alone = Schedule(roster(tmp_path, event("Ann", ":20260603T220000", ":20260604T060000")))
    assert alone.hole(instant("2026-06-03T23:00")) is None, "that it ends is another word"


def test_changed_and_cancelled_repetitions_are_as_changed(tmp_path):
    moved = event("Ann", ":20260603T200000", ":20260604T060000", "RECURRENCE-ID:20260603T220000").replace(
        "UID:Ann-:20260603T200000", "UID:Ann-:20260105T220000"
    )
    without = NIGHTS.replace("RRULE", "EXDATE:20260604T220000\r\nRRULE")
    schedule = Schedule(roster(tmp_path, without, moved))
    assert schedule.on_call(instant("2026-06-03T21:00")) == ["ann"]
    assert schedule.on_call(instant("2026-06-04T23:00")) == []
    assert schedule.on_call(instant("2026-06-05T23:00")) == ["ann"]


def test_next_shift_is_that_of_somebody_who_is_there(tmp_path):
    schedule = Schedule(roster(tmp_path, NIGHTS, DAYS))
    saturday = instant("2026-06-06T12:00")
    assert schedule.next_change(saturday, lambda name, at: True) == instant("2026-06-06T22:00")
    assert schedule.next_change(saturday, lambda name, at: name == "ben") == instant("2026-06-08T06:00")
    assert schedule.next_change(saturday, lambda name, at: False) is None


def test_roster_that_is_empty_or_ends_soon_says_so(tmp_path):
    now = instant("2026-06-03T12:00")
    assert "names nobody" in Schedule(roster(tmp_path)).trouble(now)
    tomorrow = DAYS.replace("FREQ=DAILY", "FREQ=DAILY;UNTIL=20260604T060000")
    assert "ends at 2026-06-04" in Schedule(roster(tmp_path, tomorrow)).trouble(now)
    assert Schedule(roster(tmp_path, DAYS)).trouble(now) == ""


@pytest.mark.parametrize(
    "text",
    ["", "no calendar", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "BEGIN:VEVENT\r\nEND:VEVENT\r\n", "\x00\xff" * 50],
)
def test_broken_calendar_is_refused_and_named(tmp_path, text):
    path = tmp_path / "broken.ics"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.ics"):
        Roster(path, BERLIN)


FILE = """
people:
  ann: {receivers: [ann-phone], away: ann-away.ics}
  ben: {receivers: [ben-phone, ben-mail]}
schedules:
  guards: {calendar: guards.ics, time_zone: Europe/Berlin}
policies:
  night:
    steps:
      - {after: 0s, tell: [schedule:guards]}
      - {after: 5m, tell: [person:ann, receiver:siren]}
      - {after: 6m, tell: [schedule:guards], when_nobody: wait}
    last_resort: [control-room]
"""


@pytest.fixture
def escalations(tmp_path) -> Escalations:
    calendar(tmp_path, "guards.ics", NIGHTS, DAYS)
    calendar(tmp_path, "ann-away.ics", event("holiday", ":20260603T000000Z", ":20260610T000000Z"))
    (tmp_path / "escalations.yaml").write_text(FILE, encoding="utf-8")
    return Escalations.read(tmp_path / "escalations.yaml")


def told(escalations: Escalations, step: int, at: str) -> tuple[tuple[str, ...], int | None]:
    found = escalations.told_by(escalations.policies["night"], step, instant(at))
    return found.receivers, found.waits_until


def test_who_is_on_call_is_told_by_their_own_ways(escalations):
    assert told(escalations, 0, "2026-05-06T12:00") == (("ben-phone", "ben-mail"), None)
    assert told(escalations, 0, "2026-05-06T23:00") == (("ann-phone",), None)


def test_who_is_on_call_and_away_is_not_told_but_the_last_resort(escalations):
    assert told(escalations, 0, "2026-06-04T23:00") == (("control-room",), None)
    assert told(escalations, 1, "2026-06-04T23:00") == (("siren",), None)


def test_step_may_wait_for_the_next_shift_of_somebody_who_is_there(escalations):
    saturday = "2026-06-06T12:00"
    assert told(escalations, 0, saturday) == (("control-room",), None)
    assert told(escalations, 2, saturday) == ((), instant("2026-06-08T06:00"))


def test_config_check_names_what_is_unknown_and_what_ends(escalations, tmp_path):
    now = instant("2026-05-06T12:00")
    assert list(escalations.faults({"ann-phone", "ben-phone", "ben-mail", "siren", "control-room"}, now)) == []
    assert list(escalations.faults({"ann-phone", "ben-phone", "ben-mail", "siren"}, now)) == [
        "policy 'night' tells 'control-room', who is not in receivers.yaml"
    ]
    calendar(tmp_path, "guards.ics", event("Zoe", ":20260506T000000", ":20260507T000000"))
    again = Escalations.read(tmp_path / "escalations.yaml")
    assert list(again.faults(None, now)) == [
        "schedule 'guards' ends at 2026-05-06 22:00 UTC",
        "schedule 'guards' names 'zoe', who is not among people",
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("schedule:guards", "schedule:nobody", "which is not there"),
        ("person:ann", "everybody", "must be schedule:NAME"),
        ("after: 5m", "after: 7m", "comes after the one before"),
        ("last_resort: [control-room]", "last_resort: []", "last_resort"),
        ("Europe/Berlin", "Europe/Bärlin", "no time zone"),
        ("guards.ics", "../guards.ics", "pattern"),
        ("guards.ics", "missing.ics", "cannot be read"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_read(escalations, tmp_path, old, new, fault):
    path = tmp_path / "escalations.yaml"
    path.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=fault):
        Escalations.read(path)
