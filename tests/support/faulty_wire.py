"""A wire between a client and a real server that can be cut, held up, slowed and flooded; and certificates."""

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FLOOD = 100 << 20  # bytes
CHUNK = 1 << 16


class Wire:
    """A TCP proxy; change its attributes while it runs.

    Attributes:
        late_s: How late answers are.
        cut_after: Bytes from the client after which the connection is broken off; None for never.
        silent: Whether connections are taken and nothing is ever answered or passed on.
        floods: Whether 100 MB of nonsense are the answer to the first bytes.
        flooded: Bytes of nonsense that the client let us send.
        connections: How many there have been.
    """

    def __init__(self, target: int, tls: ssl.SSLContext | None = None) -> None:
        self.target, self.tls = target, tls
        self.late_s, self.cut_after = 0.0, None
        self.silent = self.floods = False
        self.flooded = self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task] = set()

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def is_quiet(self) -> None:
        """Return when nobody is connected any more."""
        while self._tasks:  # noqa: ASYNC110  connections end by themselves
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        try:
            with suppress(OSError, ssl.SSLError, asyncio.CancelledError):  # a test that ends cancels us
                await (self._flood(reader, writer) if self.floods else self._pass(reader, writer))
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _flood(self, reader, writer) -> None:
        writer.write(b"x" * 100)
        while self.flooded < FLOOD:
            writer.write(b"x" * CHUNK)
            await writer.drain()
            self.flooded += CHUNK

    async def _pass(self, reader, writer) -> None:
        if self.silent:
            await asyncio.Event().wait()
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        up = asyncio.create_task(self._up(reader, back))
        down = asyncio.create_task(self._down(there, writer))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            back.transport.abort()

    async def _up(self, reader, back) -> None:
        passed = 0
        while data := await reader.read(CHUNK):
            if self.cut_after is not None and passed + len(data) > self.cut_after:
                return
            passed += len(data)
            back.write(data)
            await back.drain()

    async def _down(self, there, writer) -> None:
        while data := await there.read(CHUNK):
            await asyncio.sleep(self.late_s)
            writer.write(data)
            await writer.drain()


def certificate(folder: Path, name: str, ends_in: timedelta) -> Path:
    """Write a self-signed certificate of 127.0.0.1 with its key into one file and return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + ends_in)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(*form) + built.public_bytes(serialization.Encoding.PEM))
    return path


def served(path: Path) -> ssl.SSLContext:
    """Return what a server with this certificate uses."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context
