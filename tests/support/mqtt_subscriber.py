"""An MQTT 3.1.1 subscriber by hand: it acknowledges when the test says so, or never, and hangs up in mid-air."""

import asyncio
from dataclasses import dataclass

CONNECT, CONNACK, PUBLISH, SUBACK = 0x10, 0x20, 0x30, 0x90
USERNAME, PASSWORD, QOS_1, DUPLICATE = 0x80, 0x40, 0x02, 0x08


@dataclass(frozen=True, slots=True)
class Message:
    """What came by PUBLISH."""

    packet_id: int
    payload: bytes
    duplicate: bool
    retained: bool


class Subscriber:
    """A connection with a session that stays."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, host, port, client_id, username, password):
        subscriber = cls(*await asyncio.open_connection(host, port))
        body = _text("MQTT") + bytes([4, USERNAME | PASSWORD, 0, 0])
        subscriber._send(CONNECT, body + _text(client_id) + _text(username) + _text(password))
        assert (await subscriber._packet())[0] == CONNACK
        return subscriber

    async def subscribe(self, topic):
        """Ask for QoS 1; only of use before anything is published."""
        self._send(0x82, b"\x00\x01" + _text(topic) + b"\x01")
        assert (await self._packet())[0] == SUBACK

    async def message(self):
        """Return the next message; IncompleteReadError when the broker has hung up."""
        kind, body = await self._packet()
        assert kind & (0xF0 | QOS_1) == PUBLISH | QOS_1
        start = 2 + int.from_bytes(body[:2])
        packet_id = int.from_bytes(body[start : start + 2])
        return Message(packet_id, body[start + 2 :], bool(kind & DUPLICATE), bool(kind & 1))

    def acknowledge(self, message):
        self._send(0x40, message.packet_id.to_bytes(2))

    def publish(self, topic, payload, packet_id):
        """Publish with QoS 1."""
        self._send(PUBLISH | QOS_1, _text(topic) + packet_id.to_bytes(2) + payload)

    async def acknowledged(self):
        """Return the id of the next PUBACK."""
        _, body = await self._packet()
        return int.from_bytes(body)

    def cut(self):
        """Break the connection without a word."""
        self._writer.transport.abort()

    def _send(self, kind, body):
        length, encoded = len(body), bytearray()
        while length > 0x7F:
            encoded.append(length & 0x7F | 0x80)
            length >>= 7
        self._writer.write(bytes([kind, *encoded, length]) + body)

    async def _packet(self):
        kind, length, shift = (await self._reader.readexactly(1))[0], 0, 0
        while True:
            byte = (await self._reader.readexactly(1))[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return kind, await self._reader.readexactly(length)


def _text(value):
    return len(value.encode()).to_bytes(2) + value.encode()
