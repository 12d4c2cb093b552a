"""What an operator can set about any gateway; what only one of them has, stands in its folder (`Options`)."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from fairwatch.domain.errors import ConfigurationError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """Settings of all gateways; times in seconds, sizes in bytes.

    Attributes:
        devices_file: devices.yaml; devices_secret: opens sealed passwords of devices.
        topic_prefix: Of the deployment; part of names that differ between deployments.
        host, port: Where to listen; port 0 takes a free one.
        health_host, health_port: Where health is served.
        tls_cert, tls_key: Certificate chain and key in PEM; both or neither.
        tls_client_ca: Authorities whose client certificates are asked for.
        trusted_proxies: Addresses and networks whose `X-Forwarded-For` is believed.
        shared_addresses: Addresses and networks behind which several callers are (NAT).
        nonce_secret: Signs digest nonces; the same for all replicas behind one address, empty for one of its own.
        nonce_s: Life of a digest nonce.
        max_body_bytes: Largest body; max_held_bytes: all bodies being handled at a time.
        body_timeout_s: In which a body must have arrived; header_timeout_s: a request's headers.
        rate_per_s, burst: Requests of one device.
        failures_per_s, failure_burst: Wrong credentials of one address.
        drain_s: For what is in flight when the gateway stops.
        lease_s: Seconds after which another replica reads the streams of one that is gone.
        redis_url: Where replicas share sessions, nonces and leases, and heartbeats go; empty keeps them in memory.
        instance: Name of this process in heartbeats.
    """

    devices_file: Path
    devices_secret: str = field(default="", repr=False)
    topic_prefix: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    health_host: str = "127.0.0.1"
    health_port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    shared_addresses: tuple[str, ...] = ()
    nonce_secret: bytes = b""
    nonce_s: float = 300
    max_body_bytes: int = 10 * MIB
    max_held_bytes: int = 24 * MIB  # three times that with what the producer makes of it; a process has 300 MB
    body_timeout_s: float = 30
    header_timeout_s: float = 30
    rate_per_s: float = 200
    burst: float = 400
    failures_per_s: float = 1
    failure_burst: float = 30
    drain_s: float = 10
    lease_s: float = 15
    redis_url: str = ""
    instance: str = ""

    def tls(self) -> ssl.SSLContext | None:
        """Return the TLS context to serve with, None for plain HTTP; ConfigurationError when a file is unusable."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigurationError("tls_cert and tls_key: set both or neither")
        if self.tls_cert is None:
            return None
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.tls_cert, self.tls_key)
            if self.tls_client_ca:
                context.load_verify_locations(self.tls_client_ca)
                context.verify_mode = ssl.CERT_OPTIONAL
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"TLS files {self.tls_cert}, {self.tls_key}: {error}") from error
        return context
