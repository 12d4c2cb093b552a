"""What operators write: durations, times of the week, and how a mistake is told without telling a secret."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.duration import Duration
from fairwatch.policy.time_interval import DAYS, TimeInterval


class File(BaseModel):
    wait: Duration = timedelta(0)
    webhook_secret: int = 0
    password: int = 0
    access_token: int = 0
    api_key: int = 0
    url: int = 0
    count: int = 0


def read(tmp_path: Path, text: str) -> File:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    return read_yaml(path, File)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("0s", timedelta(0)),
        ("3660d", timedelta(days=3660)),
    ],
)
def test_a_duration_is_numbers_with_units(tmp_path: Path, written: str, meant: timedelta) -> None:
    assert read(tmp_path, f"wait: {written}").wait == meant


@pytest.mark.parametrize("written", ["5", "5 m", "m", "-5s", "1w", "3661d", "3660d1ms", "1234567890s", "''"])
def test_what_is_no_duration_or_longer_than_ten_years_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigurationError, match="wait: "):
        read(tmp_path, f"wait: {written}")


@pytest.mark.parametrize("name", ["webhook_secret", "password", "access_token", "api_key", "url"])
def test_a_wrong_value_is_told_unless_it_may_be_a_secret(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: Input should be a valid integer") as caught:
        read(tmp_path, f"{name}: hunter2\ncount: many")
    assert "hunter2" not in str(caught.value)
    assert "count: Input should be a valid integer, unable to parse string as an integer, not 'many'" in str(
        caught.value
    )


def test_a_long_value_is_told_by_its_beginning(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"not '{'x' * 60}'$"):
        read(tmp_path, f"count: {'x' * 61}")


@pytest.mark.parametrize(("text", "says"), [("{", "is not YAML: "), ("[1]", r"\(whole file\): Input should be")])
def test_what_is_no_file_of_ours_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read(tmp_path, text)
    with pytest.raises(ConfigurationError, match=r"nowhere.yaml: cannot be read: No such file"):
        read_yaml(tmp_path / "nowhere.yaml", File)


MONDAY = datetime(2026, 1, 5)  # noqa: DTZ001  local time of a site


def hours(interval: TimeInterval, day: int = 0) -> list[int]:
    return [hour for hour in range(24) if interval.holds(MONDAY + timedelta(days=day, hours=hour))]


def test_an_interval_holds_from_its_first_minute_to_the_one_before_its_end() -> None:
    morning = TimeInterval(start="06:30", end="09:15")
    minutes = [minute for minute in range(1440) if morning.holds(MONDAY + timedelta(minutes=minute))]
    assert (minutes[0], minutes[-1], len(minutes)) == (390, 554, 165)
    assert hours(TimeInterval()) == list(range(24))
    assert hours(TimeInterval(start="22:00", end="24:00")) == [22, 23]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    night = TimeInterval(start="22:00", end="04:00", weekdays=("monday",))
    assert [hours(night, day) for day in range(3)] == [[22, 23], [0, 1, 2, 3], []]
    day = TimeInterval(start="08:00", end="10:00", weekdays=("tuesday", "sunday"))
    assert [hours(day, number) for number in (0, 1, 6)] == [[], [8, 9], [8, 9]]


@pytest.mark.parametrize("number", range(7))
def test_each_day_of_the_week_goes_by_its_name(number: int) -> None:
    only = TimeInterval(weekdays=(DAYS[number],))
    assert [bool(hours(only, day)) for day in range(7)] == [day == number for day in range(7)]
    assert (MONDAY + timedelta(days=number)).strftime("%A").lower() == DAYS[number]


@pytest.mark.parametrize("options", [{"start": "08:00", "end": "08:00"}, {"start": 8}, {"end": "24:01"}, {"days": 1}])
def test_an_interval_without_length_or_with_a_wrong_time_is_refused(options: dict) -> None:
    with pytest.raises(ValidationError):
        TimeInterval(**options)
