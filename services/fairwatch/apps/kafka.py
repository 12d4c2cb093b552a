"""From settings to Kafka clients: addresses, security, framing."""

import socket
import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.wire.avro import Codec
from fairwatch.wire.producer import Producer
from fairwatch.wire.registry import Registry

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient

_BOOTSTRAP_MS = 8000
_CONNECT_S = 3.0


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the security options, spelled as both aiokafka and kafka-python want them.

    Raises:
        ConfigurationError: A file or a user name is missing; names the variable.
    """
    options: dict[str, Any] = {"security_protocol": settings.kafka_security}
    if settings.kafka_security.endswith("SSL"):
        options["ssl_context"] = _ssl_context(settings)
    if settings.kafka_security.startswith("SASL"):
        if not settings.kafka_username:
            raise ConfigurationError(f"FAIRWATCH_KAFKA_USERNAME: needed with {settings.kafka_security}")
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


def codec(settings: Settings) -> Codec:
    """Return the codec: Confluent's framing where a registry is configured, single objects otherwise."""
    return Codec(_registry(settings.registry_url) if settings.registry_url else None)


@cache
def _registry(url: str) -> Registry:
    """Return the one registry client of this process: what one part has asked for, no other asks again."""
    return Registry(url)


def producer(settings: Settings, source: str) -> Producer:
    """Return a producer, not yet connected, that writes as `source`."""
    return Producer(
        settings.kafka_bootstrap,
        codec=codec(settings),
        topic_prefix=settings.topic_prefix,
        client_options={**client_options(settings), "enable_idempotence": not settings.embedded},
        source=source,
    )


def admin(settings: Settings) -> "KafkaAdminClient":
    """Return a connected administration client.

    Raises:
        RetryableError: No broker answers.
    """
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415  148 modules that no worker needs
    from kafka.errors import KafkaError  # noqa: PLC0415

    require_broker(settings)
    try:
        return KafkaAdminClient(
            bootstrap_servers=settings.kafka_bootstrap.split(","),
            bootstrap_timeout_ms=_BOOTSTRAP_MS,
            client_id="fairwatch-admin",
            **client_options(settings),
        )
    except (KafkaError, OSError) as error:
        raise unreachable(settings, error) from error


def require_broker(settings: Settings) -> None:
    """Return when one of the brokers accepts connections; kafka-python would try for long and leave a socket open.

    Raises:
        RetryableError: None does.
        ConfigurationError: An address is not host:port.
    """
    failure: OSError = OSError("no address")
    for address in settings.kafka_bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdigit():
            raise ConfigurationError(f"FAIRWATCH_KAFKA_BOOTSTRAP: {address!r} is not host:port")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()
        except OSError as error:
            failure = error
        else:
            return
    raise unreachable(settings, failure)


def unreachable(settings: Settings, error: Exception) -> RetryableError:
    """Say which broker does not answer and what to check."""
    return RetryableError(
        f"no Kafka broker answers at {settings.kafka_bootstrap} ({error!r}): "
        "check FAIRWATCH_KAFKA_BOOTSTRAP and FAIRWATCH_KAFKA_SECURITY"
    )


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    for name in ("kafka_ca_file", "kafka_cert_file", "kafka_key_file"):
        path: Path | None = getattr(settings, name)
        if path is not None and not path.is_file():
            raise ConfigurationError(f"FAIRWATCH_{name.upper()}: there is no file {path}")
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_cert_file is not None:
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(
            f"FAIRWATCH_KAFKA_CA_FILE, _CERT_FILE, _KEY_FILE: not usable PEM files: {error}"
        ) from error
    return context
