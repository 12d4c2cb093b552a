"""What the console has to know of its deployment."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from fairwatch.domain.addresses import Networks
from fairwatch.domain.errors import ConfigurationError
from fairwatch.parts import of_kind
from fairwatch.policy.signatures import PrivateKey

STAGES = tuple(of_kind("processor", essential=True))


@dataclass(frozen=True)
class ConsoleConfig:
    """Settings of the console. Times are seconds.

    Attributes:
        people_file: Who may sign in; see `console.people`.
        redis_url: Sessions and heartbeats.
        host, port: Where people's browsers connect; port 0 for a free one.
        health_host, health_port: Where `/live`, `/ready` and `/metrics` are; port 0 for a free one.
        tls_certificate, tls_key: PEM files; without them something in front has to speak TLS, or it is loopback.
        secure_cookie: True where TLS ends in front of the console; TLS of our own implies it.
        proxies: Whose `X-Forwarded-For` is believed.
        signing_key: Signs what people do; without it nobody can decide.
        must_sign: Topics whose records count only where they are signed.
        idle_s: Without any action of the person a session ends after this time.
        absolute_s: A session ends after this time in any case: a shift.
        stages: Components whose absence the page has to show.
        link_key: Signs the links in messages; empty: none is accepted.
        prefix: Put before every name in Redis.
        instance: Name of this process in heartbeats.
    """

    people_file: Path
    redis_url: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8090
    health_host: str = "127.0.0.1"
    health_port: int = 0
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    secure_cookie: bool = False
    proxies: Networks = field(default_factory=Networks)
    idle_s: int = 3_600
    absolute_s: int = 43_200
    signing_key: PrivateKey | None = field(default=None, repr=False)
    must_sign: frozenset[str] = frozenset()
    stages: tuple[str, ...] = STAGES
    link_key: bytes = field(default=b"", repr=False)
    prefix: str = ""
    instance: str = ""

    @property
    def secure(self) -> bool:
        """Whether browsers reach the console over TLS."""
        return self.secure_cookie or self.tls_certificate is not None

    def tls(self) -> ssl.SSLContext | None:
        """Return the TLS context, or None; ConfigurationError when the files cannot be used."""
        if self.tls_certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.tls_certificate, self.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"console TLS: cannot use {self.tls_certificate}: {error}") from error
        return context
