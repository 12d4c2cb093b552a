"""Proves that an HTTP request comes from the device that it names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from aiohttp import web

from fairwatch.gateways.credentials import DeviceBinding, Devices
from fairwatch.gateways.digest import Algorithm, Digest
from fairwatch.gateways.limits import TokenBuckets
from fairwatch.gateways.peer import Peer, peer_of
from fairwatch.gateways.refusal import RefusedError


@dataclass(frozen=True, slots=True)
class Nobody:
    """Stands in for an unknown device, so that it is answered like a wrong password."""

    username: str = "-"
    password: str = ""
    algorithms: Sequence[Algorithm] = ("SHA-256", "MD5")


class Doorkeeper:
    """Checks API keys, digest answers and TLS client certificates.

    Args:
        devices: Who is known.
        digest: Challenges and checks.
        failures: Wrong credentials that one address may send.
        trusted_proxies: Addresses whose `X-Forwarded-For` is believed.
    """

    def __init__(
        self, devices: Devices, digest: Digest, failures: TokenBuckets, trusted_proxies: Collection[str] = ()
    ) -> None:
        self._devices, self._digest, self._failures, self._trusted = devices, digest, failures, trusted_proxies

    def admit(self, request: web.Request, device_id: str, path_key: str = "") -> DeviceBinding:
        """Return the device, once it has proved who it is.

        Raises:
            RefusedError: 401 unauthenticated | 403 disabled_device, forbidden_source | 429 rate_limited.
        """
        device = self._devices.get(device_id)
        peer = self.peer(request)
        if device is None or not (_shows_key(request, device, path_key) or _shows_certificate(peer, device)):
            if path_key or _key_of(request):
                self._count_failure(peer)
                raise self.challenge(device)
            device = self.require_digest(request, device)
        self.check(device, peer)
        return device

    def peer(self, request: web.BaseRequest) -> Peer:
        """Return who is at the other end."""
        return peer_of(request, self._trusted)

    def check(self, device: DeviceBinding, peer: Peer) -> None:
        """Refuse a device that proved who it is but may not send, or not from there."""
        if not device.enabled:
            raise RefusedError(403, "disabled_device", f"device {device.device_id} is disabled")
        if not device.accepts_source(peer.address):
            raise RefusedError(403, "forbidden_source", f"device {device.device_id} may not call from {peer.address}")

    def require_digest(
        self, request: web.BaseRequest, device: DeviceBinding | None, prefer: Sequence[Algorithm] | None = None
    ) -> DeviceBinding:
        """Return the device if the request answers a digest challenge with its password.

        Args:
            request: The request.
            device: Who it claims to be, None when unknown.
            prefer: Order of the challenges, for callers that read only the first.

        Raises:
            RefusedError: 401 with challenges | 429 after too many wrong answers.
        """
        header = request.headers.get("Authorization")
        if header is None:
            raise self.challenge(device, prefer)
        account = device.digest if device else None
        verdict = self._digest.verify(header, request.method, request.raw_path, account or Nobody())
        if verdict == "stale":
            raise self.challenge(device, prefer, stale=True)
        if verdict == "wrong" or account is None or device is None:
            self._count_failure(self.peer(request))
            raise self.challenge(device, prefer)
        return device

    def challenge(
        self, device: DeviceBinding | None, prefer: Sequence[Algorithm] | None = None, *, stale: bool = False
    ) -> RefusedError:
        """Return the 401 that asks for digest; an unknown device is asked like any other."""
        account = device.digest if device and device.digest else Nobody()
        order = [name for name in prefer or account.algorithms if name in account.algorithms]
        challenges = tuple(self._digest.challenges(order, stale=stale))
        return RefusedError(401, "unauthenticated", "credentials are missing or wrong", challenges=challenges)

    def _count_failure(self, peer: Peer) -> None:
        if wait := self._failures.take(peer.key):
            raise RefusedError(429, "rate_limited", "too many wrong credentials", retry_after_s=wait)


def _shows_key(request: web.Request, device: DeviceBinding, path_key: str) -> bool:
    if path_key:
        return device.api_key_in_path and device.accepts_key(path_key)
    return device.accepts_key(_key_of(request))


def _shows_certificate(peer: Peer, device: DeviceBinding) -> bool:
    return bool(peer.certificate) and device.certificate_sha256 == peer.certificate


def _key_of(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return request.headers.get("X-Api-Key", "") or (token.strip() if scheme.lower() == "bearer" else "")
