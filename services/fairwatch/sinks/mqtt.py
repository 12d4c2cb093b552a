"""MQTT: one message for each delivery, QoS 1, never retained: who subscribes late is not told what is long over."""

import asyncio
import re
import secrets
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import SplitResult, unquote, urlsplit

import aiomqtt
from pydantic import Field, field_validator, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.options import LOOPBACK, SinkOptions, Surroundings, Timeout, in_validation
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.text import as_json

QOS = 1
FIELDS = ("alert_id", "event_type", "rule", "severity", "site_id", "state")
PLACE = re.compile(r"\{([^{}]*)\}")
NOT_IN_A_LEVEL = re.compile(r"[/+#$\x00-\x1f\x7f]")
LEVEL = 128  # characters
PLAIN, SECURE = 1883, 8883
MAY_NOT = frozenset({4, 5, 134, 135})  # wrong password or no right, in MQTT 3 and 5


class MqttOptions(SinkOptions):
    """A broker, `mqtts://user:password@host:port`, and the topic, in which `{site_id}` and others stand for values."""

    looked_up: ClassVar = ("url",)

    url: str | None = None
    url_file: Path | None = None
    url_env: str | None = None
    topic: str = Field(default="fairwatch/alerts/{site_id}/{alert_id}", min_length=1, max_length=500)
    timeout: Timeout = timedelta(seconds=5)
    ca_file: Path | None = None
    allow_plain: bool = Field(default=False, description="mqtt:// to other machines than this one")

    @field_validator("topic")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        if unknown := sorted(set(PLACE.findall(value)) - set(FIELDS)):
            raise ValueError(f"{{{unknown[0]}}} is none of {', '.join(f'{{{name}}}' for name in FIELDS)}")
        rest = PLACE.sub("", value)
        if re.search(r"[+#{}\x00-\x1f]", rest) or rest.startswith("$"):
            raise ValueError("a topic to publish to has no wildcards and no braces, and does not begin with $")
        return value

    @model_validator(mode="after")
    def _url_may_be_used(self) -> "MqttOptions":
        if self.url is not None:
            in_validation(lambda: broker_of(self.url or "", self.allow_plain))
        return self

    def open(self, surroundings: Surroundings) -> "Mqtt":
        """Return the sink."""
        return Mqtt(self, self.look_up("url", surroundings.environment))


class Mqtt:
    """A topic of a broker.

    One connection serves all deliveries; one that broke is made anew by the next.

    Args:
        options: Topic and bounds.
        url: The broker.

    Raises:
        ConfigurationError: The address cannot be used; it is not told.
    """

    kind = "mqtt"

    def __init__(self, options: MqttOptions, url: str) -> None:
        parts = self._parts = broker_of(url, options.allow_plain)
        self._topic = options.topic
        self._timeout_s = options.timeout.total_seconds()
        self._tls = ssl.create_default_context(cafile=options.ca_file) if parts.scheme == "mqtts" else None
        self._open: aiomqtt.Client | None = None
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Mqtt({self._parts.hostname})"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Publish the alert as JSON with `delivery_id`, and wait until the broker has it."""
        client = None
        try:
            async with asyncio.timeout(self._timeout_s):
                client = await self._client()
                await client.publish(
                    topic_of(self._topic, alert), as_json(alert, delivery_id=delivery_id), qos=QOS, timeout=10**6
                )
        except TimeoutError:
            await self._drop(client)
            return Answer("timeout", retryable=True)
        except ValueError:  # longer than the protocol can carry
            return Answer("client_error")
        except (aiomqtt.MqttError, OSError) as error:
            await self._drop(client)
            return classify(error)
        return Answer("ok")

    async def close(self) -> None:
        """Let go of the connection."""
        await self._drop(self._open)

    async def _client(self) -> aiomqtt.Client:
        async with self._turn:
            if self._open is None:
                client = self._new()
                await client.__aenter__()
                self._open = client
            return self._open

    def _new(self) -> aiomqtt.Client:
        parts = self._parts
        client = aiomqtt.Client(
            parts.hostname or "",
            parts.port or (SECURE if parts.scheme == "mqtts" else PLAIN),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls_context=self._tls,
            identifier=f"fairwatch-notify-{secrets.token_hex(4)}",
            timeout=self._timeout_s,
        )
        client._client.connect_timeout = self._timeout_s  # noqa: SLF001  aiomqtt connects in a thread that must end
        return client

    async def _drop(self, client: aiomqtt.Client | None) -> None:
        """Forget a connection, unless another one has taken its place."""
        if client is None or client is not self._open:
            return
        self._open = None
        with suppress(aiomqtt.MqttError, OSError, TimeoutError):
            await client.__aexit__(None, None, None)


def broker_of(url: str, allow_plain: bool) -> SplitResult:
    """Return the parts of a broker's address; ConfigurationError, which does not tell it, when it cannot be used."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises where it is no number
    except ValueError as error:
        raise ConfigurationError("mqtt.url is not a URL") from error
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ConfigurationError("mqtt.url must look like mqtts://user:password@host:8883")
    if parts.scheme == "mqtt" and parts.hostname not in LOOPBACK and not allow_plain:
        raise ConfigurationError("mqtt.url must be mqtts: alerts are personal data (or set allow_plain: true)")
    return parts


def topic_of(template: str, alert: Mapping[str, Any]) -> str:
    """Return the topic of an alert; what values would break is replaced, what is missing is `none`."""
    return PLACE.sub(lambda found: NOT_IN_A_LEVEL.sub("_", str(alert.get(found[1]) or "none"))[:LEVEL], template)


def classify(error: Exception) -> Answer:
    """Return what a failure means."""
    code = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
    number = code if isinstance(code, int) or code is None else code.value
    if number in MAY_NOT and isinstance(error, aiomqtt.exceptions.MqttConnectError):
        return Answer("auth_error", retryable=True, status=number)
    if isinstance(error, ssl.SSLError) or "SSL" in str(error) or "certificate" in str(error):
        return Answer("tls_error", retryable=True)
    if "timed out" in str(error):
        return Answer("timeout", retryable=True)
    return Answer("unreachable", retryable=True)
