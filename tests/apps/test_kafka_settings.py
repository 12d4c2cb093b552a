"""Settings become client options, and what is missing is named."""

import pytest

from fairwatch.apps import kafka
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.wire.avro import SINGLE_OBJECT


def test_plain_text_needs_nothing():
    assert kafka.client_options(Settings()) == {"security_protocol": "PLAINTEXT"}


def test_sasl_over_tls_has_user_password_and_a_verifying_context():
    options = kafka.client_options(Settings(kafka_security="SASL_SSL", kafka_username="hub", kafka_password="secret"))
    context = options.pop("ssl_context")
    assert context.check_hostname
    assert options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "hub",
        "sasl_plain_password": "secret",
    }


def test_sasl_without_a_user_is_named():
    with pytest.raises(ConfigurationError, match="FAIRWATCH_KAFKA_USERNAME"):
        kafka.client_options(Settings(kafka_security="SASL_PLAINTEXT"))


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(ConfigurationError, match="FAIRWATCH_KAFKA_CA_FILE: there is no file"):
        kafka.client_options(Settings(kafka_security="SSL", kafka_ca_file=tmp_path / "ca.pem"))
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigurationError, match="FAIRWATCH_KAFKA_CA_FILE: not a usable PEM file"):
        kafka.client_options(Settings(kafka_security="SSL", kafka_ca_file=tmp_path / "ca.pem"))


def test_framing_follows_the_registry_setting():
    assert kafka.codec(Settings()).encode("Site", {"site_id": "a"})[:2] == SINGLE_OBJECT
    with pytest.raises(RetryableError, match="schema registry"):
        kafka.codec(Settings(registry_url="http://127.0.0.1:1")).encode("Site", {"site_id": "a"})


@pytest.mark.parametrize("bootstrap", ["broker", "broker:", ":9092", "broker:port"])
def test_address_without_a_port_is_named(bootstrap):
    with pytest.raises(ConfigurationError, match="is not host:port"):
        kafka.require_broker(Settings(kafka_bootstrap=bootstrap))
