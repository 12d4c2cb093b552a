"""Signed webhooks (Standard Webhooks): one POST for each delivery, to the configured address and nowhere else."""

import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator
from standardwebhooks.webhooks import EmptyWebhookSecretError
from standardwebhooks.webhooks import Webhook as Signer

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.http import HttpClient, checked_url
from fairwatch.sinks.options import SinkOptions, Surroundings, Timeout, in_validation
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.text import as_json

SECRET_BYTES = 16
SECRETS = 2  # the old one and the new one, while one is changed


class WebhookOptions(SinkOptions):
    """Where a webhook goes. While its secret is changed, it is the new and the old one, with a space between."""

    looked_up: ClassVar = ("url", "secret")

    url: str | None = None
    url_file: Path | None = None
    url_env: str | None = None
    secret_file: Path | None = None
    secret_env: str | None = None
    timeout: Timeout = timedelta(seconds=5)
    ca_file: Path | None = None
    allow_plain_http: bool = Field(default=False, description="http:// to other machines than this one")

    @model_validator(mode="after")
    def _url_may_be_used(self) -> "WebhookOptions":
        if self.url is not None:
            in_validation(lambda: checked_url("webhook.url", self.url or "", self.allow_plain_http))
        return self

    def open(self, surroundings: Surroundings) -> "Webhook":
        """Return the sink."""
        return Webhook(
            self.look_up("url", surroundings.environment),
            self.look_up("secret", surroundings.environment),
            surroundings.clock,
            timeout_s=self.timeout.total_seconds(),
            ca_file=self.ca_file,
            allow_plain_http=self.allow_plain_http,
        )


class Webhook:
    """A receiver that is told over HTTP, as HttpClient does it.

    Args:
        url: https, or http on this machine.
        secret: `whsec_` and base64, as in Standard Webhooks; two, separated by white space, while one is changed:
            then each delivery has a signature by either.
        clock: For the signed timestamp.
        timeout_s: From connecting to the answer's headers.
        ca_file: Certificate authorities to trust instead of the system's.
        allow_plain_http: Permit http to other machines.

    Raises:
        ConfigurationError: The address or a secret cannot be used; neither is told.
    """

    kind = "webhook"

    def __init__(
        self,
        url: str,
        secret: str,
        clock: Clock,
        *,
        timeout_s: float = 5.0,
        ca_file: Path | None = None,
        allow_plain_http: bool = False,
    ) -> None:
        address = checked_url("webhook.url", url, allow_plain_http)
        self._signers = _signers(secret)
        self._clock = clock
        self._client = HttpClient(address, clock, timeout_s=timeout_s, ca_file=ca_file)

    def __repr__(self) -> str:
        return f"Webhook({self._client.url.origin()})"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """POST the alert as JSON, signed; `webhook-id` is the delivery's id in every attempt."""
        body = as_json(alert)
        return await self._client.post(body, self._headers(delivery_id, body))

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _headers(self, delivery_id: str, body: bytes) -> dict[str, str]:
        at = datetime.fromtimestamp(self._clock.now() // 1_000_000, tz=UTC)
        text = body.decode()
        return {
            "webhook-id": delivery_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(delivery_id, at, text) for signer in self._signers),
        }


def _signers(secret: str) -> list[Signer]:
    secrets = secret.split()
    if len(secrets) > SECRETS:
        raise ConfigurationError(
            f"webhook.secret may be {SECRETS} secrets, the new and the old one, not {len(secrets)}"
        )
    return [_signer(one) for one in secrets or [""]]


def _signer(secret: str) -> Signer:
    try:
        key = binascii.a2b_base64(secret.removeprefix("whsec_") + "==")
        if len(key) >= SECRET_BYTES:
            return Signer(key)
    except (binascii.Error, ValueError, EmptyWebhookSecretError):
        pass
    raise ConfigurationError(f"webhook.secret must be whsec_ and at least {SECRET_BYTES} random bytes in base64")
