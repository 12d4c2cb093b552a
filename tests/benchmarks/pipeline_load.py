"""Both ends of the pipeline: devices that send over HTTP and MQTT, and the receiver that their alerts come to.

Latency runs from the moment a device sends, or was due to send when its connection was still busy, to the arrival of
the webhook that its event raised; both are seen by one clock in one process.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import orjson
from aiohttp import web

from fairwatch.apps.demo.receiver import AlertListener
from tests.benchmarks.pipeline_world import Message, Numbers, event_of, over_http, over_mqtt

CONNECTIONS, MANY = 64, 512  # of devices at a given rate; when they send as fast as they are answered
HTTP_OK = 200
TAKEN = (HTTP_OK, 202)  # 202: a SOAP Notify
AGAIN_S = 0.2
Post = Callable[[Message], Coroutine[Any, Any, int]]


@dataclass
class Receiver(AlertListener):
    """A control room that notes when the alert of each event arrived first, seconds since 1970.

    Attributes:
        entries: Event by id of the listed entry.
        arrived: By event.
        again: How often an event's alert came another time.
    """

    entries: Mapping[str, int]
    arrived: dict[int, float] = field(default_factory=dict)
    again: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        at = time.time()
        number = event_of(orjson.loads(body), self.entries)
        if number is not None:
            self.again += number in self.arrived
            self.arrived.setdefault(number, at)
        return web.Response(status=204)

    async def have(self, numbers: list[int], within_s: float) -> None:
        """Wait until the alerts of all these events are there.

        Raises:
            TimeoutError: They are not; says how many are missing.
        """
        deadline = time.monotonic() + within_s
        while missing := [number for number in numbers if number not in self.arrived]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(missing)} of {len(numbers)} alerts are missing, the first is {missing[0]}")
            await asyncio.sleep(0.05)


@dataclass(slots=True)
class Sending:
    """What was sent.

    Attributes:
        at: When, by event; seconds since 1970.
        refused: Answers other than 200 and 202, by HTTP status; such an event is sent again.
    """

    at: dict[int, float] = field(default_factory=dict)
    refused: Counter[int] = field(default_factory=Counter)


class Connection(asyncio.Protocol):
    """One keep-alive connection of a device: as little of HTTP/1.1 as that needs, so that it costs us little."""

    def __init__(self, host: str, keys: Mapping[str, str]) -> None:
        self._host = host
        self._keys = keys
        self._got = b""
        self._answer: asyncio.Future[int] | None = None
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Remember where to write."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the waiting request once its response is whole."""
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if end and len(body) >= length and self._answer and not self._answer.done():
            self._got = b""
            self._answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is waiting."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the gateway closed the connection"))

    async def post(self, message: Message) -> int:
        """Send one request; return the status of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        head = (
            f"POST {message.to} HTTP/1.1\r\nHost: {self._host}\r\nX-Api-Key: {self._keys[message.device]}\r\n"
            f"Content-Type: {message.content_type}\r\nContent-Length: {len(message.body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + message.body)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def send_http(host: str, port: int, keys: Mapping[str, str], numbers: Numbers, rate: float | None) -> Sending:
    """Send over HTTP at `rate` a second, or as fast as all connections are answered; `keys` by device."""
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Connection(host, keys), host, port)
        for _ in range(CONNECTIONS if rate else MANY)
    ]
    connections = [connection for _, connection in made]
    try:
        return await _send(numbers, rate, [connection.post for connection in connections], over_http)
    finally:
        for connection in connections:
            connection.close()


async def send_mqtt(client: aiomqtt.Client, numbers: Numbers, rate: float | None) -> Sending:
    """Send over MQTT with QoS 1 at `rate` a second."""
    client.pending_calls_threshold = CONNECTIONS  # as many at once are no warning here

    async def publish(message: Message) -> int:
        await client.publish(message.to, message.body, qos=1)
        return HTTP_OK

    return await _send(numbers, rate, [publish] * CONNECTIONS, over_mqtt)


async def _send(numbers: Numbers, rate: float | None, posts: list[Post], write: Callable[..., Message]) -> Sending:
    sending, waiting, began = Sending(), deque(enumerate(numbers)), time.time()

    async def device(post: Post) -> None:
        while waiting:
            place, number = waiting.popleft()
            due = began + place / rate if rate else 0.0
            if (early_s := due - time.time()) > 0:
                await asyncio.sleep(early_s)
                due = time.time()
            message = write(number, numbers.kind(number))
            sending.at[number] = due or time.time()
            while (status := await post(message)) not in TAKEN:
                sending.refused[status] += 1
                await asyncio.sleep(AGAIN_S)

    await asyncio.gather(*map(device, posts))
    return sending
