"""One POST to a configured address and nowhere else, and what an answer means."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import aiohttp
from yarl import URL

from fairwatch.domain.calendar import instant
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.options import LOOPBACK
from fairwatch.sinks.sink import Answer, Reason

OK, REDIRECT, CLIENT, SERVER = 200, 300, 400, 500
AGAIN = frozenset({408, 425})
GONE = 410
LARGE = 1 << 20  # bytes that are not written in one go: other receivers' deliveries go on meanwhile
# A clock that is wrong, a secret or a path that is being changed: somebody puts it right.
PUT_RIGHT: Final[Mapping[int, Reason]] = {
    401: "auth_error",
    403: "auth_error",
    404: "not_found",
    407: "auth_error",
    409: "conflict",
    429: "rate_limited",
}


class HttpClient:
    """Posts to one address.

    TLS certificates are verified, redirects refused, proxies of the environment ignored, answers not read: neither
    their length nor their speed costs anything.

    Args:
        url: Where to.
        clock: For the time of a Retry-After header.
        timeout_s: From connecting to the answer's headers.
        ca_file: Certificate authorities to trust instead of the system's.
    """

    def __init__(self, url: URL, clock: Clock, *, timeout_s: float = 5.0, ca_file: Path | None = None) -> None:
        self.url = url
        self.timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._clock = clock
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send and classify; never raises for what the other side does."""
        headers = {"content-type": "application/json", "user-agent": "fairwatch", **headers}
        data = body if len(body) < LARGE else BytesIO(body)
        try:
            async with self._open().post(self.url, data=data, headers=headers, allow_redirects=False) as response:
                return classify(response.status, retry_after(response.headers.get("retry-after"), self._clock.now()))
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

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls),
                timeout=self.timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


def checked_url(what: str, url: str, allow_plain_http: bool) -> URL:
    """Return the address; ConfigurationError, which does not tell it, when alerts must not go there."""
    try:
        parsed = URL(url)
    except ValueError as error:
        raise ConfigurationError(f"{what} is not a URL") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigurationError(f"{what} must be https://host/path")
    if parsed.scheme == "http" and parsed.host not in LOOPBACK and not allow_plain_http:
        raise ConfigurationError(f"{what} must be https: alerts are personal data (or set allow_plain_http: true)")
    return parsed


def classify(status: int, wait: int | None) -> Answer:
    """Return what a status means; `wait` is what Retry-After asks for, in microseconds."""
    if OK <= status < REDIRECT:
        return Answer("ok", status=status)
    if status == GONE:
        return Answer("gone", status=status)
    if status < CLIENT:  # a proxy that is being set up, a path that moved: somebody puts it right, the alert waits
        return Answer("redirect", retryable=True, status=status)
    if (reason := PUT_RIGHT.get(status)) is not None:
        return Answer(reason, retryable=True, status=status, retry_after=wait)
    if status < SERVER:
        return Answer("client_error", retryable=status in AGAIN, status=status)
    return Answer("server_error", retryable=True, status=status, retry_after=wait)


def retry_after(text: str | None, now: int) -> int | None:
    """Return microseconds from a Retry-After header, in seconds or as a date (RFC 9110); None for none or nonsense."""
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        return int(text[:9]) * 1_000_000
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year that no calendar has
        return None
    return max(0, instant(at if at.tzinfo else at.replace(tzinfo=UTC)) - now)
