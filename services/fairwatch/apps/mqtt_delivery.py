"""At-least-once for the embedded MQTT broker: amqtt alone forgets what is not acknowledged within five seconds.

All that a subscriber is to get with QoS 1 goes through one queue of its session, from the moment it is published until
its PUBACK: first waiting (`retained_messages`), then on its way (`inflight_out`), whoever is connected meanwhile. The
handler of the connection sends from there, in order; it begins with what an earlier connection did not acknowledge.
"""

import asyncio
from typing import Any

from amqtt.broker import Broker
from amqtt.errors import ProtocolHandlerError
from amqtt.mqtt.constants import QOS_0, QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.session import IncomingApplicationMessage, OutgoingApplicationMessage, Session

WINDOW = 1000  # messages on their way to one subscriber; more wait, and have no packet id yet (there are 65,535)


class KeepingHandler(BrokerProtocolHandler):  # type: ignore[misc]  # amqtt has no types
    """One connection of a client."""

    def __init__(self, broker: "KeepingBroker") -> None:
        super().__init__(broker.plugins_manager, loop=asyncio.get_running_loop())
        self._broker = broker
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False

    @property
    def running(self) -> bool:
        """Return whether it sends."""
        return bool(self._tasks) and not self._stopped

    def wake(self) -> None:
        """Tell that there is something to send, or room for it."""
        self._more.set()

    async def start(self) -> None:
        """Begin to read and to send."""
        await super().start()
        if self._stopped:  # the connection ended meanwhile, and amqtt would wait for its end once more
            await self.handle_connection_closed()

    async def stop(self) -> None:
        """End the connection; what is not acknowledged stays in the session."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        if self.writer is not None:
            transport = self.writer._writer.transport  # noqa: SLF001  # amqtt has no other way
            if transport.get_write_buffer_size():  # closing waits for a peer that may not read any more
                transport.abort()
        await super().stop()

    async def mqtt_publish(
        self, topic: str, data: bytes | bytearray, qos: int | None, retain: bool, ack_timeout: int | None = None
    ) -> OutgoingApplicationMessage:
        """Queue a message; nobody waits for its acknowledgement."""
        if qos == QOS_0:
            return await super().mqtt_publish(topic, data, qos, retain, ack_timeout)
        message = OutgoingApplicationMessage(None, topic, QOS_1, data, retain)
        self._broker.keep(self.session, message)
        return message

    async def handle_puback(self, puback: PubackPacket) -> None:
        """Let go of a message."""
        if self.session.inflight_out.pop(puback.variable_header.packet_id, None) is not None:
            self.wake()

    async def _handle_qos0_message_flow(
        self, app_message: IncomingApplicationMessage | OutgoingApplicationMessage
    ) -> None:
        if isinstance(app_message, IncomingApplicationMessage):
            await self._take(app_message)
        else:
            await super()._handle_qos0_message_flow(app_message)

    async def _handle_qos1_message_flow(self, app_message: IncomingApplicationMessage) -> None:
        """Acknowledge what is on its way to the subscribers; amqtt does so before, and forgets it on disconnection."""
        if await self._take(app_message):
            await self._send_packet(PubackPacket.build(app_message.packet_id))

    async def _take(self, message: IncomingApplicationMessage) -> bool:
        taken = asyncio.get_running_loop().create_future()
        taken.set_result(message)
        allowed = await self._broker._handle_message_delivery(self.session, self, taken)  # noqa: SLF001
        if not allowed:
            await self.handle_connection_closed()
        return bool(allowed)

    async def _retry_deliveries(self) -> None:
        """Begin to send; amqtt waits here for all acknowledgements, deaf to the client's other packets."""
        if self._stopped:
            return
        halfway = list(self.session.inflight_in.values())  # QoS 2: received, and not released yet
        self._tasks += [asyncio.create_task(self._handle_message_flow(message)) for message in halfway]
        self._tasks.append(asyncio.create_task(self._send()))

    async def _send(self) -> None:
        session: Session = self.session
        try:
            for message in list(session.inflight_out.values()):
                if message.packet_id in session.inflight_out:
                    await self._transmit(message)
            while True:
                while session.retained_messages.qsize() and len(session.inflight_out) < WINDOW:
                    message = session.retained_messages.get_nowait()
                    message.packet_id = session.next_packet_id
                    session.inflight_out[message.packet_id] = message
                    await self._transmit(message)
                self._more.clear()
                await self._more.wait()
        except ProtocolHandlerError:  # stopped in the middle of a packet
            return
        except Exception:
            self.logger.exception("sending failed")
            await self.handle_connection_closed()

    async def _transmit(self, message: OutgoingApplicationMessage) -> None:
        packet = message.build_publish_packet(dup=message.publish_packet is not None)
        message.publish_packet = packet
        await self._send_packet(packet)


class KeepingBroker(Broker):  # type: ignore[misc]  # amqtt has no types
    """A broker that keeps what a subscriber has not acknowledged, in memory and without a bound."""

    @property
    def bound_port(self) -> int:
        """Return the port it listens on."""
        return int(self._servers["default"].instance.sockets[0].getsockname()[1])

    def keep(self, session: Session, message: OutgoingApplicationMessage) -> None:
        """Queue a message for a subscriber, connected or not."""
        session.retained_messages.put_nowait(message)
        handler = self._get_handler(session)
        if handler is not None:
            handler.wake()

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """Grant QoS 1 where QoS 2 is asked for."""
        topic_filter, qos = subscription
        return int(await super().add_subscription((topic_filter, min(qos, QOS_1)), session))

    async def _handle_client_session(self, reader: Any, writer: Any, client_session: Any, *rest: Any) -> None:
        _, server, listener = rest  # its own handler makes room for ours
        await super()._handle_client_session(reader, writer, client_session, KeepingHandler(self), server, listener)

    async def _handle_disconnect(self, client_session: Session, handler: Any, disconnect_waiter: Any) -> None:
        await super()._handle_disconnect(client_session, handler, disconnect_waiter)
        current = self._get_handler(client_session)
        if current is not None and current.running and not client_session.transitions.is_connected():
            client_session.transitions.connect()  # by another connection, which took the session over

    async def _retain_broadcast_message(self, broadcast: dict[str, Any], _: int, target_session: Session) -> None:
        message = OutgoingApplicationMessage(None, broadcast["topic"], QOS_1, broadcast["data"], retain=False)
        self.keep(target_session, message)

    async def _publish_session_retained_messages(self, session: Session) -> None:
        """Leave it to the handler, which has begun."""
