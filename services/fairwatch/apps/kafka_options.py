"""From settings to the security options of every Kafka client: the one place that builds them."""

import ssl
from pathlib import Path
from typing import Any

from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the security options, spelled as both aiokafka and kafka-python want them.

    Raises:
        ConfigurationError: A file, a user name or a password is missing; names the variable.
    """
    options: dict[str, Any] = {"security_protocol": settings.kafka_security}
    if settings.kafka_security.endswith("SSL"):
        options["ssl_context"] = _ssl_context(settings)
    if settings.kafka_security.startswith("SASL"):
        for name in ("kafka_username", "kafka_password"):
            if not getattr(settings, name):
                raise ConfigurationError(f"FAIRWATCH_{name.upper()}: needed with {settings.kafka_security}")
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    for name in ("kafka_ca_file", "kafka_cert_file", "kafka_key_file"):
        path: Path | None = getattr(settings, name)
        if path is not None and not path.is_file():
            raise ConfigurationError(f"FAIRWATCH_{name.upper()}: there is no file {path}")
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(f"FAIRWATCH_KAFKA_CA_FILE: not a usable PEM file: {error}") from error
    if settings.kafka_cert_file is None:
        if settings.kafka_key_file is not None:
            raise ConfigurationError("FAIRWATCH_KAFKA_CERT_FILE: needed with FAIRWATCH_KAFKA_KEY_FILE")
        return context
    try:
        # A function, so that an encrypted key never makes OpenSSL ask a terminal.
        password = settings.kafka_key_password.get_secret_value()
        context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file, password=lambda: password)
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(
            "FAIRWATCH_KAFKA_CERT_FILE, _KEY_FILE, _KEY_PASSWORD: not a certificate and its key in usable PEM files: "
            f"{error}"
        ) from error
    return context
