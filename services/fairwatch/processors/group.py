"""Folds triggers of one group into one alert with a life: new, updated, ended."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import State
from fairwatch.domain.processor import Spec
from fairwatch.policy.grouping import Life, due_at
from fairwatch.policy.routing import Options
from fairwatch.telemetry.tracing import TRACE

MICROSECOND = timedelta(microseconds=1)


class Group:
    """Keeps one alert for each group.

    A revision is written when a group opens (after `group_wait`), then at most once in each `group_interval`, and at
    once when it ends. It ends when everything that raised it has ended, or after `resolve_after` without a trigger.
    A trigger that was seen before changes nothing, however many came since; nor does the end of what is over.

    Args:
        rules: Options by rule; a rule that is no longer there has the defaults.
        state: One `Life` for each group that is open; and the memory of triggers, and of what is firing.
        clock: The wall clock.
    """

    spec = Spec(name="group", reads=("alert-triggers",), writes=("alerts", "audit"), state=True, tick_s=1.0)

    def __init__(self, rules: Mapping[str, Options], state: State, clock: Clock) -> None:
        self._rules = rules
        self._state = state
        self._groups = Agenda(state, due_at)
        self._looked_through: frozenset[int] = frozenset()
        self._latest = 0
        self._clock = clock

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Fold each trigger and answer with the revisions that are due at once."""
        if not batch:
            return []
        partition, lives = batch[0].partition, dict[str, Life]()
        memory = Memory(self._state, partition, self._clock.now())
        answers = [self._fold(event, lives, memory) for event in batch]
        for key, life in lives.items():
            self._keep(partition, key, life)
        memory.save()
        return answers

    def due_at(self) -> int | None:
        """Return when the next tick has something to do."""
        return self._groups.next_at()

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Write what waited for its time, and end what has been quiet."""
        now, emitted = self._clock.now(), []
        self._set_right(partitions, now)
        memories = {partition: Memory(self._state, partition, now) for partition in partitions}
        for partition, key, value in self._groups.due(partitions, now):
            life = Life.stored(value, memories[partition])
            life.pass_time(now)
            emitted += self._write(life, now)
            self._keep(partition, key, life)
        for memory in memories.values():
            memory.save()
        return emitted

    def _set_right(self, partitions: Sequence[int], now: int) -> None:
        """Take back what a clock that was ahead, here or where the partition was, put off for longer than any wait."""
        turned_back = now < self._latest
        for partition in partitions if turned_back else set(partitions) - self._looked_through:
            for key, value in list(self._groups.items(partition)):
                life = Life(value)
                if life.set_right(now):
                    self._groups.put(partition, key, life.value)
        self._looked_through, self._latest = frozenset(partitions), now

    def _fold(self, event: Event, lives: dict[str, Life], memory: Memory) -> list[Outcome]:
        if event.record is None:
            return [Skip("tombstone")]
        trigger, now = event.record, self._clock.now()
        if memory.repeats(event, trigger["alert_id"], trigger["issued_at"]):
            return [Skip("duplicate")]
        life = lives.get(trigger["group"])
        if life is None:
            stored = self._groups.get(event.partition, trigger["group"])
            life = lives[trigger["group"]] = Life.stored(stored, memory) if stored else Life.unborn()
        options = self._rules.get(trigger["rule"], Options())
        life.set_right(now)
        verdict = life.take(trigger, now, _micros(options), memory)
        if trace := event.headers.get(TRACE):
            life.follow(trace)
        if verdict == "nothing_open":  # nobody was ever told, so there is nothing to end
            return [Skip("nothing_open")]
        return [*self._write(life, now)] or [Skip("grouped")]

    def _keep(self, partition: int, key: str, life: Life) -> None:
        if life.is_over:
            self._groups.delete(partition, key)
        else:
            self._groups.put(partition, key, life.value)

    def _write(self, life: Life, now: int) -> list[Emit]:
        emitted, causes = [], life.causes
        while (alert := life.issue(now)) is not None:
            emitted += [
                Emit("alerts", alert["group"], alert, causes),
                Emit("audit", alert["alert_id"], _audit(alert), causes),
            ]
        return emitted


def _micros(options: Options) -> dict[str, int | None]:
    repeat = options.repeat_interval
    return {
        "group_wait": options.group_wait // MICROSECOND,
        "group_interval": options.group_interval // MICROSECOND,
        "resolve_after": options.resolve_after // MICROSECOND,
        "repeat_interval": None if repeat is None else repeat // MICROSECOND,
    }


def _audit(alert: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "audit_id": stable_id("audit", "alert", alert["alert_id"], alert["revision"], alert["state"]),
        "action": f"alert.{alert['state'].lower()}",
        "actor": "processor:group",
        "at": alert["issued_at"],
        "subject": alert["alert_id"],
        "authorisation_id": alert.get("authorisation_id"),
        "details": {
            "rule": alert["rule"],
            "revision": str(alert["revision"]),
            "count": str(alert["count"]),
            "receivers": ",".join(alert["receivers"]),
        },
    }
