"""A small language of time for alerts: what is pushed at which second, what must come out between which two.

timeline = Timeline(rules={...}, sinks={"room": sink})
timeline.push(at(1), trigger(...))
timeline.want("room", between(1, 2), state="NEW", count=1)
await timeline.run()
"""

from dataclasses import dataclass, field
from typing import Any

from fairwatch.domain.clock import ManualClock
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT
from tests.support.watchlist import face_recheck

STEP = 0.5
OK = Answer("ok", status=204)


def at(second: float) -> float:
    return second


def between(first: float, last: float) -> tuple[float, float]:
    return first, last


@dataclass
class ScriptedSink:
    """Answers by script: (from second, to second) -> answer; takes everything else."""

    clock: ManualClock
    script: dict[tuple[float, float], Answer] = field(default_factory=dict)
    taken: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tried: int = 0
    kind: str = "scripted"

    async def send(self, delivery_id, alert):
        self.tried += 1
        self.asked.append(delivery_id)
        now = (self.clock.now() - AT) / 1_000_000
        for (first, last), answer in self.script.items():
            if first <= now < last:
                return answer
        self.taken.append((now, delivery_id, dict(alert)))
        return OK

    async def close(self):
        pass


class Timeline:
    """Group and notify on one clock that moves in half seconds; each ticks at every step."""

    def __init__(self, rules: dict[str, Options], script: dict[tuple[float, float], Answer] | None = None, **receiver):
        self.clock = ManualClock(AT)
        self.sink = ScriptedSink(self.clock, script or {})
        self.rules = rules
        self.receivers = {"control-room": Receiver("control-room", self.sink, **receiver)}
        self.group_state, self.notify_state = MemoryState(), MemoryState()
        self._pushes: list[tuple[float, dict[str, Any]]] = []
        self._wants: list[tuple[tuple[float, float], dict[str, Any]]] = []
        self._crashes: list[float] = []
        self.alerts: list[dict[str, Any]] = []
        self.deliveries: list[dict[str, Any]] = []
        self._start()

    def push(self, second: float, trigger: dict[str, Any]) -> None:
        self._pushes.append((second, trigger))

    def want(self, window: tuple[float, float], **fields: Any) -> None:
        """Expect exactly one arrival with these fields within the window."""
        self._wants.append((window, fields))

    def crash(self, second: float) -> None:
        """Both processors die and start again with the state that was saved."""
        self._crashes.append(second)

    async def run(self, seconds: float) -> None:
        """Play, then check that what arrived is what was wanted, in order, and nothing else."""
        steps = int(seconds / STEP) + 1
        for step in range(steps):
            await self._step(step * STEP)
            self.clock.advance(seconds=STEP)
        arrived = [(second, alert) for second, _, alert in self.sink.taken]
        assert len(arrived) == len(self._wants), [(s, a["state"], a["revision"]) for s, a in arrived]
        for (second, alert), ((first, last), fields) in zip(arrived, self._wants, strict=True):
            assert first <= second <= last, f"{alert['state']} arrived at {second}, wanted between {first} and {last}"
            assert {name: alert[name] for name in fields} == fields

    def _start(self) -> None:
        self._group = World(Group(self.rules, self.group_state, self.clock), self.clock)
        self._notify = World(Notify(self.receivers, self.notify_state, self.clock, Codec(), face_recheck()), self.clock)

    async def _step(self, second: float) -> None:
        if second in self._crashes:
            self._start()
        due = [trigger for when, trigger in self._pushes if second <= when < second + STEP]
        answers = await self._group.push(*(self._group.event("alert-triggers", "Alert", one) for one in due))
        ticked = await self._group.tick()
        alerts = emitted([*answers, ticked], "alerts")
        self.alerts += alerts
        told = await self._notify.push(*(self._notify.event("alerts", "Alert", alert) for alert in alerts))
        self.deliveries += emitted([*told, await self._notify.tick()], "deliveries")
