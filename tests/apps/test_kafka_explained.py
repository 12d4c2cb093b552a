"""Each way in which a broker keeps us out is one sentence that names the setting to change."""

import ssl
from typing import Any

import pytest
from aiokafka.errors import (
    IllegalSaslStateError,
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from fairwatch.apps.embedded import free_port
from fairwatch.apps.kafka_reach import _Knock, addresses
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError, FairwatchError, RetryableError


async def explained(error: Exception, **options: Any) -> FairwatchError:
    return await _Knock(Settings(**options), {}, "127.0.0.1", free_port())._explained(error)


def certificate(code: int, message: str = "why") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "alert")
    error.reason = reason
    return error


SASL = {"kafka_security": "SASL_SSL", "kafka_username": "ann", "kafka_password": "hunter2"}
TLS = {"kafka_security": "SSL"}


@pytest.mark.parametrize(
    ("error", "options", "says"),
    [
        (IncompatibleBrokerVersion(), {}, "is older than Kafka 3.0: upgrade it"),
        (AssertionError(), {}, "is older than Kafka 3.0"),
        (certificate(10), TLS, "has expired: renew the broker's certificate"),
        (certificate(9), TLS, "is not valid yet: check both machines' clocks"),
        (certificate(62), TLS, r"for another host name \(why\)"),
        (certificate(64), TLS, r"for another host name \(why\)"),
        (certificate(19), TLS, r"unknown CA \(why\).*system's authorities count"),
        (alert("TLSV1_ALERT_PROTOCOL_VERSION"), TLS, "no TLS version or cipher in common"),
        (alert("SSLV3_ALERT_HANDSHAKE_FAILURE"), TLS, "no TLS version or cipher in common"),
        (alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), TLS, r"requires a client certificate \(certificate required\)"),
        (SaslAuthenticationFailed(), SASL, "refuses user 'ann' with .*: wrong user name or password"),
        (UnsupportedSaslMechanismError(), SASL, "does not offer .*: change FAIRWATCH_KAFKA_SASL_MECHANISM"),
        (IllegalSaslStateError(), SASL, "asks for no password on this port: set FAIRWATCH_KAFKA_SECURITY to SSL"),
    ],
)
async def test_what_waiting_does_not_cure_names_what_to_change(error: Exception, options: Any, says: str) -> None:
    found = await explained(error, **options)
    assert isinstance(found, ConfigurationError)
    with pytest.raises(ConfigurationError, match=says):
        raise found
    assert "hunter2" not in str(found)


async def test_a_cause_below_is_found() -> None:
    outer = KafkaConnectionError("no")
    outer.__cause__ = certificate(10)
    assert "has expired" in str(await explained(outer, **TLS))


async def test_what_nothing_explains_may_pass() -> None:
    found = await explained(KafkaConnectionError("reset"))
    assert isinstance(found, RetryableError)
    assert "see its log; FAIRWATCH_KAFKA_SECURITY is PLAINTEXT" in str(found)
    with pytest.raises(TimeoutError):
        await explained(TimeoutError())


@pytest.mark.parametrize("bootstrap", ["broker", "broker:", ":9092", "broker:port", "a:1,b"])
def test_an_address_without_host_or_port_is_named(bootstrap: str) -> None:
    with pytest.raises(ConfigurationError, match=r"FAIRWATCH_KAFKA_BOOTSTRAP: .* is not host:port"):
        addresses(Settings(kafka_bootstrap=bootstrap))


def test_addresses_may_be_several_and_of_version_six() -> None:
    assert addresses(Settings(kafka_bootstrap="a:1, [::1]:2")) == [("a", 1), ("::1", 2)]
