"""What operators write in files: durations within bounds, and secrets that no fault repeats."""

from datetime import timedelta

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.configuration import SHOWN, read_yaml
from fairwatch.policy.duration import Duration, duration


class Waits(BaseModel):
    wait: Duration


class Account(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: int = 0
    client_secret: int = 0
    password: int = 0
    api_token: int = 0
    sign_key: int = 0
    url: int = 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("1d1h1m1s1ms", 90_061.001)],
)
def test_durations_are_sums_of_their_units(text, seconds):
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "5 m", "m5", "5w", "1h-1m", "1234567890s", "x5m", "5mx"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="must be a duration"):
        duration(text)


def test_durations_end_at_ten_years():
    assert Waits(wait="3660d").wait == timedelta(days=3660)
    with pytest.raises(ValidationError):
        Waits(wait="3660d1ms")
    with pytest.raises(ValidationError):
        Waits(wait=timedelta(seconds=-1))


@pytest.mark.parametrize("name", ["client_secret", "password", "api_token", "sign_key", "url"])
def test_a_fault_of_a_secret_does_not_repeat_it(tmp_path, name):
    path = tmp_path / "account.yaml"
    path.write_text(f"{name}: hunter2")
    with pytest.raises(ConfigurationError, match=name) as caught:
        read_yaml(path, Account)
    assert "hunter2" not in str(caught.value)


def test_other_faults_say_what_was_written_shortened(tmp_path):
    path = tmp_path / "account.yaml"
    path.write_text(f"name: {'x' * (SHOWN + 40)}")
    with pytest.raises(ConfigurationError, match=f"not '{'x' * SHOWN}'$"):
        read_yaml(path, Account)
