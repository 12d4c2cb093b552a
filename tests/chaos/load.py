"""Sends the events at a bounded rate, each until it is acknowledged, through every fault of the brokers."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from fairwatch.apps.kafka import codec
from fairwatch.apps.settings import Settings
from fairwatch.wire.avro import Codec
from tests.chaos.doors import Doors
from tests.chaos.oracle import Sent
from tests.chaos.world import WITHDRAWALS, Event, World, authorisation, value_of

ROUND_S = 0.1
ACK_S = 40.0
CATCH_UP = 2.0  # after a stall at most so many times the rate


@dataclass
class Load:
    """Sends numbers in order; each round is acknowledged before the next.

    Attributes:
        doors: Takes what comes by a gateway.
        events: How many are sent at least.
        position: All below are acknowledged.
        sent_at: When each was sent first, seconds since 1970.
        resent: Numbers that were sent again by a new producer: they may be there twice, and out of order.
        poison: Number by SHA-256 of what was sent.
        revoked_at: When the revocation of each authorisation was acknowledged, by its name.
    """

    settings: Settings
    world: World
    rate: float
    events: int
    doors: Doors
    position: int = 0
    sent_at: list[float] = field(default_factory=list)
    poison: dict[str, int] = field(default_factory=dict)
    revoked_at: dict[str, float] = field(default_factory=dict)
    resent: set[int] = field(init=False)
    _end: asyncio.Event = field(default_factory=asyncio.Event)
    _producer: AIOKafkaProducer | None = None

    def __post_init__(self) -> None:
        self.resent = self.doors.resent
        self._stories = {story.number: story for story in self.world.stories}

    def finish(self) -> None:
        """Stop once the wanted number is sent."""
        self._end.set()

    async def run(self) -> None:
        """Send until told to finish, and at least the wanted number, at most the world's limit."""
        encode, due = codec(self.settings), time.monotonic()
        wanted = self.events
        while self.position < self.world.limit and not (self._end.is_set() and self.position >= self.events):
            count = min(max(1, round(self.rate * ROUND_S)), self.world.limit - self.position)
            batch = self.world.events[self.position : self.position + count]
            values = [(event, self._value(event, encode)) for event in batch if event.door == "kafka"]
            self.poison |= {sha256(v).hexdigest(): e.number for e, v in values if e.poison}
            self.sent_at += [time.time()] * count
            for event in batch:
                if event.door != "kafka":
                    self.doors.send(event)
            await self._acknowledged(values)
            self.position += count
            await self._revoke(wanted)
            due = max(due + count / self.rate, time.monotonic() - 5.0 * CATCH_UP)
            await asyncio.sleep(max(count / self.rate / CATCH_UP, due - time.monotonic()))
        await self.doors.finish()
        await self._leave()

    def _value(self, event: Event, encode: Codec) -> bytes:
        return value_of(event, encode, self._stories[event.act.story] if event.act else None)

    def sent(self) -> Sent:
        """Return what was sent so far."""
        world = self.world
        return Sent(
            world.events[: self.position], self.sent_at, self.resent, self.poison, self.revoked_at, world.stories
        )

    async def _acknowledged(self, values: list[tuple[Event, bytes]]) -> None:
        """Send until every value is acknowledged."""
        waiting = [(event.topic, event.key.encode(), value, event.number) for event, value in values]
        while waiting:
            waiting = await self._send(waiting)
            self.resent |= {number for *_, number in waiting}

    async def _send(self, waiting: list[tuple[str, bytes, bytes, int]]) -> list[tuple[str, bytes, bytes, int]]:
        """Send and return what was not acknowledged."""
        futures: list[asyncio.Future[object]] = []
        try:
            async with asyncio.timeout(ACK_S):
                producer = await self._connected()
                for topic, key, value, _ in waiting:
                    futures.append(await producer.send(self.settings.topic_prefix + topic, value, key=key))
                await asyncio.wait(futures)
        except (KafkaError, TimeoutError, OSError):
            await self._leave()
        done = [f.done() and not f.cancelled() and f.exception() is None for f in futures]
        if not all(done):
            await self._leave()
        done += [False] * (len(waiting) - len(done))
        return [item for item, acknowledged in zip(waiting, done, strict=True) if not acknowledged]

    async def _revoke(self, events: int) -> None:
        """Revoke what is due when so many events are wanted; what was acknowledged holds from then on."""
        for withdrawal in range(len(self.revoked_at), WITHDRAWALS):
            name = f"withdrawn-{withdrawal}"
            if self.world.revocation_at(withdrawal, events) > self.position:
                return
            topic, key, record = authorisation(name, "REVOKED")
            value = codec(self.settings).encode("Authorisation", record)
            waiting = [(topic, key.encode(), value, -1)]
            while waiting:
                waiting = await self._send(waiting)
            self.revoked_at[name] = time.time()

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self.settings.kafka_bootstrap, acks="all", enable_idempotence=True,
                request_timeout_ms=round(ACK_S * 1000), metadata_max_age_ms=5000, linger_ms=5,
            )  # fmt: skip
            await self._producer.start()
        return self._producer

    async def _leave(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, TimeoutError, OSError):
                await asyncio.wait_for(producer.stop(), 5)
