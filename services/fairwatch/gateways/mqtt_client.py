"""aiomqtt's client with the two things that at-least-once needs: late acknowledgement and bounds on what is held."""

from dataclasses import dataclass
from typing import Any

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTMessage


@dataclass(slots=True)
class Held:
    """Bytes that are held, and how many may be."""

    limit: int
    bytes: int = 0

    def take(self, size: int) -> bool:
        """Hold more, if there is room; anything goes where nothing is held, or a large one could never pass."""
        if self.bytes and self.bytes + size > self.limit:
            return False
        self.bytes += size
        return True

    def give(self, size: int) -> None:
        """Hold less."""
        self.bytes -= size


class LateAckClient(aiomqtt.Client):
    """A client whose messages are acknowledged when its owner says so.

    Args:
        hostname: Broker.
        port: Its port.
        limit: Messages received but not yet taken; beyond, messages are left out.
        held: Bytes of messages that are received and not yet handled, of this client and earlier ones; beyond its
            limit, likewise.
        options: More arguments of aiomqtt.Client.

    Attributes:
        overflowed: One that can be sent again was left out: close the connection, and the broker sends it again.
        left_out: How many were lost that cannot be sent again (QoS 0).
    """

    def __init__(self, hostname: str, port: int, *, limit: int, held: Held, **options: Any) -> None:
        super().__init__(hostname, port, **options)
        self._client.manual_ack_set(on=True)
        self._limit = limit
        self._held = held
        self.overflowed = False
        self.left_out = 0

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that the message is safe; nothing happens for QoS 0."""
        self._client.ack(message.mid, message.qos)

    def _on_message(self, client: PahoClient, userdata: Any, message: MQTTMessage) -> None:
        size = len(message.payload)
        if self._queue.qsize() < self._limit and self._held.take(size):
            super()._on_message(client, userdata, message)
        elif message.qos == 0:
            self.left_out += 1
        else:
            self.overflowed = True

    def forget(self) -> int:
        """Let go of what was not taken before the connection ended; return how many cannot be sent again."""
        lost = 0
        while not self._queue.empty():
            message = self._queue.get_nowait()
            self._held.give(len(message.payload))
            lost += message.qos == 0
        return lost
