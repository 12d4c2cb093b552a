"""Sends the events at a bounded rate, each until it is acknowledged, and what people answer to what they are told."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256

from fairwatch.apps.kafka import codec
from fairwatch.apps.settings import Settings
from fairwatch.wire.avro import Codec
from tests.chaos import crowds
from tests.chaos.desk import Answer, answerable, deed, unanswered, unheard
from tests.chaos.doors import Doors
from tests.chaos.oracle import Sent
from tests.chaos.sending import Sender
from tests.chaos.sink import Sink
from tests.chaos.world import WITHDRAWALS, Event, World, authorisation, value_of

ROUND_S, LOOK_S = 0.1, 0.5
CATCH_UP = 2.0  # after a stall at most so many times the rate


@dataclass
class Load:
    """Sends numbers in order; each round is acknowledged before the next.

    Attributes:
        doors: Takes what comes by a gateway.
        sink: What people are told.
        events: How many are sent at least.
        position: All below are acknowledged.
        sent_at: When each was sent first, seconds since 1970.
        resent: Numbers that were sent again by a new producer: they may be there twice, and out of order.
        poison: Number by SHA-256 of what was sent.
        revoked_at: When the revocation of each authorisation was acknowledged, by its name.
        quiet_at: When silences and their ends were acknowledged, by number.
        answers: What people did, once it was acknowledged, by number.
    """

    settings: Settings
    world: World
    rate: float
    events: int
    doors: Doors
    sink: Sink
    position: int = 0
    sent_at: list[float] = field(default_factory=list)
    poison: dict[str, int] = field(default_factory=dict)
    revoked_at: dict[str, float] = field(default_factory=dict)
    quiet_at: dict[int, float] = field(default_factory=dict)
    answers: dict[int, list[Answer]] = field(default_factory=dict)
    resent: set[int] = field(init=False)
    _answered_at: dict[int, float] = field(default_factory=dict)
    _end: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.resent = self.doors.resent
        self._stories = {story.number: story for story in self.world.stories}
        self._sender = Sender(self.settings)
        self._answerable = answerable(self.world.events)

    def finish(self) -> None:
        """Stop once the wanted number is sent."""
        self._end.set()

    async def run(self) -> None:
        """Send until told to finish, and at least the wanted number, at most the world's limit."""
        encode, due = codec(self.settings), time.monotonic()
        wanted = self.events
        while self.position < self.world.limit and not self.is_done():
            count = min(max(1, round(self.rate * ROUND_S)), self.world.limit - self.position)
            batch = self.world.events[self.position : self.position + count]
            values = [(event, self._value(event, encode)) for event in batch if event.door == "kafka"]
            self.poison |= {sha256(v).hexdigest(): e.number for e, v in values if e.poison}
            self.sent_at += [time.time()] * count
            for event in batch:
                if event.door != "kafka":
                    self.doors.send(event)
            self.resent |= await self._sender.acknowledged([(e.topic, e.key.encode(), v, e.number) for e, v in values])
            self.quiet_at |= {event.number: time.time() for event in batch if event.topic == "silences"}
            self.position += count
            await self._revoke(wanted)
            due = max(due + count / self.rate, time.monotonic() - 5.0 * CATCH_UP)
            await asyncio.sleep(max(count / self.rate / CATCH_UP, due - time.monotonic()))
        await self.doors.finish()
        await self._sender.leave()

    def is_done(self) -> bool:
        """Tell whether enough was sent; what crowds count is known exactly only after a change."""
        enough = self._end.is_set() and self.position >= self.events
        return enough and not crowds.is_quiet(event.step for event in self.world.events[: self.position] if event.step)

    async def answer(self) -> None:
        """Let people answer what they are told, until cancelled."""
        encode, sender = codec(self.settings), Sender(self.settings)
        try:
            while True:
                found = defaultdict[int, list[Answer]](list)
                again = unheard(self.sink, self.answers, self._answered_at, time.time())
                for each in [*self.unanswered(), *again]:
                    found[each.number].append(each)
                records = [deed(each, self.sink, _now) for some in found.values() for each in some]
                values = [(r["group"].encode(), encode.encode("AlertAction", r)) for r in records]
                await sender.acknowledged([("alert-actions", key, value, -1) for key, value in values])
                self.answers |= found
                self._answered_at |= dict.fromkeys(found, time.time())
                await asyncio.sleep(LOOK_S)
        finally:
            await sender.leave()

    def unanswered(self) -> list[Answer]:
        """Return what people have still to do about what they were told."""
        return unanswered(self._answerable, self.sink, self.answers)

    def _value(self, event: Event, encode: Codec) -> bytes:
        return value_of(event, encode, self._stories[event.act.story] if event.act else None)

    def sent(self) -> Sent:
        """Return what was sent so far."""
        world = self.world
        return Sent(
            world.events[: self.position], self.sent_at, self.resent, self.poison, self.revoked_at, world.stories,
            quiet_at=self.quiet_at, answers=self.answers,
        )  # fmt: skip

    async def _revoke(self, events: int) -> None:
        """Revoke what is due when so many events are wanted; what was acknowledged holds from then on."""
        for withdrawal in range(len(self.revoked_at), WITHDRAWALS):
            name = f"withdrawn-{withdrawal}"
            if self.world.revocation_at(withdrawal, events) > self.position:
                return
            topic, key, record = authorisation(name, "REVOKED")
            value = codec(self.settings).encode("Authorisation", record)
            await self._sender.acknowledged([(topic, key.encode(), value, -1)])
            self.revoked_at[name] = time.time()


def _now() -> int:
    return time.time_ns() // 1000
