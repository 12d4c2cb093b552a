"""The hub without Kafka, without faults and without waiting: the real processors, one after the other, in memory.

What it makes of the events is what the checker has to call right, and what sabotage is done to.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.formats.catalogue import decode
from fairwatch.formats.payload import Payload
from fairwatch.matching.recheck import Recheck
from fairwatch.policy.routing import RouteTree
from fairwatch.processors.audit import Audit
from fairwatch.processors.enrich import Enrich
from fairwatch.processors.group import Group
from fairwatch.processors.match import Match
from fairwatch.processors.notify import Notify
from fairwatch.processors.route import Route
from fairwatch.processors.verify import Verify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.wire.avro import Codec
from tests.chaos import world as worlds
from tests.chaos.desk import answerable, deed, unanswered
from tests.chaos.found import Found, of_records
from tests.chaos.sink import RECEIVERS, Sink
from tests.chaos.verdict import Sent
from tests.chaos.world import WITHDRAWALS, World, anpr, authorisation, crowd_presence, observation, story_record
from tests.support.processor_world import MemoryReference, MemoryState
from tests.support.trust import checked, trust

CONFIG = Path(__file__).parent / "config"
RATE = 80.0
TICK_S = 0.5
TYPES = {
    "sightings": "Sighting", "candidates": "MatchCandidate", "verdicts": "Verdict", "alert-triggers": "Alert",
    "alerts": "Alert", "audit": "AuditRecord",
}  # fmt: skip


@dataclass(slots=True)
class Room:
    """A way out that ends in a `Sink`'s memory."""

    name: str
    sink: Sink
    clock: ManualClock
    kind: str = "webhook"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Take it."""
        self.sink.note(self.name, delivery_id, dict(alert), answered=True, at=self.clock.now() / 1e6)
        return Answer("ok", status=204)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class QuietHub:
    """All processors from `enrich` on.

    Attributes:
        topics: What was written, in order.
    """

    world: World
    clock: ManualClock = field(default_factory=ManualClock)
    topics: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    sink: Sink = field(default_factory=lambda: Sink(""))

    def __post_init__(self) -> None:
        self.answerable = answerable(self.world.events)
        self.references: dict[str, MemoryReference] = defaultdict(MemoryReference)
        for topic, key, record in self.world.reference():
            self.references[topic].put(key, record)
        tree = RouteTree.read(CONFIG / "routes.yaml")
        rooms = {name: Receiver(name, Room(name, self.sink, self.clock)) for name in RECEIVERS}
        self.references["silences"] = MemoryReference()
        known = checked(self.references)
        self.processors: list[Any] = [
            Enrich(known["devices"], known["sites"], MemoryState(), soft_biometrics=False),
            Match(self.clock, MemoryState(), known, None),
            Verify(self.clock, MemoryState(), known, trust(known)),
            Route(tree, known["sites"]),
            Group(tree.rules, MemoryState(), self.clock, answers=trust(known)),
            Notify(rooms, MemoryState(), self.clock, Codec(), Recheck(known), known["silences"]),
            Audit(MemoryState(), self.clock),
        ]

    async def write(self, topic: str, type_: str, key: str, record: dict[str, Any]) -> None:
        """Write a record and let everybody who reads it handle it, and so on."""
        self.topics[topic].append(record)
        event = Event(topic, type_, record, key, partition=0, offset=len(self.topics[topic]))
        for processor in self.processors:
            if topic in processor.spec.reads:
                answers = await processor.handle([event])
                await self._emit([outcome for answer in answers for outcome in answer])

    async def tick(self) -> None:
        """Let those who keep time look at it."""
        for processor in self.processors:
            if processor.spec.tick_s:
                await self._emit(await processor.tick([0]))

    async def _emit(self, outcomes: Sequence[Any]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Emit):
                await self.write(outcome.topic, TYPES.get(outcome.topic, ""), outcome.key, outcome.record)


async def play(world: World, events: int) -> tuple[Sent, Found]:
    """Send events at 80 a second of a clock that nobody waits for; return what was sent and what came of it."""
    clock = ManualClock()
    with patch.object(worlds, "_now", clock.now):  # the world writes the wall clock's time into what it makes
        hub = QuietHub(world, clock)
        sent = Sent(world.events[:events], [], set(), {}, {}, world.stories)
        stories = {story.number: story for story in world.stories}
        for event in sent.events:
            sent.at.append(clock.now() / 1e6)
            for record_type, record in _records(event, stories):
                topic = event.topic if event.act else "observations"
                if topic == "silences":
                    hub.references[topic].put(event.key, record)
                    sent.quiet_at[event.number] = clock.now() / 1e6  # type: ignore[index]
                    await hub.tick()
                    continue
                await hub.write(topic, record_type, event.key, record)
            clock.advance(seconds=1 / RATE)
            if event.number % round(RATE * TICK_S) == 0:
                await hub.tick()
                await _answer(hub, sent)
            await _revoke(hub, sent, events, event.number)
        for _ in range(20):
            clock.advance(seconds=1)
            await hub.tick()
            await _answer(hub, sent)
    found = of_records(hub.topics["sightings"], hub.topics["alerts"], hub.topics["audit-chain"], hub.sink.requests)
    found.shown = {each.alert_id for each in found.alerts}
    return sent, found


def _records(event: worlds.Event, stories: dict[int, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return what reaches the hub's topics; of poison nothing does."""
    if event.poison:
        return []
    if event.act:
        return [story_record(event, stories[event.act.story])]
    if event.step:
        return [("Observation", crowd_presence(event))]
    if not event.raw:
        return [("Observation", observation(event.number, event.device))]
    payload = Payload(
        body=anpr(event), content_type="application/xml", path="", headers={}, device_id=event.device,
        received_at=worlds._now(), time_zone=None, soft_biometrics=False,
    )  # fmt: skip
    read = decode(payload, "hikvision-isapi").records
    return [(name, {**record, "device_id": event.device}) for name, record in read]


async def _revoke(hub: QuietHub, sent: Sent, events: int, position: int) -> None:
    for withdrawal in range(WITHDRAWALS):
        if hub.world.revocation_at(withdrawal, events) == position:
            topic, key, record = authorisation(f"withdrawn-{withdrawal}", "REVOKED")
            hub.references[topic].put(key, record)
            sent.revoked_at[key] = hub.clock.now() / 1e6  # type: ignore[index]


async def _answer(hub: QuietHub, sent: Sent) -> None:
    for answer in unanswered(hub.answerable, hub.sink, sent.answers):
        record = deed(answer, hub.sink, hub.clock.now)
        await hub.write("alert-actions", "AlertAction", record["group"], record)
        sent.answers.setdefault(answer.number, []).append(answer)  # type: ignore[attr-defined]
