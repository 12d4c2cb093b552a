"""aiomqtt's client with the two things that at-least-once needs: late acknowledgement and a bound on what is held."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTMessage

OVERHEAD = 1024  # of a message in memory, besides its payload


@dataclass(slots=True)
class Held:
    """Bytes of messages that are received and not yet handled, and how many may be."""

    limit: int
    size: int = 0
    nothing: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, payload: bytes | bytearray) -> bool:
        """Hold more, if there is room; anything goes where nothing is held, or a large one could never pass."""
        more = len(payload) + OVERHEAD
        if self.size and self.size + more > self.limit:
            return False
        self.size += more
        self.nothing.clear()
        return True

    def give(self, payload: bytes) -> None:
        """Hold less."""
        self.size -= len(payload) + OVERHEAD
        if not self.size:
            self.nothing.set()


class LateAckClient(aiomqtt.Client):
    """A client whose messages are acknowledged when its owner says so.

    Args:
        hostname: Broker.
        port: Its port.
        held: What this client and earlier ones hold; what there is no room for is left out.
        options: More arguments of aiomqtt.Client.

    Attributes:
        left_out: How many were lost that cannot be sent again (QoS 0).
    """

    def __init__(self, hostname: str, port: int, *, held: Held, **options: Any) -> None:
        super().__init__(hostname, port, **options)
        self._client.manual_ack_set(on=True)
        self._held = held
        self._overflowed = asyncio.Event()
        self.left_out = 0

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that the message is safe; nothing happens for QoS 0."""
        self._client.ack(message.mid, message.qos)

    async def room_again(self) -> None:
        """Return when messages were left out that the broker has kept, and there is room for them.

        It sends them on the next connection, in order: so nothing else that it would send again is taken meanwhile.
        """
        await self._overflowed.wait()
        await self._held.nothing.wait()

    def _on_message(self, client: PahoClient, userdata: Any, message: MQTTMessage) -> None:
        kept_back = message.qos > 0 and self._overflowed.is_set()
        if not kept_back and self._held.take(message.payload):
            super()._on_message(client, userdata, message)
        elif message.qos == 0:
            self.left_out += 1
        else:
            self._overflowed.set()

    def forget(self) -> int:
        """Let go of what was not taken before the connection ended; return how many cannot be sent again."""
        lost = 0
        while not self._queue.empty():
            message = self._queue.get_nowait()
            self._held.give(message.payload)
            lost += message.qos == 0
        return lost
