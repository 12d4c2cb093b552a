"""Signed links in messages: what whoever holds the message may do to its alert, for a while, without signing in."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import get_args

import orjson

from fairwatch.domain.records import AlertDeed

LIFETIME = 24 * 3_600_000_000  # microseconds
KEY_BYTES = 32
TOKEN_LIMIT = 1_024


@dataclass(frozen=True, slots=True)
class Link:
    """What a link allows: one action on one alert, to the receiver that it was sent to, until it expires.

    Attributes:
        expires_at: Microseconds UTC.
    """

    alert_id: str
    action: AlertDeed
    receiver: str
    expires_at: int

    def token(self, key: bytes) -> str:
        """Return the link's text, signed with HMAC-SHA256."""
        said = orjson.dumps([self.alert_id, self.action, self.receiver, self.expires_at])
        return f"{_text(said)}.{_text(_mac(key, said))}"


def read_link(token: str, key: bytes) -> Link | None:
    """Return what a link's text allows, also when it has expired; None when we did not sign it."""
    said, _, mac = token[:TOKEN_LIMIT].partition(".")
    try:
        content, proof = _bytes(said), _bytes(mac)
        if not key or not hmac.compare_digest(_mac(key, content), proof):
            return None
        alert_id, action, receiver, expires_at = orjson.loads(content)
    except (binascii.Error, ValueError, TypeError):
        return None
    return Link(alert_id, action, receiver, expires_at) if action in get_args(AlertDeed) else None


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, b"fairwatch-link\0" + said, "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
