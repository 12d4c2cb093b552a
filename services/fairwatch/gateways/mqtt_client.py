"""aiomqtt's client with the two things that at-least-once needs: late acknowledgement and a bound on what is queued."""

from typing import Any

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTMessage


class LateAckClient(aiomqtt.Client):
    """A client whose messages are acknowledged when its owner says so.

    Args:
        hostname: Broker.
        port: Its port.
        limit: Messages received but not yet taken; beyond, messages are left out and `overflowed` is set: close the
            connection, and the broker sends the unacknowledged ones again.
        options: More arguments of aiomqtt.Client.
    """

    def __init__(self, hostname: str, port: int, *, limit: int, **options: Any) -> None:
        super().__init__(hostname, port, **options)
        self._client.manual_ack_set(on=True)
        self._limit = limit
        self.overflowed = False
        self.left_out = 0

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that the message is safe; nothing happens for QoS 0."""
        self._client.ack(message.mid, message.qos)

    def _on_message(self, client: PahoClient, userdata: Any, message: MQTTMessage) -> None:
        if self._queue.qsize() < self._limit:
            super()._on_message(client, userdata, message)
            return
        self.overflowed = True
        self.left_out += message.qos == 0
