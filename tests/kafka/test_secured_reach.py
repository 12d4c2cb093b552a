"""Each reason why Apache Kafka lets nobody in has its own sentence, within 5 s."""

import datetime as dt
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from fairwatch.apps import kafka
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from tests.kafka.secured import authority, issue, mutual_tls_broker, secured_broker, secured_fixture  # noqa: F401
from tests.support.kafka_cluster import one_broker

pytestmark = pytest.mark.kafka
WITHIN_S = 5.0


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    """Give the address of a broker that asks nobody for anything."""
    with one_broker() as server:
        yield server.address


async def sentence(settings: Settings) -> str:
    began = time.monotonic()
    with pytest.raises(ConfigurationError) as caught:
        await kafka.reach(settings)
    assert time.monotonic() - began < WITHIN_S
    return str(caught.value)


async def test_who_signs_in_rightly_gets_in(secured):
    await kafka.reach(secured.settings())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kafka_password": SecretStr("wrong")}, "FAIRWATCH_KAFKA_USERNAME and FAIRWATCH_KAFKA_PASSWORD"),
        ({"kafka_username": "nobody"}, "refuses user 'nobody' with SCRAM-SHA-512: wrong user name or password"),
        ({"kafka_sasl_mechanism": "SCRAM-SHA-256"}, "does not offer SCRAM-SHA-256: change FAIRWATCH_KAFKA_SASL_MECH"),
        ({"kafka_sasl_mechanism": "PLAIN"}, "does not offer PLAIN: change FAIRWATCH_KAFKA_SASL_MECHANISM"),
        ({"kafka_security": "PLAINTEXT"}, "expects TLS: set FAIRWATCH_KAFKA_SECURITY to SASL_SSL or SSL"),
        ({"kafka_security": "SASL_PLAINTEXT"}, "expects TLS: set FAIRWATCH_KAFKA_SECURITY to SASL_SSL or SSL"),
        ({"kafka_security": "SSL"}, "expects a user name and password: set FAIRWATCH_KAFKA_SECURITY to SASL_SSL"),
        ({"kafka_ca_file": None}, "its certificate is of an unknown CA"),
    ],
    ids=["password", "user", "mechanism", "plain", "no-tls", "no-tls-but-password", "no-password", "authority"],
)
async def test_what_is_wrong_with_how_we_sign_in(secured, changed, words):
    assert words in await sentence(secured.settings(**changed))


async def test_an_authority_that_did_not_issue_its_certificate(secured, tmp_path):
    other = tmp_path / "other.pem"
    other.write_text(authority().certificate_pem)
    said = await sentence(secured.settings(kafka_ca_file=other))
    assert "of an unknown CA" in said
    assert f"FAIRWATCH_KAFKA_CA_FILE must hold the CA that issued it ({other})" in said


@pytest.mark.parametrize(
    ("security", "words"),
    [
        ("SSL", "does not speak TLS: set FAIRWATCH_KAFKA_SECURITY to PLAINTEXT"),
        ("SASL_SSL", "does not speak TLS: set FAIRWATCH_KAFKA_SECURITY to SASL_PLAINTEXT"),
        ("SASL_PLAINTEXT", "asks for no password on this port: set FAIRWATCH_KAFKA_SECURITY to PLAINTEXT"),
    ],
)
async def test_a_broker_without_any_security(plain, security, words):
    login = {"kafka_username": "somebody", "kafka_password": SecretStr("secret")}
    assert words in await sentence(Settings(kafka_bootstrap=plain, kafka_security=security, **login))


async def test_a_certificate_that_has_expired(tmp_path):
    with secured_broker(tmp_path, until=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)) as expired:
        assert "its certificate has expired: renew the broker's" in await sentence(expired.settings())


async def test_certificates_of_clients(tmp_path):
    with mutual_tls_broker(tmp_path) as (server, ca):
        base = {"kafka_bootstrap": server.address, "kafka_security": "SSL", "kafka_ca_file": tmp_path / "ca.pem"}

        def settings(name, issued):
            path = tmp_path / name
            path.write_text(issued.certificate_pem + issued.key_pem)
            return Settings(**base, kafka_cert_file=path)

        await kafka.reach(settings("ours", issue(ca)))
        missing = await sentence(Settings(**base))
        foreign = await sentence(settings("foreign", issue(authority())))
        past = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        expired = await sentence(settings("expired", issue(ca, past)))
    assert "requires a client certificate" in missing
    assert "set FAIRWATCH_KAFKA_CERT_FILE and FAIRWATCH_KAFKA_KEY_FILE" in missing
    assert "refuses our client certificate" in foreign
    assert "refuses our client certificate" in expired
