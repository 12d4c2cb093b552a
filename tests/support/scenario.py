"""Plays what devices send, at given times, through normalize, enrich and the rehearsal of route, group and notify.

A scenario is JSON: `devices` and `sites` as on their topics, `routes` as in routes.yaml, `steps` ({at, device, body,
gateway, path, headers, format}; or {at, silence: record}, {at, expire: id}), `quiet` as in quiet.yaml, and `until`, up
to which time passes. Receivers answer 204.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import yaml
from obstore.store import MemoryStore

from fairwatch.apps.rehearsal.hub import Rehearsal
from fairwatch.domain.calendar import instant
from fairwatch.domain.outcome import Emit, Outcome
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.processors.enrich import Enrich
from fairwatch.processors.normalize import Normalize
from fairwatch.stores.media import MediaStore
from tests.support.processor_world import MemoryReference, MemoryState, World, assert_valid, emitted
from tests.support.records import raw_event


class Scenario:
    """One run of a scenario; `sightings`, `told` and `outcomes` hold what came of it."""

    def __init__(self, script: Mapping[str, Any]) -> None:
        self._script = script
        devices, sites = MemoryReference(script["devices"]), MemoryReference(script["sites"])
        tree = RouteTree(Routes.model_validate(yaml.safe_load(script["routes"])))
        quiet = Quiet.model_validate(script.get("quiet", {}))
        self._hub = Rehearsal(tree, _micros(script["steps"][0]["at"]), sites=sites, quiet=quiet)
        for name, device in script["devices"].items():
            self._hub.devices.put(name, device)
        clock = self._hub.clock
        self.sightings: list[dict[str, Any]] = []
        self.outcomes: list[Outcome] = []
        self._normalize = World(Normalize(devices, MemoryReference(), MediaStore(MemoryStore())), clock)
        self._enrich = World(Enrich(devices, sites, MemoryState()), clock)

    def disable(self, device_id: str) -> None:
        """Let alerts take a device for disabled; what it sends still comes in."""
        self._hub.devices.put(device_id, {**self._hub.devices.get(device_id), "enabled": False})

    @property
    def messages(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What the receiver was told: (hh:mm:ss, alert)."""
        return [(_text(message.at), message.alert) for message in self._hub.messages]

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
            await self._hub.pass_time(_micros(step["at"]))
            await self._do(number, step)
        await self._hub.pass_time(_micros(self._script["until"]))
        self.outcomes += self._hub.outcomes
        for record in [outcome.record for outcome in self._hub.outcomes if isinstance(outcome, Emit)]:
            if record is not None:
                assert_valid(record)
        return self

    async def _do(self, number: int, step: Mapping[str, Any]) -> None:
        silences = self._hub.silences
        if "silence" in step:
            silences.put(step["silence"]["silence_id"], step["silence"])
        elif "expire" in step:
            silences.put(step["expire"], {**silences.get(step["expire"]), "expires_at": self._hub.clock.now()})
        else:
            await self._send(number, step)
        await self._hub.look_again()

    async def _send(self, number: int, step: Mapping[str, Any]) -> None:
        options = {name: step[name] for name in ("gateway", "path", "headers", "format") if step.get(name)}
        raw = raw_event(step["body"].encode(), step["device"], received_at=self._hub.clock.now(), **options)
        raw["raw_id"] += f"-{number}"
        seen = emitted(await self._ask(self._normalize, "raw-events", "RawEvent", raw), "observations")
        placed = emitted(await self._ask(self._enrich, "observations", "Observation", *seen), "sightings")
        self.sightings += placed
        await self._hub.show("Sighting", *placed)

    async def _ask(self, world: World, topic: str, type_: str, *records: dict[str, Any]) -> list[list[Outcome]]:
        answers = await world.push(*(world.event(topic, type_, record) for record in records))
        self.outcomes += [outcome for answer in answers for outcome in answer]
        return answers


def _micros(text: str) -> int:
    return instant(datetime.fromisoformat(text))


def _text(at: int) -> str:
    second = at // 1_000_000 % 86_400
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
