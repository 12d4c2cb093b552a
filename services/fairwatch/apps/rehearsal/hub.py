"""What rules decide: route, correlate, group and notify in one process, on a clock moved by hand."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fairwatch.apps.rehearsal.memory import MemoryReference, MemoryState
from fairwatch.apps.rehearsal.receivers import Message, ScriptedSink, Trouble
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome
from fairwatch.domain.ports import Reference
from fairwatch.domain.records import AlertDeed, AlertOutcome
from fairwatch.matching.recheck import Recheck
from fairwatch.policy import arming as arming_policy
from fairwatch.policy.deeds import make
from fairwatch.policy.escalations import NONE, Escalations
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.correlate import Correlate
from fairwatch.processors.group import Group
from fairwatch.processors.incident import Incident
from fairwatch.processors.notify import Notify
from fairwatch.processors.route import Route
from fairwatch.sinks.receivers import Receiver
from fairwatch.wire.avro import Codec

PARTITION = 0
TICK = 500_000  # microseconds: what a tick has left due waits for the next one, as it does in a worker


class _Granted(Recheck):
    """Rules are rehearsed as though everything that is found were authorised."""

    def __init__(self) -> None: ...

    def of_alert(self, alert: Mapping[str, Any], now: int) -> None:
        """Let every alert go."""


class Rehearsal:
    """A hub without Kafka; what its receivers were told is in `messages`.

    Args:
        tree: The rules.
        start: When it begins, in microseconds.
        sites: By id, for the time zones of verdicts.
        receivers: Options by name; one that rules name and that is not here takes everything.
        troubles: How receivers answer, by name.
        quiet: How long who may silence.
        escalations: Who is told when nobody answers.

    Attributes:
        silences, devices: By id; to be put while it goes on.
        incidents: The newest revision of each, by id.
    """

    def __init__(
        self,
        tree: RouteTree,
        start: int,
        *,
        sites: Reference | None = None,
        receivers: Mapping[str, Mapping[str, Any]] | None = None,
        troubles: Mapping[str, Sequence[Trouble]] | None = None,
        quiet: Quiet | None = None,
        escalations: Escalations = NONE,
    ) -> None:
        self.silences = MemoryReference()
        self.inhibitions, self.devices, self._armings = MemoryReference(), MemoryReference(), MemoryReference()
        self._quiet = quiet or Quiet()
        self.clock = ManualClock(start)
        self.messages: list[Message] = []
        self.alerts: list[dict[str, Any]] = []
        self.incidents: dict[str, dict[str, Any]] = {}
        self._incident_state = MemoryState()
        self.outcomes: list[Outcome] = []
        self._sites = sites or MemoryReference()
        self._offset = 0
        self._group_state, self._notify_state, self._steps_state = MemoryState(), MemoryState(), MemoryState()
        names = {name for rule in tree.rules.values() for name in rule.receivers} | set(receivers or ())
        names |= escalations.receivers()
        self._sinks = {
            name: ScriptedSink(name, self.clock, self.messages, (troubles or {}).get(name, ())) for name in names
        }
        self._receivers = {
            name: Receiver(name, sink, **(receivers or {}).get(name, {})) for name, sink in self._sinks.items()
        }
        self._sets = MemoryReference()
        self._rules = RuleBook(tree, self._sets)
        self._escalations = escalations
        self._build()

    async def show(self, type_: str, *records: Mapping[str, Any]) -> None:
        """Let sightings or verdicts (`Sighting`, `Verdict`) come in now."""
        topic = f"{type_.lower()}s"
        answers = await self._route.handle([self._event(topic, type_, record) for record in records])
        for arming in _records(answers, arming_policy.TOPIC):
            self._armings.put(arming_policy.key_of(arming), arming)
        steps = [self._event("correlation-steps", "Alert", step) for step in _records(answers, "correlation-steps")]
        correlated = await self._correlate.handle(steps)
        await self._raise([*_records(answers, "alert-triggers"), *_records(correlated, "alert-triggers")])
        self.outcomes += [outcome for answer in (*answers, *correlated) for outcome in answer]

    async def answer(self, action: AlertDeed, person: str, outcome: AlertOutcome, text: str) -> None:
        """Let an operator answer the alert that was told last."""
        if not self.alerts:
            return
        told = self.alerts[-1]
        deed = make(told, action, person, "operator", self.clock.now(), outcome=outcome, note=text)
        answers = await self._group.handle([self._event("alert-actions", "AlertAction", deed)])
        self.outcomes += [outcome for answer in answers for outcome in answer]
        await self._tell(_records(answers, "alerts"))

    async def pass_time(self, until: int) -> None:
        """Move the clock, and do what falls due on the way, when it does."""
        rung: int | None = None
        while (due := self._due_at()) is not None:
            due = max(due, self.clock.now())
            if rung == due:  # the last tick left it undone
                due += TICK
            if due > until:
                break
            self.clock.advance(seconds=(due - self.clock.now()) / 1_000_000)
            rung = due
            await self._tick()
        self.clock.advance(seconds=max(0, until - self.clock.now()) / 1_000_000)

    async def set_armed(self, site_id: str, *, armed: bool, by: str) -> None:
        """Let somebody arm or disarm a site."""
        before, now = self._armings.get(site_id), self.clock.now()
        self._armings.put(
            site_id, arming_policy.changed(before, site_id, armed=armed, at=now, by=by, way="PERSON", reason="test")
        )
        await self._tick()

    async def look_again(self) -> None:
        """Let the processors see now what was silenced."""
        await self._tick()

    async def restart(self) -> None:
        """Let the processors die, and start again from what they had saved."""
        self._build()
        await self._tick()

    def publish_rules(self, text: str) -> None:
        """Go on with other rules, as they are published; empty for those of the beginning."""
        number = 1 + len(self._sets.records)
        self._sets.put(str(number), {"rule_set_id": str(number), "number": number, "routes": text})

    def _build(self) -> None:
        self._route = Route(self._rules, self._sites, site_armings=self._armings)
        self._correlate = Correlate(self._rules, self._steps_state, self.clock)
        self._incident = Incident(self._rules, self._incident_state, self.clock)
        self._group = Group(
            self._rules,
            self._group_state,
            self.clock,
            self.inhibitions,
            self._quiet,
            sites=self._sites,
            devices=self.devices,
            escalations=self._escalations,
            site_armings=self._armings,
            silences=self.silences,
        )
        self._notify = Notify(
            self._receivers,
            self._notify_state,
            self.clock,
            Codec(),
            _Granted(),
            self.silences,
            self.inhibitions,
            self.devices,
            self._quiet,
            self._rules,
            self._sites,
            self._armings,
        )

    def _due_at(self) -> int | None:
        scheduled = (self._correlate, self._group, self._notify, self._incident)
        answers = [at for sink in self._sinks.values() for at in sink.answers_at.values()]
        found = [at for at in (*(each.due_at() for each in scheduled), *answers) if at is not None]
        return min(found, default=None)

    async def _tick(self) -> None:
        for sink in self._sinks.values():
            sink.answer()
        await _settle()
        if correlated := _written(await self._correlate.tick([PARTITION]), "alert-triggers"):
            await self._raise(correlated)
        emitted = await self._group.tick([PARTITION])
        if self._inhibit(emitted):
            emitted = [*emitted, *await self._group.tick([PARTITION])]
        await self._step_in(emitted)
        self._note(await self._incident.tick([PARTITION]))
        await self._tell(_written(emitted, "alerts"))
        await self._heed(await self._notify.tick([PARTITION]))
        await _settle()

    async def _raise(self, triggers: Sequence[Mapping[str, Any]]) -> None:
        answers = await self._group.handle([self._event("alert-triggers", "Alert", each) for each in triggers])
        said = [outcome for answer in answers for outcome in answer]
        self.outcomes += said
        await self._step_in(said)
        changed = self._inhibit(said)
        await self._tell(_written(said, "alerts"))
        if changed:
            await self._tick()

    async def _step_in(self, said: Sequence[Outcome]) -> None:
        """Let incidents hear of what became part of alerts."""
        if steps := _written(said, "incident-steps"):
            answers = await self._incident.handle([self._event("incident-steps", "Alert", each) for each in steps])
            self._note([outcome for answer in answers for outcome in answer])

    def _note(self, said: Sequence[Outcome]) -> None:
        """Remember the newest revision of each incident."""
        for each in said:
            if isinstance(each, Emit) and each.topic == "incidents":
                if each.record is None:
                    self.incidents.pop(each.key, None)
                else:
                    self.incidents[each.key] = each.record

    def _inhibit(self, said: Sequence[Outcome]) -> bool:
        """Take in what alerts inhibit from now on; return whether that changed."""
        changes = [each for each in said if isinstance(each, Emit) and each.topic == "inhibitions"]
        for each in changes:
            if each.record is None:
                self.inhibitions.remove(each.key)
            else:
                self.inhibitions.put(each.key, each.record)
        return bool(changes)

    async def _tell(self, alerts: Sequence[dict[str, Any]]) -> None:
        self.alerts += alerts
        answers = await self._notify.handle([self._event("alerts", "Alert", alert) for alert in alerts])
        await self._heed([outcome for answer in answers for outcome in answer])
        await _settle()

    async def _heed(self, said: Sequence[Outcome]) -> None:
        """Let groups hear of whom the receivers' answers say that they are not reached."""
        self.outcomes += said
        if missed := _written(said, "step-failures"):
            events = [Event("step-failures", "Delivery", one, one["group"], partition=PARTITION) for one in missed]
            await self._group.handle(events)

    def _event(self, topic: str, type_: str, record: Mapping[str, Any]) -> Event:
        self._offset += 1
        return Event(topic, type_, dict(record), partition=PARTITION, offset=self._offset)


async def _settle() -> None:
    """Let the tasks get on that send and answer, as far as they can without time."""
    for _ in range(4):
        await asyncio.sleep(0)


def _records(answers: Iterable[Iterable[Outcome]], topic: str) -> list[dict[str, Any]]:
    return _written((outcome for answer in answers for outcome in answer), topic)


def _written(outcomes: Iterable[Outcome], topic: str) -> list[dict[str, Any]]:
    return [each.record for each in outcomes if isinstance(each, Emit) and each.topic == topic]
