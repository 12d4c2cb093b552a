"""Kafka: a topic, of this or of a foreign cluster, with a record for each delivery."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from pydantic import Field, model_validator

from fairwatch.sinks.options import LOOPBACK, SinkOptions, Surroundings, Timeout
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.text import as_json
from fairwatch.wire.leaving import leave

ID_HEADER = "fairwatch-delivery-id"
LARGEST = 8 << 20  # bytes; what a broker takes, it says itself
MAY_NOT = (AuthenticationFailedError, TopicAuthorizationFailedError, GroupAuthorizationFailedError)


class KafkaOptions(SinkOptions):
    """Brokers, how to sign in, and the topic. Records are JSON with the alert's group as key."""

    looked_up: ClassVar = ()
    may_be_looked_up: ClassVar = ("password",)

    bootstrap: str = Field(min_length=1, description="host:port, several with commas between")
    topic: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")
    security: Literal["SASL_SSL", "SSL", "SASL_PLAINTEXT", "PLAINTEXT"] = "SASL_SSL"
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str | None = None
    password_file: Path | None = None
    password_env: str | None = None
    ca_file: Path | None = None
    timeout: Timeout = timedelta(seconds=10)
    allow_plain: bool = Field(default=False, description="without TLS to other machines than this one")

    @model_validator(mode="after")
    def _knows_who_signs_in(self) -> "KafkaOptions":
        if self.security.startswith("SASL") and not self.username:
            raise ValueError(f"security {self.security} needs username and password_file or password_env")
        hosts = {broker.strip().rpartition(":")[0].strip("[]") for broker in self.bootstrap.split(",")}
        if self.security.endswith("PLAINTEXT") and not self.allow_plain and hosts - LOOPBACK:
            raise ValueError("security must have TLS: alerts are personal data (or set allow_plain: true)")
        self._signs_in("kafka")
        return self

    def open(self, surroundings: Surroundings) -> "Kafka":
        """Return the sink."""
        return Kafka(self, self.look_up("password", surroundings.environment))


class Kafka:
    """A topic.

    Args:
        options: Brokers and topic.
        password: Of the user name, if there is one.
    """

    kind = "kafka"

    def __init__(self, options: KafkaOptions, password: str = "") -> None:
        self._options, self._password = options, password
        self._timeout_s = options.timeout.total_seconds()
        self._tls: ssl.SSLContext | None = None
        if options.security.endswith("SSL"):
            self._tls = ssl.create_default_context(cafile=options.ca_file)
        self._producer: Any = None
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Kafka({self._options.topic})"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Write the alert as JSON and wait until all replicas have it; the header names the delivery."""
        key = str(alert.get("group") or alert["alert_id"]).encode()
        try:
            async with asyncio.timeout(self._timeout_s):
                producer = await self._started()
                headers = [(ID_HEADER, delivery_id.encode()), ("content-type", b"application/json")]
                await producer.send_and_wait(self._options.topic, as_json(alert), key, headers=headers)
        except (TimeoutError, KafkaTimeoutError, RequestTimedOutError):
            return Answer("timeout", retryable=True)
        except MessageSizeTooLargeError:
            return Answer("client_error")
        except MAY_NOT:
            return Answer("auth_error", retryable=True)
        except UnknownTopicOrPartitionError:
            return Answer("not_found", retryable=True)
        except (KafkaError, OSError):
            return Answer("tls_error" if await self._is_refused_by_tls() else "unreachable", retryable=True)
        return Answer("ok")

    async def close(self) -> None:
        """Let go of connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await leave(producer, self._timeout_s)

    async def _is_refused_by_tls(self) -> bool:
        """Tell whether it is for TLS that no broker was reached; the client does not say why."""
        if self._tls is None:
            return False
        host, _, port = self._options.bootstrap.split(",")[0].strip().rpartition(":")
        try:
            async with asyncio.timeout(self._timeout_s):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=self._tls)
        except ssl.SSLError:
            return True
        except (OSError, TimeoutError, ValueError):
            return False
        writer.transport.abort()
        return False

    async def _started(self) -> Any:
        async with self._turn:
            if self._producer is None:
                producer = self._new()
                try:
                    await producer.start()
                except BaseException:
                    await asyncio.shield(leave(producer, self._timeout_s))
                    raise
                self._producer = producer
            return self._producer

    def _new(self) -> Any:
        options, signed_in = self._options, self._options.security.startswith("SASL")
        return AIOKafkaProducer(
            bootstrap_servers=options.bootstrap,
            client_id="fairwatch-notify",
            acks="all",
            security_protocol=options.security,
            ssl_context=self._tls,
            sasl_mechanism=options.mechanism if signed_in else "PLAIN",
            sasl_plain_username=options.username if signed_in else None,
            sasl_plain_password=self._password if signed_in else None,
            # Shorter than ours, so that the client says what it waited for: a topic that is not there, an answer.
            request_timeout_ms=max(1, int(self._timeout_s * 800)),
            max_request_size=LARGEST,
        )
