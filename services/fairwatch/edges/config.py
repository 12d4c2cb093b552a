"""What an operator can set about a gateway."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from fairwatch.domain.errors import ConfigurationError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """Settings of the three gateways; times in seconds, sizes in bytes.

    Attributes:
        devices_file: devices.yaml.
        host, port: Where to listen; port 0 takes a free one. Unused by mqtt.
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
        mqtt_url: mqtt[s]://user:password@host:port.
        mqtt_client_id: Name of the persistent MQTT session.
        mqtt_window: MQTT messages on their way to Kafka at a time; mqtt_held_bytes: of all that are not on it yet.
        lease_s: Seconds after which another replica reads the streams of one that is gone.
        viid_server_id: Our own 20-digit id; viid_time_zone: zone of times in replies, which devices take for their own.
        viid_session_s: Life of a session after its last request.
        redis_url: Where replicas share VIID sessions and heartbeats go; empty keeps sessions in memory.
        instance: Name of this process in heartbeats.
    """

    devices_file: Path
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
    mqtt_url: str = "mqtt://127.0.0.1:1883"
    mqtt_client_id: str = "fairwatch-gateway"
    mqtt_window: int = 100
    mqtt_held_bytes: int = 24 * MIB
    lease_s: float = 15
    viid_server_id: str = "00000000005030000001"
    viid_time_zone: str = "Asia/Shanghai"
    viid_session_s: float = 300
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
