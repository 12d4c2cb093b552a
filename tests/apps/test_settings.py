"""Settings come from the environment, secrets also from files."""

import pytest
from pydantic import ValidationError

from fairwatch.apps.settings import Settings


def test_a_secret_comes_from_its_file(tmp_path, monkeypatch):
    path = tmp_path / "password"
    path.write_text("horse staple\n")
    monkeypatch.setenv("FAIRWATCH_KAFKA_PASSWORD_FILE", str(path))
    assert Settings().kafka_password.get_secret_value() == "horse staple"
    assert "horse" not in repr(Settings())


def test_a_secret_given_twice_is_refused_by_both_names(tmp_path, monkeypatch):
    path = tmp_path / "password"
    path.write_text("x")
    monkeypatch.setenv("FAIRWATCH_KAFKA_PASSWORD_FILE", str(path))
    monkeypatch.setenv("FAIRWATCH_KAFKA_PASSWORD", "y")
    with pytest.raises(ValidationError, match="FAIRWATCH_KAFKA_PASSWORD and FAIRWATCH_KAFKA_PASSWORD_FILE"):
        Settings()


def test_a_zone_that_does_not_exist_is_refused(monkeypatch):
    assert Settings().viid_time_zone == "Asia/Shanghai"
    monkeypatch.setenv("FAIRWATCH_VIID_TIME_ZONE", "Asia/Beijing")
    with pytest.raises(ValidationError, match="IANA zone"):
        Settings()
