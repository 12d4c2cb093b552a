"""From settings to Kafka clients: addresses, security, framing."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

from fairwatch.apps.kafka_options import client_options
from fairwatch.apps.kafka_reach import reach
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import CommandLine
from fairwatch.domain.errors import RetryableError
from fairwatch.wire.avro import Codec
from fairwatch.wire.producer import Producer
from fairwatch.wire.registry import Registry

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient

COMMANDS = frozenset({"cli", "config", "holds", "rules", "silences", "sites"})  # as which the command line writes
_BOOTSTRAP_MS = 8000

__all__ = ["admin", "client_options", "codec", "producer", "reach", "require_broker", "unreachable"]


def codec(settings: Settings) -> Codec:
    """Return the codec: Confluent's framing where a registry is configured, single objects otherwise."""
    return Codec(_registry(settings.registry_url) if settings.registry_url else None)


@cache
def _registry(url: str) -> Registry:
    """Return the one registry client of this process: what one part has asked for, no other asks again."""
    return Registry(url)


def producer(settings: Settings, source: str) -> Producer:
    """Return a producer, not yet connected, that writes as `source`."""
    options: dict[str, Any] = {
        "codec": codec(settings),
        "topic_prefix": settings.topic_prefix,
        "client_options": {**client_options(settings), "enable_idempotence": not settings.embedded},
        "source": source,
    }
    if source in COMMANDS:
        return CommandLine(settings.kafka_bootstrap, settings, **options)
    return Producer(settings.kafka_bootstrap, **options)


def admin(settings: Settings) -> "KafkaAdminClient":
    """Return a connected administration client.

    Raises:
        RetryableError: No broker answers.
        ConfigurationError: None lets us in.
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
    """Return when a broker lets us in; may be called inside and outside of an event loop.

    Raises:
        RetryableError: None does, and waiting may help.
        ConfigurationError: None does before somebody changes something.
    """
    with ThreadPoolExecutor(1, "reach") as pool:
        pool.submit(asyncio.run, reach(settings)).result()


def unreachable(settings: Settings, error: Exception) -> RetryableError:
    """Say which broker does not answer and what to check."""
    return RetryableError(
        f"no Kafka broker answers at {settings.kafka_bootstrap} ({error!r}): "
        "check FAIRWATCH_KAFKA_BOOTSTRAP and FAIRWATCH_KAFKA_SECURITY"
    )
