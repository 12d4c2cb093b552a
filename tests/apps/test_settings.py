"""Settings come from the environment, secrets also from files."""

import pytest
from pydantic import ValidationError

from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.mqtt import edge as mqtt
from fairwatch.edges.viid import edge as viid


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
    assert viid.Options.read().viid_time_zone == "Asia/Shanghai"
    monkeypatch.setenv("FAIRWATCH_VIID_TIME_ZONE", "Asia/Beijing")
    with pytest.raises(ConfigurationError, match="FAIRWATCH_VIID_TIME_ZONE: must be an IANA zone"):
        viid.Options.read()


def test_an_edge_has_its_own_secrets_from_files(tmp_path, monkeypatch):
    (tmp_path / "url").write_text("mqtt://hub:horse@broker:1883\n")
    monkeypatch.setenv("FAIRWATCH_MQTT_URL_FILE", str(tmp_path / "url"))
    assert mqtt.Options.read().mqtt_url.get_secret_value() == "mqtt://hub:horse@broker:1883"
    assert "horse" not in repr(mqtt.Options.read())
