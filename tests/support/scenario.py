"""Plays what devices send, at given times, through normalize, enrich, route, group and notify on one clock.

A scenario is JSON: `devices` and `sites` as on their topics, `routes` as in routes.yaml, `steps` ({at, device, body,
gateway, path, headers, format}), and `until`, up to which time passes. Receivers answer 204.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml
from obstore.store import MemoryStore

from fairwatch.domain.calendar import instant
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Outcome
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.processors.enrich import Enrich
from fairwatch.processors.group import Group
from fairwatch.processors.normalize import Normalize
from fairwatch.processors.notify import Notify
from fairwatch.processors.route import Route
from fairwatch.sinks.receivers import Receiver
from fairwatch.stores.media import MediaStore
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import raw_event
from tests.support.timeline import OK

ROOM = "control-room"


@dataclass
class Told:
    """What a receiver was told; `at` is the second of the day, UTC."""

    clock: ManualClock
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    kind: str = "scripted"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]):
        self.messages.append((_text(self.clock.now()), dict(alert)))
        return OK

    async def close(self) -> None:
        pass


class Scenario:
    """One run of a scenario; `sightings`, `told` and `outcomes` hold what came of it."""

    def __init__(self, script: Mapping[str, Any]) -> None:
        self._script = script
        self._clock = ManualClock(_micros(script["steps"][0]["at"]))
        devices, sites = MemoryReference(script["devices"]), MemoryReference(script["sites"])
        tree = RouteTree(Routes.model_validate(yaml.safe_load(script["routes"])))
        told = Told(self._clock)
        self.messages = told.messages
        self.sightings: list[dict[str, Any]] = []
        self.outcomes: list[Outcome] = []
        self._normalize = World(Normalize(devices, MemoryReference(), MediaStore(MemoryStore())), self._clock)
        self._enrich = World(Enrich(devices, sites, MemoryState()), self._clock)
        self._route = World(Route(tree, sites), self._clock)
        self._group = World(Group(tree.rules, MemoryState(), self._clock), self._clock)
        receivers = {ROOM: Receiver(ROOM, told)}
        self._notify = World(Notify(receivers, MemoryState(), self._clock, Codec()), self._clock)

    @property
    def told(self) -> list[tuple[str, str]]:
        """What the receiver heard: (hh:mm:ss, state)."""
        return [(at, alert["state"]) for at, alert in self.messages]

    @property
    def alert_ids(self) -> set[str]:
        """The alerts that it heard of."""
        return {alert["alert_id"] for _, alert in self.messages}

    async def play(self) -> "Scenario":
        """Play all of it."""
        for number, step in enumerate(self._script["steps"]):
            await self._pass_time(_micros(step["at"]))
            await self._send(number, step)
        await self._pass_time(_micros(self._script["until"]))
        return self

    async def _pass_time(self, until: int) -> None:
        while (due := self._group.processor.due_at()) is not None and due <= until:
            self._clock.advance(seconds=max(0, due - self._clock.now()) / 1_000_000)
            await self._tell(emitted([await self._group.tick()], "alerts"))
        self._clock.advance(seconds=(until - self._clock.now()) / 1_000_000)

    async def _send(self, number: int, step: Mapping[str, Any]) -> None:
        options = {name: step[name] for name in ("gateway", "path", "headers", "format") if step.get(name)}
        raw = raw_event(step["body"].encode(), step["device"], received_at=self._clock.now(), **options)
        raw["raw_id"] += f"-{number}"
        seen = emitted(await self._ask(self._normalize, "raw-events", "RawEvent", raw), "observations")
        placed = emitted(await self._ask(self._enrich, "observations", "Observation", *seen), "sightings")
        self.sightings += placed
        raised = emitted(await self._ask(self._route, "sightings", "Sighting", *placed), "alert-triggers")
        await self._tell(emitted(await self._ask(self._group, "alert-triggers", "Alert", *raised), "alerts"))

    async def _tell(self, alerts: list[dict[str, Any]]) -> None:
        await self._ask(self._notify, "alerts", "Alert", *alerts)

    async def _ask(self, world: World, topic: str, type_: str, *records: dict[str, Any]) -> list[list[Outcome]]:
        answers = await world.push(*(world.event(topic, type_, record) for record in records))
        self.outcomes += [outcome for answer in answers for outcome in answer]
        return answers


def _micros(text: str) -> int:
    return instant(datetime.fromisoformat(text))


def _text(at: int) -> str:
    second = at // 1_000_000 % 86_400
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
