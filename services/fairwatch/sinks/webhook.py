"""Signed webhooks (Standard Webhooks): one POST for each delivery, to the configured address and nowhere else."""

import asyncio
import binascii
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from standardwebhooks.webhooks import EmptyWebhookSecretError
from standardwebhooks.webhooks import Webhook as Signer
from yarl import URL

from fairwatch.domain.calendar import instant, iso_8601
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.sink import Answer, Reason

TIMES = ("started_at", "updated_at", "ended_at", "received_at", "issued_at")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SECRET_BYTES = 16
OK, REDIRECT, CLIENT, SERVER = 200, 300, 400, 500
AGAIN = frozenset({408, 425})
GONE = 410
# A clock that is wrong, a secret or a path that is being changed: somebody puts it right.
PUT_RIGHT: Final[Mapping[int, Reason]] = {
    401: "auth_error",
    403: "auth_error",
    404: "not_found",
    407: "auth_error",
    409: "conflict",
    429: "rate_limited",
}


class Webhook:
    """A receiver that is told over HTTP.

    TLS certificates are verified, redirects refused, proxies of the environment ignored, answers not read.

    Args:
        url: https, or http on this machine.
        secret: `whsec_` and base64, as in Standard Webhooks.
        clock: For the signed timestamp.
        timeout_s: From connecting to the answer's headers.
        ca_file: Certificate authorities to trust instead of the system's.
        allow_plain_http: Permit http to other machines.

    Raises:
        ConfigurationError: The address or the secret cannot be used; neither is told.
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
        self._url = _checked(url, allow_plain_http)
        self._signer = _signer(secret)
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"Webhook({self._url.origin()})"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """POST the alert as JSON, signed; `webhook-id` is the delivery's id in every attempt."""
        body = _body(alert)
        try:
            async with self._client().post(
                self._url, data=body, headers=self._headers(delivery_id, body), allow_redirects=False
            ) as response:
                return _classify(response.status, _retry_after(response.headers.get("retry-after"), self._clock.now()))
        except TimeoutError:
            return Answer("timeout", retryable=True)
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Answer("tls_error", retryable=True)
        except (aiohttp.ClientError, OSError):
            return Answer("unreachable", retryable=True)

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            await asyncio.sleep(0)  # lets the transports close before the loop does

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    def _headers(self, delivery_id: str, body: bytes) -> dict[str, str]:
        at = datetime.fromtimestamp(self._clock.now() // 1_000_000, tz=UTC)
        return {
            "content-type": "application/json",
            "user-agent": "fairwatch",
            "webhook-id": delivery_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(delivery_id, at, body.decode()),
        }


def _checked(url: str, allow_plain_http: bool) -> URL:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise ConfigurationError("webhook.url is not a URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigurationError("webhook.url must be https://host/path")
    if parsed.scheme == "http" and parsed.host not in LOOPBACK and not allow_plain_http:
        raise ConfigurationError("webhook.url must be https: alerts are personal data (or set allow_plain_http: true)")
    return parsed


def _signer(secret: str) -> Signer:
    try:
        key = binascii.a2b_base64(secret.removeprefix("whsec_") + "==")
        if len(key) >= SECRET_BYTES:
            return Signer(key)
    except (binascii.Error, ValueError, EmptyWebhookSecretError):
        pass
    raise ConfigurationError(f"webhook.secret must be whsec_ and at least {SECRET_BYTES} random bytes in base64")


def _body(alert: Mapping[str, Any]) -> bytes:
    written = {name: iso_8601(at) for name in TIMES if (at := alert.get(name)) is not None}
    return orjson.dumps({**alert, **written}, default=str)


def _classify(status: int, retry_after: int | None) -> Answer:
    if OK <= status < REDIRECT:
        return Answer("ok", status=status)
    if status == GONE:
        return Answer("gone", status=status)
    if status < CLIENT:  # a proxy that is being set up, a path that moved: somebody puts it right, the alert waits
        return Answer("redirect", retryable=True, status=status)
    if (reason := PUT_RIGHT.get(status)) is not None:
        return Answer(reason, retryable=True, status=status, retry_after=retry_after)
    if status < SERVER:
        return Answer("client_error", retryable=status in AGAIN, status=status)
    return Answer("server_error", retryable=True, status=status, retry_after=retry_after)


def _retry_after(text: str | None, now: int) -> int | None:
    """Return microseconds from a Retry-After header, in seconds or as a date (RFC 9110); None for none or nonsense."""
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        return int(text[:9]) * 1_000_000
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0, instant(at if at.tzinfo else at.replace(tzinfo=UTC)) - now)
