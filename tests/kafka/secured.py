"""A broker that lets nobody in without a password, and nobody do what no ACL allows: SCRAM over TLS, an authorizer."""

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion
from pydantic import SecretStr

from fairwatch.apps.kafka import client_options
from fairwatch.apps.settings import Settings
from tests.support.kafka_cluster import Broker, one_broker

ADMIN = "admin"
MECHANISM = "SCRAM-SHA-512"
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key as PEM (PKCS #8, not encrypted)."""
        kind = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def authority() -> Issued:
    """Make a certificate authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Fairwatch tests CA")
    builder = _certificate(name, key, dt.datetime.now(dt.UTC) + DAY).issuer_name(name)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Issued(builder.sign(key, hashes.SHA256()), key)


def issue(by: Issued, until: dt.datetime | None = None) -> Issued:
    """Make a certificate for 127.0.0.1 and localhost, valid for a day or until then."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("localhost")]
    builder = _certificate(_name("127.0.0.1"), key, until or dt.datetime.now(dt.UTC) + DAY)
    builder = builder.issuer_name(by.certificate.subject).add_extension(x509.SubjectAlternativeName(names), False)
    return Issued(builder.sign(by.key, hashes.SHA256()), key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(name: x509.Name, key: ec.EllipticCurvePrivateKey, until: dt.datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(dt.datetime.now(dt.UTC), until) - DAY)
        .not_valid_after(until)
    )


@dataclass(frozen=True, slots=True)
class Secured:
    """A secured broker as its clients see it.

    Attributes:
        server: The container.
        address: host:port, SASL_SSL.
        ca_file: PEM of the authority that issued the broker's certificate.
        passwords: Of `admin`, who may do everything, and of every user added.
    """

    server: Broker
    address: str
    ca_file: Path
    passwords: dict[str, str]

    def settings(self, user: str = ADMIN, **others: object) -> Settings:
        """Return the settings of a component that signs in as this user."""
        return Settings(
            **{
                "kafka_bootstrap": self.address,
                "kafka_security": "SASL_SSL",
                "kafka_sasl_mechanism": MECHANISM,
                "kafka_username": user,
                "kafka_password": SecretStr(self.passwords[user]),
                "kafka_ca_file": self.ca_file,
                **others,
            }
        )

    def environment(self, user: str = ADMIN) -> Mapping[str, str]:
        """Return the same as variables of a process."""
        return {
            "FAIRWATCH_KAFKA_BOOTSTRAP": self.address,
            "FAIRWATCH_KAFKA_SECURITY": "SASL_SSL",
            "FAIRWATCH_KAFKA_SASL_MECHANISM": MECHANISM,
            "FAIRWATCH_KAFKA_USERNAME": user,
            "FAIRWATCH_KAFKA_PASSWORD": self.passwords[user],
            "FAIRWATCH_KAFKA_CA_FILE": str(self.ca_file),
        }

    def admin(self, user: str = ADMIN) -> KafkaAdminClient:
        """Return a connected administration client; close it."""
        return KafkaAdminClient(bootstrap_servers=[self.address], **client_options(self.settings(user)))

    def add_user(self, name: str) -> None:
        """Make a user with a random password, who may do nothing yet."""
        password = secrets.token_urlsafe(24)
        mechanism = ScramMechanism[MECHANISM.replace("-", "_")]
        with closing(self.admin()) as admin:
            admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, mechanism, password)])
        self.passwords[name] = password


@contextmanager
def mutual_tls_broker(folder: Path) -> Iterator[tuple[Broker, Issued]]:
    """Run one that wants a certificate of its clients; yield it and the authority of both sides, also in `ca.pem`."""
    ca = authority()
    (folder / "ca.pem").write_text(ca.certificate_pem, encoding="ascii")
    store = "listener.name.client.ssl"
    properties = {
        f"{store}.client.auth": "required",
        f"{store}.truststore.type": "PEM",
        f"{store}.truststore.certificates": ca.certificate_pem.replace("\n", "\\n"),
        **_key_store(issue(ca)),
    }
    with one_broker(clients="SSL", properties=properties) as server:
        yield server, ca


@contextmanager
def secured_broker(folder: Path, until: dt.datetime | None = None) -> Iterator[Secured]:
    """Run one; the authority's certificate lies in the folder.

    Args:
        folder: Of `ca.pem`.
        until: End of the broker's certificate; tomorrow by default.
    """
    ca = authority()
    ca_file = folder / "ca.pem"
    ca_file.write_text(ca.certificate_pem, encoding="ascii")
    passwords = {ADMIN: secrets.token_urlsafe(24)}
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    properties = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Brokers and controllers talk to each other inside the container only.
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
        "sasl.enabled.mechanisms": MECHANISM,
        "listener.name.client.sasl.enabled.mechanisms": MECHANISM,
        f"listener.name.client.{MECHANISM.lower()}.sasl.jaas.config": login,
        **_key_store(issue(ca, until)),
    }
    user = f"--add-scram {MECHANISM}=[name={ADMIN},password={passwords[ADMIN]}]"
    with one_broker(clients="SASL_SSL", properties=properties, format_options=user) as server:
        yield Secured(server, server.address, ca_file, passwords)


def _key_store(own: Issued) -> dict[str, str]:
    """Return the lines that name the broker's certificate and key, themselves in PEM."""
    prefix = "listener.name.client.ssl.keystore"
    return {
        f"{prefix}.type": "PEM",
        f"{prefix}.certificate.chain": own.certificate_pem.replace("\n", "\\n"),
        f"{prefix}.key": own.key_pem.replace("\n", "\\n"),
    }


@pytest.fixture(scope="module", name="secured")
def secured_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Give a secured broker that the tests of one file share."""
    with secured_broker(tmp_path_factory.mktemp("secured")) as running:
        yield running
