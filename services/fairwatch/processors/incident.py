"""Puts alerts that belong together in space and time into one incident; people merge and split them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit, Outcome, Reject, Skip
from fairwatch.domain.ports import Reference, State
from fairwatch.parts import spec_of
from fairwatch.policy.deeds import audit_of
from fairwatch.policy.erasure_receipt import Erased
from fairwatch.policy.incidents import incident as life
from fairwatch.policy.incidents.rules import IncidentRule
from fairwatch.policy.incidents.scene import act, take, take_back, withdraw
from fairwatch.policy.incidents.shelf import Shelf
from fairwatch.policy.incidents.step import APART, Step
from fairwatch.policy.incidents.telling import incident_record
from fairwatch.policy.judge import Judge
from fairwatch.policy.reached import Reached
from fairwatch.policy.rule_book import RuleBook
from fairwatch.telemetry import metrics
from fairwatch.wire.refused_deeds import refused_deed
from fairwatch.wire.refused_records import is_foreign, refused_record
from fairwatch.wire.signed_actions import INCIDENTS, action_refused
from fairwatch.wire.trust import Trust

AHEAD = 60_000_000  # a time that lies further in the future, in microseconds, is nobody's


class Incident:
    """Keeps the incidents of each place.

    An event belongs to the incident that has one near it in time, by when things happened; what lies between two makes
    them one. An incident is open until nothing came for `within` and `lateness`, and known for `keep` after that:
    until then people can merge and split it, and what is revoked or erased leaves it. What was seen before changes
    nothing.

    Args:
        rules: Which hold now. Nothing joins what is open under a rule that is gone.
        state: The incidents, where they are found, and the memory of steps and deeds.
        clock: The wall clock.
        erasures: Receipts: alerts that they name leave their incidents; None for none.
        merges: Says whose deed it is; None where unsigned ones count.
        judge: Says what people may do; the policies of the product by default.
        unread_steps: Says of partitions how many steps lie there unread; None when that is not known.
    """

    spec = spec_of("incident")

    def __init__(
        self,
        rules: RuleBook,
        state: State,
        clock: Clock,
        erasures: Reference | None = None,
        merges: Trust | None = None,
        judge: Judge | None = None,
        unread_steps: Callable[[Sequence[int]], int | None] = lambda _: 0,
    ) -> None:
        self._rules = rules
        self._state = state
        self._clock = clock
        self._erased = Erased(erasures)
        self._gone: dict[int, frozenset[str]] = {}
        self._merges = merges
        self._judge = judge or Judge()
        self._incidents = Agenda(state, lambda value: value.get("due"))
        self._reached = Reached(state, unread_steps)

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Take each step and deed in; an incident is told once for all that a batch says of it."""
        if not batch:
            return []
        partition, now = batch[0].partition, self._clock.now()
        self._begin([partition])
        memory, shelf = Memory(self._state, partition, now), self._shelf(partition, now)
        answers: list[list[Outcome]] = []
        last: dict[str, int] = {}
        for number, event in enumerate(batch):
            answers.append(self._answer(event, shelf, memory, now))
            last.update(dict.fromkeys(shelf.touched(), number))
        for incident in shelf.changed:
            answers[last[incident.id]].append(self._told(incident, now))
        shelf.save()
        memory.save()
        return answers

    def due_at(self) -> int | None:
        """Return when the next tick has something to do."""
        return self._incidents.next_at()

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Close what nothing joins any more, forget what is old, take out what was erased."""
        now, emitted = self._clock.now(), list[Emit]()
        self._begin(partitions)
        known = {partition: self._reached.known_until(partition, now) for partition in partitions}
        for partition, key, value in self._incidents.due(partitions, now):
            if value["state"] != "OPEN" or value["due"] <= known[partition]:
                emitted += self._pass_time(partition, key, now)
        emitted += self._erase(partitions, now)
        metrics.INCIDENTS_KNOWN.set(len(self._incidents))
        return emitted

    def _begin(self, partitions: Sequence[int]) -> None:
        """Reckon with steps that come again and with erasures that did not last."""
        for partition in self._reached.begin(partitions):
            self._gone.pop(partition, None)

    def _pass_time(self, partition: int, key: str, now: int) -> list[Emit]:
        shelf = self._shelf(partition, now)
        incident = shelf.get(key)
        if incident is None:
            return []
        became = incident.pass_time(now)
        if became == "forgotten":
            shelf.drop(incident)
            shelf.save()
            return [Emit("incidents", key, None)]
        if became == "nothing":
            return []
        shelf.put(incident)
        told = [self._told(each, now) for each in shelf.changed]
        shelf.save()
        return told

    def _erase(self, partitions: Sequence[int], now: int) -> list[Emit]:
        """Take out alerts that were erased since the last look."""
        subjects, emitted = self._erased.subjects(), list[Emit]()
        for partition in partitions:
            if self._gone.get(partition) is subjects:
                continue
            shelf = self._shelf(partition, now)
            for subject in sorted(subjects - self._gone.get(partition, frozenset())):
                withdraw(shelf, subject)
            emitted += [self._told(each, now) for each in shelf.changed]
            shelf.save()
            self._gone[partition] = subjects
        return emitted

    def _answer(self, event: Event, shelf: Shelf, memory: Memory, now: int) -> list[Outcome]:
        if event.record is None:
            return [Skip("tombstone")]
        if event.type == "IncidentAction":
            return self._act(event, shelf, memory, now)
        if is_foreign(event):
            return [*refused_record("incident", event, now)]
        try:
            return self._take(event, Step.read(event.record), shelf, memory, now)
        except RejectedError as error:
            return [Reject(error.reason, error.detail, error.field)]

    def _take(self, event: Event, step: Step, shelf: Shelf, memory: Memory, now: int) -> list[Outcome]:
        rule, revoked = self._rule(step.place), step.state == "CANCELLED"
        if (rule is None or rule.name != step.incident_rule) and not revoked:
            return [Skip("no_such_rule")]  # it was there when the step was written
        self._reached.note(event.partition, min(step.known_at, now))
        if step.at - max(now, step.known_at) > AHEAD:
            return [Skip("future")]
        if step.alert_id in self._erased.subjects():
            return [Skip("erased")]
        if memory.repeats(event, step.step_id, step.known_at):
            return [Skip("duplicate")]
        took = take_back(shelf, step) if revoked or rule is None else take(shelf, step, rule, now)
        if took == "opened" and rule is not None:
            metrics.INCIDENTS.labels(rule.name, "opened").inc()
        return [Skip(took)] if took == "nothing_open" else []

    def _act(self, event: Event, shelf: Shelf, memory: Memory, now: int) -> list[Outcome]:
        deed = event.record
        if self._merges is not None and not memory.knows(deed["action_id"]):
            reason = action_refused(INCIDENTS, self._merges, deed, now)
            if reason:
                return [*refused_deed("incident", event, deed["actor"], reason, now, self._merges)]
        if memory.repeats(event, deed["action_id"], deed["at"]):
            return [Skip("duplicate")]
        rule = self._rule(deed["place"])
        allowed, cited = INCIDENTS.decided(self._judge, deed)
        against = act(shelf, deed, rule, now) if allowed else "no_right"
        audited = Emit("audit", deed["incident_id"], _audit(deed, against, cited))
        if against is not None:
            return [audited, Skip(against)]
        if deed["action"] == "SPLIT":
            metrics.INCIDENTS.labels(deed["place"].partition(APART)[0], "split").inc()
        return [audited]

    def _shelf(self, partition: int, now: int) -> Shelf:
        return Shelf(self._incidents, self._state, partition, now)

    def _rule(self, place: str) -> IncidentRule | None:
        return self._rules.tree.incidents.get(place.partition(APART)[0])

    def _told(self, incident: life.Incident, now: int) -> Emit:
        value = incident.value
        record = incident_record(incident, self._rule(value["place"]), now)
        if record["state"] != "OPEN" and value.get("said") != record["state"]:
            metrics.INCIDENTS.labels(value["rule"], record["state"].lower()).inc()
        if (more := record["implausible"] - value.get("odd", 0)) > 0:
            metrics.INCIDENTS.labels(value["rule"], "implausible_transit").inc(more)
        value.update(said=record["state"], odd=record["implausible"])
        return Emit("incidents", incident.id, record)


def _audit(deed: Mapping[str, Any], against: str | None, cited: Mapping[str, str]) -> dict[str, Any]:
    said = {**cited} | {name: str(deed[name]) for name in ("into", "note", "via") if deed.get(name)}
    said |= {"alerts": ",".join(deed["alerts"])} if deed.get("alerts") else {}
    return audit_of("incident", deed, deed["incident_id"], said, against)
