"""Who is at the other end of a connection: a TLS client certificate where there is one, else the source address."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end.

    Attributes:
        address: IP address; behind a trusted proxy the one that the proxy saw.
        certificate: Hex SHA-256 of its TLS client certificate, empty without one.
    """

    address: str
    certificate: str = ""

    @property
    def key(self) -> str:
        """Text that stays the same as long as it is the same peer; ports change, so they are no part of it."""
        return f"certificate:{self.certificate}" if self.certificate else f"address:{self.address}"


def peer_of(request: web.BaseRequest, trusted_proxies: Collection[str] = ()) -> Peer:
    """Return the peer of a request; `X-Forwarded-For` counts only when a trusted proxy wrote it."""
    address = request.remote or ""
    if address in trusted_proxies:
        for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
            if hop.strip() and hop.strip() not in trusted_proxies:
                address = hop.strip()
                break
    tls = request.transport.get_extra_info("ssl_object") if request.transport else None
    certificate = tls.getpeercert(binary_form=True) if tls else None
    return Peer(address, hashlib.sha256(certificate).hexdigest() if certificate else "")
