"""Watches what several events together say: N in T, dwell, A then B, A without B; one key at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit, Outcome, Reject, Skip
from fairwatch.domain.ports import State
from fairwatch.domain.taken_back import LookedThrough
from fairwatch.parts import spec_of
from fairwatch.policy.correlation.pattern import Pattern, Times
from fairwatch.policy.correlation.patterns import PARTS, closed, pattern_of, value_of
from fairwatch.policy.correlation.step import REVOKED, Step
from fairwatch.policy.reached import Reached
from fairwatch.policy.release import is_about_a_match
from fairwatch.policy.rule_book import RuleBook
from fairwatch.telemetry import metrics
from fairwatch.wire.refused_records import is_foreign, refused_record

AHEAD = 60_000_000  # a time that lies further in the future, in microseconds, is nobody's


class Correlate:
    """Turns steps into triggers, which are grouped and told like any other.

    What counts is when things happened. A step counts if it was not on its way for longer than its rule's `lateness`;
    what has to wait for others waits that long, by our clock, and longer while steps lie unread. A step that was seen
    before changes nothing.

    Args:
        rules: Which hold now. What goes on under a rule that is gone is ended at the next tick, under one that asks for
            something else now when it would be looked at next.
        state: The memory of each key that is open; and of steps.
        clock: The wall clock.
        unread: Says of partitions how many steps lie there unread; None when that is not known.
        is_sole: Nobody else ever changes the state, as in a back-test.
    """

    spec = spec_of("correlate")

    def __init__(
        self,
        rules: RuleBook,
        state: State,
        clock: Clock,
        unread: Callable[[Sequence[int]], int | None] = lambda _: 0,
        *,
        is_sole: bool = False,
    ) -> None:
        self._rules = rules
        self._state = state
        self._clock = clock
        self._keys = Agenda(state, lambda value: value.get("due"), is_sole=is_sole)
        self._token: str | None = None
        self._times: dict[str, Times] = {}
        self._reached = Reached(state, unread)
        self._looked_through = LookedThrough(state)

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Take each step in and answer with what it raises at once."""
        if not batch:
            return []
        self._look_at_rules()
        partition, open_keys = batch[0].partition, dict[str, Pattern]()
        self._reached.begin([partition])
        memory = Memory(self._state, partition, self._clock.now())
        answers = [self._answer(event, open_keys, memory) for event in batch]
        for key, pattern in open_keys.items():
            self._keep(partition, key, self._times[_rule_of(key)], pattern)
        memory.save()
        return answers

    def due_at(self) -> int | None:
        """Return when the next tick has something to do."""
        return self._keys.next_at()

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Raise what has waited for long enough, and end what is over."""
        self._look_at_rules()
        now, emitted = self._clock.now(), list[Emit]()
        self._reached.begin(partitions)
        known = {partition: self._reached.known_until(partition, now) for partition in partitions}
        for partition, key, value in self._keys.due(partitions, now):
            if value["due"] <= known[partition]:
                emitted += self._pass_time(partition, key, value, known[partition])
        emitted += self._leave_rules(partitions, known)
        metrics.CORRELATION_KEYS.set(len(self._keys))
        return emitted

    def _look_at_rules(self) -> None:
        if self._rules.token != self._token:
            self._times = {name: Times.of(rule) for name, rule in self._rules.tree.correlations.items()}
            self._token = self._rules.token

    def _answer(self, event: Event, open_keys: dict[str, Pattern], memory: Memory) -> list[Outcome]:
        if event.record is None:
            return [Skip("tombstone")]
        if is_foreign(event) and is_about_a_match(event.record):
            return [*refused_record("correlate", event, self._clock.now())]
        try:
            return self._take(event, Step.read(event.record), open_keys, memory)
        except RejectedError as error:
            return [Reject(error.reason, error.detail, error.field)]

    def _take(self, event: Event, step: Step, open_keys: dict[str, Pattern], memory: Memory) -> list[Outcome]:
        partition, key = event.partition, step.record["group"]
        times = self._times.get(step.record["rule"])
        if times is None or times.rule != _rule_of(key) or step.part not in PARTS[times.kind]:
            return [Skip("no_such_rule")]  # it was another one when the step was written
        self._reached.note(partition, step.known_at)
        if (reason := _untimely(step, times)) is not None:
            return [Skip(reason)]
        if memory.repeats(event, step.step_id, step.known_at):
            return [Skip("duplicate")]
        ends: list[dict[str, Any]] = []
        if key not in open_keys:
            value = self._keys.get(partition, key)
            if value is not None and value["kind"] != times.kind:
                ends = closed(value, step.known_at)
            open_keys[key] = pattern_of(times, value)
        said, reason = open_keys[key].take(step)
        return [*_emits([*ends, *said])] or [Skip(reason)]

    def _pass_time(self, partition: int, key: str, value: Mapping[str, Any], until: int) -> list[Emit]:
        times = self._times.get(value["rule"])
        if times is None or times.kind != value["kind"]:
            self._keys.delete(partition, key)
            return _emits(closed(value, until))
        pattern = pattern_of(times, value)
        said = pattern.pass_time(until)
        self._keep(partition, key, times, pattern)
        return _emits(said)

    def _leave_rules(self, partitions: Sequence[int], known: Mapping[int, int]) -> list[Emit]:
        """End what goes on under rules that are gone: nobody would tell of its end, which may be a day away."""
        emitted: list[Emit] = []
        for partition in self._looked_through.changed(partitions, self._rules.token):
            for key in self._keys.keys(partition, ""):
                if _rule_of(key) in self._times or (value := self._keys.get(partition, key)) is None:
                    continue
                emitted += self._pass_time(partition, key, value, known[partition])
        return emitted

    def _keep(self, partition: int, key: str, times: Times, pattern: Pattern) -> None:
        value = value_of(times, pattern)
        if value is None:
            self._keys.delete(partition, key)
        else:
            self._keys.put(partition, key, value)


def _rule_of(key: str) -> str:
    return key.partition("|")[0]


def _untimely(step: Step, times: Times) -> str | None:
    """Return why a step does not count; that a match is none may be known at any time."""
    if step.part == REVOKED:
        return None
    if step.known_at - step.latest > times.lateness:
        return "late"
    return "future" if step.earliest - step.known_at > AHEAD else None


def _emits(triggers: Sequence[dict[str, Any]]) -> list[Emit]:
    for trigger in triggers:
        metrics.CORRELATED.labels(trigger["rule"], trigger["state"]).inc()
    return [Emit("alert-triggers", trigger["group"], trigger) for trigger in triggers]
