"""A producer that sends until the broker has acknowledged, through every fault of the brokers."""

import asyncio
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from fairwatch.apps.settings import Settings
from fairwatch.wire.bonds import BOND, BOUND, Bonds

ACK_S = 40.0
WRITERS = {"candidates": "match"}  # whose records the load makes, since no picture is compared in a run
Value = tuple[str, bytes, bytes, int]  # topic, key, value, number of the event or -1


class Sender:
    """One producer at a time; after a failure a new one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bonds = Bonds(settings.chain_key.get_secret_value().encode())
        self._producer: AIOKafkaProducer | None = None

    async def acknowledged(self, values: list[Value]) -> set[int]:
        """Send until every value is acknowledged; return the numbers that were sent more than once."""
        resent: set[int] = set()
        while values:
            values = await self._send(values)
            resent |= {number for *_, number in values}
        return resent

    async def leave(self) -> None:
        """Close the producer; the next value opens another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, TimeoutError, OSError):
                await asyncio.wait_for(producer.stop(), 5)

    async def _send(self, waiting: list[Value]) -> list[Value]:
        """Send and return what was not acknowledged."""
        futures: list[asyncio.Future[object]] = []
        try:
            async with asyncio.timeout(ACK_S):
                producer = await self._connected()
                for topic, key, value, _ in waiting:
                    name, headers = self._settings.topic_prefix + topic, self._headers(topic, key, value)
                    futures.append(await producer.send(name, value, key=key, headers=headers))
                await asyncio.wait(futures)
        except (KafkaError, TimeoutError, OSError):
            await self.leave()
        done = [f.done() and not f.cancelled() and f.exception() is None for f in futures]
        if not all(done):
            await self.leave()
        done += [False] * (len(waiting) - len(done))
        return [item for item, acknowledged in zip(waiting, done, strict=True) if not acknowledged]

    def _headers(self, topic: str, key: bytes, value: bytes) -> list[tuple[str, bytes]]:
        """Return what proves that a processor wrote a record, where readers ask for it."""
        if topic not in BOUND:
            return []
        return [(BOND, self._bonds.header(WRITERS[topic], topic, key, b"", value))]

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.kafka_bootstrap, acks="all", enable_idempotence=True,
                request_timeout_ms=round(ACK_S * 1000), metadata_max_age_ms=5000, linger_ms=5,
            )  # fmt: skip
            await self._producer.start()
        return self._producer
