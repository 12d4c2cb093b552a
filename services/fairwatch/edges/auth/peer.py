"""Who is at the other end of a connection: a TLS client certificate where there is one, else the source address."""

import hashlib
from dataclasses import dataclass

from aiohttp import web

from fairwatch.domain.addresses import Networks, caller, neighbourhood


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end.

    Attributes:
        address: IP address; behind a trusted proxy the one that the proxy saw.
        certificate: Hex SHA-256 of its TLS client certificate, empty without one.
        shared: The address is known to be that of several callers.
    """

    address: str
    certificate: str = ""
    shared: bool = False

    @property
    def key(self) -> str:
        """Text that stays the same as long as it is the same peer; ports change, so they are no part of it."""
        return f"certificate:{self.certificate}" if self.certificate else f"address:{self.address}"

    @property
    def place(self) -> str:
        """Text under which its wrong credentials are counted."""
        return self.key if self.certificate else f"address:{neighbourhood(self.address)}"


def peer_of(request: web.BaseRequest, proxies: Networks = Networks(), shared: Networks = Networks()) -> Peer:  # noqa: B008  # frozen
    """Return the peer of a request.

    Args:
        request: The request.
        proxies: Whose `X-Forwarded-For` is believed.
        shared: Addresses behind which several callers are.
    """
    address = caller(request.remote or "", ",".join(request.headers.getall("X-Forwarded-For", ())), proxies)
    tls = request.transport.get_extra_info("ssl_object") if request.transport else None
    certificate = tls.getpeercert(binary_form=True) if tls else None
    known = hashlib.sha256(certificate).hexdigest() if certificate else ""
    # A proxy that did not say for whom it calls calls for everybody.
    return Peer(address, known, shared=not known and (address in shared or address in proxies))
