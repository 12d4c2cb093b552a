"""One keep-alive connection of a device: as little of HTTP/1.1 as that needs, so that it costs little."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from fairwatch.edges.auth.accounts import ha1
from fairwatch.edges.auth.digest import answer, parse_authorization
from tests.benchmarks.load_requests import request
from tests.benchmarks.pipeline_world import Message

REALM: Final = "fairwatch-viid"
HTTP_OK: Final = 200
Answered = Callable[["Connection", int], None]


class Connection(asyncio.Protocol):
    """A connection that has one request under way at most.

    Args:
        answered: Told of each answer's status; 0 where the gateway hung up.
    """

    def __init__(self, answered: Answered) -> None:
        self.answered = answered
        self.head = b""
        self._got = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Remember where to write."""
        self._transport = transport

    def send(self, data: bytes) -> None:
        """Send a whole request."""
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Tell of the answer once it is whole."""
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if end and len(body) >= length:
            self._got, self.head = b"", head
            self.answered(self, int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that nothing comes any more."""
        self.answered(self, 0)

    def close(self) -> None:
        """Hang up."""
        self.answered = lambda *_: None
        self._transport.close()


async def register(connection: Connection, host: str, name: str, viid_id: str, password: str) -> None:
    """Register a GA/T 1400 platform over its connection; RuntimeError where it may not."""
    path = "/VIID/System/Register"
    body = b'{"RegisterObject":{"DeviceID":"%s"}}' % viid_id.encode()
    message = Message(name, path, body, "application/VIID+JSON;charset=UTF-8")
    await _asked(connection, request(host, message, {"User-Identify": viid_id}))
    challenge = next(
        line.partition(b":")[2].strip() for line in connection.head.split(b"\r\n") if b"algorithm=MD5" in line
    )
    given = parse_authorization(challenge.decode()) or {}
    given |= {"nc": "00000001", "cnonce": "benchmark", "qop": "auth", "uri": path}

    class Known:
        username, algorithms = name, ("MD5",)

        def ha1(self, algorithm: str, realm: str) -> str:
            return ha1(name, password, algorithm, realm)

    said = {**given, "username": name, "response": answer(Known(), "MD5", REALM, "POST", given)}
    login = "Digest " + ", ".join(f'{field}="{value}"' for field, value in said.items() if field != "stale")
    status = await _asked(connection, request(host, message, {"User-Identify": viid_id, "Authorization": login}))
    if status != HTTP_OK:
        raise RuntimeError(f"{name} may not register: {status}")


async def _asked(connection: Connection, data: bytes) -> int:
    waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    before, connection.answered = connection.answered, lambda _, status: waiting.set_result(status)
    try:
        connection.send(data)
        return await waiting
    finally:
        connection.answered = before
