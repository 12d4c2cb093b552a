"""Network addresses: who called, where proxies stand between, and which addresses are several callers."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from fairwatch.domain.errors import ConfigurationError

GUESSING_PREFIX = 64  # bits of an IPv6 address that one customer has at least to himself
_REMEMBERED = 16_384  # addresses that call again and again


@dataclass(frozen=True, slots=True)
class Networks:
    """A set of addresses, given as single ones or in CIDR notation."""

    all: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str], setting: str) -> Self:
        """Return the networks that a setting names; ConfigurationError where one is none."""
        try:
            return cls(tuple(ip_network(text.strip(), strict=False) for text in texts))
        except ValueError as error:
            raise ConfigurationError(f"{setting}: {error}; write addresses like 10.0.0.7 or 10.0.0.0/8") from None

    def __contains__(self, address: object) -> bool:
        if not self.all:
            return False
        found = parsed(address) if isinstance(address, str) else None
        return found is not None and any(found in network for network in self.all if network.version == found.version)


@lru_cache(_REMEMBERED)
def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address, IPv4 where it is mapped into IPv6; None where it is none. A port behind it is left out.

    >>> parsed("::ffff:192.0.2.7"), parsed("192.0.2.7:443"), parsed("[2001:db8::1]:443"), parsed("unknown")
    (IPv4Address('192.0.2.7'), IPv4Address('192.0.2.7'), IPv6Address('2001:db8::1'), None)
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def caller(remote: str, forwarded: str, proxies: Networks) -> str:
    """Return the address of who called.

    Args:
        remote: The other end of the connection.
        forwarded: All of `X-Forwarded-For`; what a proxy that is not trusted wrote there counts for nothing.
        proxies: Who is trusted to say for whom it calls.
    """
    address = remote
    if address not in proxies:
        return address
    for hop in reversed(forwarded.split(",")):
        found = parsed(hop)
        if found is None:
            return address
        address = str(found)
        if address not in proxies:
            return address
    return address


@lru_cache(_REMEMBERED)
def neighbourhood(address: str) -> str:
    """Return what counts as one place of guessing: an IPv4 address, or the network of an IPv6 address."""
    found = parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, GUESSING_PREFIX), strict=False))
    return str(found or address)
