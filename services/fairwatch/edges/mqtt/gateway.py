"""MQTT subscriber (Frigate, ONVIF over MQTT): a message is acknowledged after Kafka has acknowledged it.

The session is persistent, so the broker sends again what was not acknowledged. While Kafka is away a message is tried
again here, the window fills, and the broker holds the rest. Messages sent with QoS 0 (Frigate's default) cannot be
sent again: those that are lost are counted.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote, urlsplit

import aiomqtt
import structlog

from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.domain.tasks import end_if_cancelled, ended
from fairwatch.edges.device_index import Devices
from fairwatch.edges.intake import Arrival, Intake
from fairwatch.edges.mqtt.client import Held, LateAckClient
from fairwatch.edges.mqtt.order import Queues
from fairwatch.telemetry import metrics

FIRST_DELAY_S = 0.2
MAX_DELAY_S = 30.0  # between connections to the MQTT broker
STORE_DELAY_S = 2.0  # the longest between two tries to store a message: how late we notice that Kafka is back
QOS = 1
FILTERS = 100  # of one SUBSCRIBE: brokers bound its length

Pending = asyncio.Queue[tuple[aiomqtt.Message, asyncio.Task[None]]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MqttAddress:
    """Where the broker is and how to sign in: `mqtt[s]://user:password@host:port`."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None

    @classmethod
    def parse(cls, url: str) -> "MqttAddress":
        """Return the parts of a URL; ConfigurationError when it is not one (the password is never shown)."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ConfigurationError("FAIRWATCH_MQTT_URL: must look like mqtt://user:password@host:1883 or mqtts://…")
        secure = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=parts.port or (8883 if secure else 1883),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=ssl.create_default_context() if secure else None,
        )


class MqttGateway:
    """Hands messages of bound topics to the intake.

    Args:
        address: Broker.
        client_id: Name of the persistent session; must stay the same over restarts and differ between replicas.
        devices: Whose topics to subscribe to.
        intake: Where messages go.
        window: Messages that may be on their way to Kafka at a time.
        held_bytes: Of all messages that are not on Kafka yet; the broker keeps the rest.
    """

    def __init__(
        self,
        address: MqttAddress,
        client_id: str,
        devices: Devices,
        intake: Intake,
        *,
        window: int = 100,
        held_bytes: int = 24 << 20,
    ) -> None:
        self._address, self._client_id, self._devices, self._intake = address, client_id, devices, intake
        self._window = asyncio.Semaphore(window)
        self._held = Held(held_bytes)
        metrics.GATEWAY_HELD.labels("mqtt").set_function(lambda: self._held.size)
        self._deliveries: dict[asyncio.Task[None], int] = {}
        self._queues = Queues()
        self.connected = asyncio.Event()

    async def run(self, stop: asyncio.Event, drain_s: float = 10) -> None:
        """Subscribe and deliver until `stop` is set, connecting again with growing pauses."""
        delay = FIRST_DELAY_S
        while not stop.is_set():
            try:
                async with self._session() as client:
                    _log.info("connected to the MQTT broker", topics=len(self._devices.topics))
                    delay = FIRST_DELAY_S
                    await self._until_stop_or_loss(client, stop, drain_s)
            except aiomqtt.MqttError as error:
                metrics.GATEWAY_RECONNECTS.labels("mqtt").inc()
                _log.warning("no connection to the MQTT broker", error=str(error), retry_in_s=delay)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), delay)
                delay = min(delay * 2, MAX_DELAY_S)
        await self._let_go()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[LateAckClient]:
        address = self._address
        client = LateAckClient(
            address.host,
            address.port,
            held=self._held,
            username=address.username,
            password=address.password,
            tls_context=address.tls,
            identifier=self._client_id,
            clean_session=False,
        )
        try:
            async with client:
                yield client
        finally:
            self.connected.clear()
            metrics.GATEWAY_SESSIONS.labels("mqtt").set(0)
            metrics.DROPPED.labels("mqtt", "overflow").inc(client.left_out)
            metrics.DROPPED.labels("mqtt", "disconnected").inc(client.forget())

    async def _until_stop_or_loss(self, client: LateAckClient, stop: asyncio.Event, drain_s: float) -> None:
        pending: Pending = asyncio.Queue()
        # Receiving starts first: a broker may send what it kept for the session before it answers SUBSCRIBE.
        receiving = asyncio.create_task(self._receive(client, pending))
        acknowledging = asyncio.create_task(_acknowledge(client, pending))
        stopping = asyncio.create_task(stop.wait())
        relieved = asyncio.create_task(client.room_again())
        subscribing = asyncio.create_task(self._subscribe(client))
        ends = (receiving, stopping, relieved)
        try:
            # A broker may answer SUBSCRIBE only after it has sent what it kept; the ends do not wait for that.
            await asyncio.wait((subscribing, *ends), return_when=asyncio.FIRST_COMPLETED)
            if subscribing.done():
                subscribing.result()
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                receiving.cancel()
                with suppress(TimeoutError):
                    await asyncio.wait_for(pending.join(), drain_s)
            elif receiving.done():
                receiving.result()
            else:
                await pending.join()
                _log.info("connecting again for the messages that the MQTT broker kept")
        finally:
            tasks = (*ends, acknowledging, subscribing)
            await ended(tasks)
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _subscribe(self, client: LateAckClient) -> None:
        """Subscribe to what the devices send, and follow as they change."""
        held: set[str] = set()
        while True:
            change = self._devices.change()
            wanted = set(self._devices.topics)
            for topics in _batches(sorted(wanted - held)):
                await client.subscribe([(topic, QOS) for topic in topics])
            for topics in _batches(sorted(held - wanted)):
                await client.unsubscribe(topics)
            end_if_cancelled()
            held = wanted
            self.connected.set()
            metrics.GATEWAY_SESSIONS.labels("mqtt").set(1)
            await change.wait()

    async def _receive(self, client: LateAckClient, pending: Pending) -> None:
        async for message in client.messages:
            await self._window.acquire()
            task = asyncio.create_task(self._deliver(message))
            self._deliveries[task] = message.qos
            task.add_done_callback(partial(self._delivered, bytes(message.payload)))
            pending.put_nowait((message, task))

    def _delivered(self, payload: bytes, task: asyncio.Task[None]) -> None:
        self._held.give(payload)
        self._queues.left(task)
        del self._deliveries[task]
        self._window.release()

    async def _deliver(self, message: aiomqtt.Message) -> None:
        """Return once the message is on Kafka, or nothing can be done with it."""
        topic = message.topic.value
        device = self._devices.by_topic(topic)
        if device is None or not device.enabled:  # left over from subscriptions of an earlier configuration
            metrics.DROPPED.labels("mqtt", "unknown_device").inc()
            return
        body = bytes(message.payload)
        if message.qos == 0:
            metrics.GATEWAY_UNREPEATABLE.labels("mqtt").inc()
        headers = {"mqtt-retained": str(bool(message.retain)).lower(), "mqtt-qos": str(message.qos)}
        if not body:
            headers["mqtt-empty"] = "true"  # on a retained topic: the state no longer exists
        arrival = Arrival(
            "mqtt", device.device_id, body, format=device.format, path=topic, headers=headers, transport="mqtt"
        )
        await self._store(arrival)

    async def _store(self, arrival: Arrival) -> None:
        """Try until it is stored; none overtakes a message of its device that has to be tried again.

        The pause after a failure runs while those before it are stored: otherwise a hundred messages of one device
        would each wait for theirs, one after the other, when Kafka is back.
        """
        turn = self._queues.join(arrival.device_id)
        await turn.unless_free()
        delay = FIRST_DELAY_S
        now = asyncio.get_running_loop().time
        while True:
            try:
                await self._intake.accept(arrival)
            except RetryableError as error:
                again_at = now() + delay
                if delay == FIRST_DELAY_S:
                    _log.warning("message not stored yet", topic=arrival.path, error=str(error))
                await turn.come()
                await asyncio.sleep(again_at - now())
                delay = min(delay * 2, STORE_DELAY_S)
            except Exception:  # noqa: BLE001 - one message must not stop the others; logged and counted
                _log.exception("message cannot be stored", topic=arrival.path)
                metrics.DROPPED.labels("mqtt", "internal").inc()
                return
            else:
                return

    async def _let_go(self) -> None:
        """End deliveries that outlived the drain; the broker still has those of QoS 1."""
        left = dict(self._deliveries)
        for task, qos in left.items():
            if qos == 0 and not task.done():
                metrics.DROPPED.labels("mqtt", "shutdown").inc()
        await ended(left)
        await asyncio.gather(*left, return_exceptions=True)


def _batches(topics: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(topics), FILTERS):
        yield topics[begin : begin + FILTERS]


async def _acknowledge(client: LateAckClient, pending: Pending) -> None:
    """Acknowledge in the order of arrival, as MQTT 3.1.1 section 4.6 demands."""
    while True:
        message, task = await pending.get()
        await asyncio.shield(task)
        client.acknowledge(message)
        pending.task_done()
