"""Proves that an HTTP request comes from the device that it names."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from fairwatch.domain.addresses import Networks
from fairwatch.edges.auth.accounts import ha1
from fairwatch.edges.auth.digest import Algorithm, Digest, parse_authorization
from fairwatch.edges.auth.guesses import Guesses
from fairwatch.edges.auth.peer import Peer, peer_of
from fairwatch.edges.credentials import DeviceBinding
from fairwatch.edges.device_index import Devices
from fairwatch.edges.refusal import RefusedError


@dataclass(frozen=True, slots=True)
class Nobody:
    """Stands in for an unknown device, so that it is answered like a wrong password."""

    username: str = "-"
    algorithms: Sequence[Algorithm] = ("SHA-256", "MD5")

    def ha1(self, algorithm: str, realm: str) -> str:
        """Return a hash at the cost of a real one."""
        return ha1(self.username, "", algorithm, realm)


class Doorkeeper:
    """Checks API keys, digest answers and TLS client certificates.

    Args:
        devices: Who is known.
        digest: Challenges and checks.
        guesses: The brake on guessing.
        proxies: Whose `X-Forwarded-For` is believed.
        shared: Addresses behind which several callers are.
    """

    def __init__(
        self,
        devices: Devices,
        digest: Digest,
        guesses: Guesses,
        proxies: Networks = Networks(),  # noqa: B008  # frozen
        shared: Networks = Networks(),  # noqa: B008  # frozen
    ) -> None:
        self._devices, self._digest, self._guesses = devices, digest, guesses
        self._proxies, self._shared = proxies, shared

    async def admit(self, request: web.Request, device_id: str, path_key: str = "") -> DeviceBinding:
        """Return the device, once it has proved who it is.

        Raises:
            RefusedError: 401 unauthenticated | 403 disabled_device, forbidden_source | 429 rate_limited | 503 starting.
        """
        device = self._devices.get(device_id)
        self._wait_for(device)
        peer = self.peer(request)
        if device is not None and _shows_certificate(peer, device):
            pass
        elif path_key or _key_of(request):
            self._guesses.check(peer, device_id)
            if device is None or not _shows_key(request, device, path_key):
                self._guesses.failed(peer, device_id)
                raise self.challenge(device)
            self._guesses.proved(peer, device_id)
        else:
            device = await self.require_digest(request, device, device_id)
        self.check(device, peer)
        return device

    def peer(self, request: web.BaseRequest) -> Peer:
        """Return who is at the other end."""
        return peer_of(request, self._proxies, self._shared)

    def check(self, device: DeviceBinding, peer: Peer) -> None:
        """Refuse a device that proved who it is but may not send, or not from there."""
        if not device.enabled:
            raise RefusedError(403, "disabled_device", f"device {device.device_id} is disabled")
        if not device.accepts_source(peer.address):
            raise RefusedError(403, "forbidden_source", f"device {device.device_id} may not call from {peer.address}")

    async def require_digest(
        self,
        request: web.BaseRequest,
        device: DeviceBinding | None,
        claimed: str,
        prefer: Sequence[Algorithm] | None = None,
    ) -> DeviceBinding:
        """Return the device if the request answers a digest challenge with its password.

        Args:
            request: The request.
            device: Who it claims to be, None when unknown.
            claimed: What it calls itself.
            prefer: Order of the challenges, for callers that read only the first.

        Raises:
            RefusedError: 401 with challenges | 429 after too many wrong answers | 503 starting.
        """
        self._wait_for(device)
        header = request.headers.get("Authorization")
        if header is None:
            raise self.challenge(device, prefer)
        peer = self.peer(request)
        nonce = _nonce_of(header)
        self._guesses.check(peer, claimed, nonce=nonce)
        account = device.digest if device else None
        verdict = await self._digest.verify(header, request.method, request.raw_path, account or Nobody())
        if verdict == "wrong" or account is None or device is None:
            self._guesses.failed(peer, claimed)
            raise self.challenge(device, prefer)
        if verdict == "stale":
            again = self.challenge(device, prefer, stale=True)
            self._guesses.proved(peer, claimed, _nonce_of(again.headers[0][1]))
            raise again
        self._guesses.proved(peer, claimed, nonce)
        return device

    def _wait_for(self, device: DeviceBinding | None) -> None:
        """Send a device away that may be known as soon as all records are read: a 401 would make it give up."""
        if device is None and not self._devices.complete:
            raise RefusedError(503, "starting", "the devices are not read yet", retry_after_s=2)

    def challenge(
        self, device: DeviceBinding | None, prefer: Sequence[Algorithm] | None = None, *, stale: bool = False
    ) -> RefusedError:
        """Return the 401 that asks for digest; an unknown device is asked like any other."""
        account = device.digest if device and device.digest else Nobody()
        order = [name for name in prefer or account.algorithms if name in account.algorithms]
        challenges = tuple(self._digest.challenges(order, stale=stale))
        return RefusedError(401, "unauthenticated", "credentials are missing or wrong", challenges=challenges)


def _nonce_of(header: str) -> str:
    return (parse_authorization(header) or {}).get("nonce", "")


def _shows_key(request: web.Request, device: DeviceBinding, path_key: str) -> bool:
    if path_key:
        return device.api_key_in_path and device.accepts_key(path_key)
    return device.accepts_key(_key_of(request))


def _shows_certificate(peer: Peer, device: DeviceBinding) -> bool:
    return bool(peer.certificate) and device.certificate_sha256 == peer.certificate


def _key_of(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return request.headers.get("X-Api-Key", "") or (token.strip() if scheme.lower() == "bearer" else "")
