"""Folds triggers of one group into one alert with a life: new, updated, ended."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from fairwatch.domain.agenda import BESIDE, Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.event import Event
from fairwatch.domain.memory import HIDDEN, BriefMemory, Memory
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.records import AlertAction
from fairwatch.domain.taken_back import LookedThrough, Untold
from fairwatch.parts import spec_of
from fairwatch.policy import alert_audit, escalating
from fairwatch.policy.absence import WATCH, Armed, Watches, is_last_sign
from fairwatch.policy.arming import ArmedSites
from fairwatch.policy.causes import OBJECT, CauseBook
from fairwatch.policy.dependencies import Dependencies
from fairwatch.policy.erasure_receipt import Erased
from fairwatch.policy.escalations import NONE, Escalations
from fairwatch.policy.group_due import due_at
from fairwatch.policy.group_history import HISTORY, forget, is_told
from fairwatch.policy.grouping import AlertGroup, Timing
from fairwatch.policy.incidents.rules import IncidentRule
from fairwatch.policy.incidents.step import steps_of, steps_of_told
from fairwatch.policy.judge import Judge
from fairwatch.policy.mute_times import MuteTimes
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.release import is_about_a_match
from fairwatch.policy.rule_book import RuleBook
from fairwatch.policy.rule_options import Options, micros
from fairwatch.sinks.muting import Muting
from fairwatch.telemetry import metrics
from fairwatch.telemetry.tracing import TRACE
from fairwatch.wire.refused_deeds import refused_deed
from fairwatch.wire.refused_records import foreign_told, is_foreign, refused_record
from fairwatch.wire.signed_actions import ALERTS, action_refused
from fairwatch.wire.trust import Trust, Unauthentic

AT_HAND = 100  # groups of a batch that are held decoded: thousands are more than a core's cache, and a third slower
GOES_ON, GROUPED = Skip("goes_on"), Skip("grouped")


class Group:
    """Keeps one alert for each group.

    A revision is written when a group opens (after `group_wait`), then at most once in each `group_interval`, when
    something began, ended or rose; a revoked match is cancelled at once. It ends when every condition has ended that
    raised it, and every moment and track has too or was not heard of for `resolve_after`. A trigger that was seen
    before changes nothing, however many came since; nor does the end of what is over. What people do to an alert is
    folded in and told at once; what cannot be taken is skipped and audited with its reason.

    Args:
        rules: Which hold now, or options by rule; a rule that is no longer there has what it said last, else the
            defaults. An alert that somebody was told of keeps what held when it began.
        state: The value and the causes of each group that is open; and the memory of triggers and tracks.
        clock: The wall clock.
        inhibitions: What open alerts inhibit, as written here and by the other owners of groups; None for nothing.
        quiet: Which alerts inhibit others.
        armed: Says of a rule of what is not heard, a local time and whether its site is armed, whether that counts.
        sites, devices: For the time zones of what is watched, and whether it is enabled.
        escalations: Who is told when nobody answers.
        judge: Says what people may do; the policies of the product by default.
        site_armings: Which sites people and devices armed; None for what schedules say alone.
        silences: By id; what is silenced, inhibited or muted wakes nobody. None for none.
        erasures: Receipts: of alerts and candidates that they name nothing is kept or told any more. None for none.
        is_rehearsal: As in a back-test: nobody else ever changes the state, and nobody reads what would be audited.
    """

    spec = spec_of("group")

    def __init__(
        self,
        rules: Mapping[str, Options] | RuleBook,
        state: State,
        clock: Clock,
        inhibitions: Reference | None = None,
        quiet: Quiet | None = None,
        armed: Armed = lambda _rule, _local, _armed: True,
        sites: Reference | None = None,
        devices: Reference | None = None,
        escalations: Escalations = NONE,
        answers: Trust | None = None,
        judge: Judge | None = None,
        site_armings: Reference | None = None,
        silences: Reference | None = None,
        erasures: Reference | None = None,
        *,
        is_rehearsal: bool = False,
    ) -> None:
        self._answers = answers
        self._judge = judge or Judge()
        self._is_rehearsal = is_rehearsal
        self._played = BriefMemory() if is_rehearsal else None
        quiet = quiet or Quiet()
        self._inhibitions = inhibitions
        self._dependencies = Dependencies(quiet.inhibit, inhibitions, state)
        times = MuteTimes(rules, sites, site_armings) if isinstance(rules, RuleBook) else None
        self._muting = Muting(quiet, silences, inhibitions, devices, times)
        self._rules = rules
        self._token: str | None = None
        self._timings: dict[str, Timing] = {}
        self._incidents: list[tuple[IncidentRule, ...]] = []  # those that hold first, then those before them
        self._state = state
        self._groups = Agenda(state, _due_at, _lane_of, is_sole=is_rehearsal)
        armed = rules.armed if isinstance(rules, RuleBook) else armed
        known = ArmedSites(lambda: rules.tree, site_armings, sites) if isinstance(rules, RuleBook) else None
        self._watches = Watches({}, self._groups, state, armed, sites, devices, known)
        self._look_at_rules()
        self._erased, self._without_erased = Erased(erasures), LookedThrough(state)
        self._looked_through = LookedThrough(state)
        self._halted: set[tuple[int, str]] = set()  # groups whose escalation stands still, as far as is known here
        self._woken, self._untold = LookedThrough(state), Untold(state)
        self._latest = 0
        self._clock = clock
        self._escalations = escalations

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Fold each trigger and answer with the revisions that are due at once."""
        if not batch:
            return []
        self._escalations = self._escalations.renewed(self._clock.now())
        partition, groups = batch[0].partition, dict[str, AlertGroup]()
        memory = self._played or Memory(self._state, partition, self._clock.now())
        self._look_at_rules()
        answers = []
        for event in batch:
            if len(groups) >= AT_HAND:
                self._put_back(partition, groups)
            answers.append(self._fold(event, groups, memory))
        self._put_back(partition, groups)
        memory.save()
        return answers

    def due_at(self) -> int | None:
        """Return when the next tick has something to do."""
        group, watch = self._groups.next_at(), self._watches.due_at()
        if group is None or watch is None:
            return watch if group is None else group
        return min(group, watch)

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Write what waited for its time, and end what has been quiet."""
        now = self._clock.now()
        self._escalations = self._escalations.renewed(now)
        self._look_at_rules()
        emitted = [] if self._is_rehearsal else self._look_around(partitions, now)
        for partition, absence in self._watches.due(partitions, now):
            group = self._group(partition, absence["group"], self._groups.get(partition, absence["group"]))
            group.take(absence, now, self._timings.get(absence["rule"], DEFAULTS), is_new=True)
            emitted += self._steps(absence, group)
            emitted += self._write(group, now)
            self._keep(partition, absence["group"], group)
        for partition, key, value in self._groups.due(partitions, now):
            group = self._group(partition, key, value)
            group.pass_time(now)
            emitted += self._write(group, now)
            self._keep(partition, key, group)
        forget(self._groups, list(partitions), now)
        return emitted

    def _look_around(self, partitions: Sequence[int], now: int) -> list[Emit]:
        """Take in what changed elsewhere: the clock, what others inhibit, and the partitions that are ours."""
        emitted: list[Emit] = []
        if 0 in partitions:  # one worker has the first
            emitted += self._untold.give(0, foreign_told("group", self._inhibitions, now))
        self._set_right(partitions, now)
        emitted += self._give_up(partitions, now)
        emitted += self._forget_erased(partitions, now)
        self._wake(partitions, now)
        self._groups.look(partitions, now)
        return emitted

    def _set_right(self, partitions: Sequence[int], now: int) -> None:
        """Take back what a clock that was ahead, here or where the partition was, put off for longer than any wait."""
        changed = self._looked_through.changed(partitions, None)
        for partition in partitions if now < self._latest else changed:
            for key, value in self._open(partition):
                group = self._group(partition, key, value)
                if escalating.is_halted(value):
                    self._halted.add((partition, key))
                if group.set_right(now):
                    self._keep(partition, key, group)
        self._latest = now

    def _forget_erased(self, partitions: Sequence[int], now: int) -> list[Emit]:
        """Forget alerts that were erased, and let go what they inhibit."""
        subjects, emitted = self._erased.subjects(), list[Emit]()
        for partition in self._without_erased.changed(partitions, subjects):
            for key, value in self._open(partition) if subjects else ():
                alert = value["alert"] or {}
                if not subjects.isdisjoint((alert.get("alert_id"), alert.get("candidate_id"))):
                    group = self._group(partition, key, value)
                    group.forget()
                    emitted += self._dependencies.of(group, now)
                    self._keep(partition, key, group)
        return emitted

    def _wake(self, partitions: Sequence[int], now: int) -> None:
        """Look at once again at escalations that stand still, where what holds alerts back has changed."""
        if not self._halted:
            return
        for partition in self._woken.changed(partitions, self._muting.version):
            for key in [key for number, key in self._halted if number == partition]:
                value = self._groups.get(partition, key)
                if value is not None and escalating.is_halted(value):
                    value["escalation"] = {**value["escalation"], "due": now}
                    self._groups.put(partition, key, value)

    def _open(self, partition: int) -> list[tuple[str, dict[str, Any]]]:
        return [(key, value) for key, value in self._groups.items(partition) if not key.startswith(BESIDE)]

    def _look_at_rules(self) -> None:
        """Take the rules that hold from now on, where others do than before."""
        book = self._rules
        token = book.token if isinstance(book, RuleBook) else ""
        if token != self._token:
            rules = book.tree.rules if isinstance(book, RuleBook) else book
            earlier = reversed(book.earlier) if isinstance(book, RuleBook) else ()
            known = {name: options for tree in earlier for name, options in tree.rules.items()} | dict(rules)
            self._timings = {name: micros(options) | {"rules": token} for name, options in known.items()}
            self._watches.follow(rules, book.tree.matches if isinstance(book, RuleBook) else None)
            trees = (book.tree, *book.earlier) if isinstance(book, RuleBook) else ()
            self._incidents = [each for tree in trees if (each := tree.routes.incidents) or tree is trees[0]]
            self._token = token

    def _fold(self, event: Event, groups: dict[str, AlertGroup], memory: Memory | BriefMemory) -> list[Outcome]:
        if event.record is None:
            return [Skip("tombstone")]  # nothing is taken away by it here
        if event.type == "AlertAction":
            return self._answer(event, groups, memory)
        if event.type == "Delivery":
            return self._miss(event, groups)
        if is_foreign(event) and is_about_a_match(event.record):  # others are told as seen: safety fails open
            return [*refused_record("group", event, self._clock.now())]
        return self._take(event, groups, memory)

    def _take(self, event: Event, groups: dict[str, AlertGroup], memory: Memory | BriefMemory) -> list[Outcome]:
        trigger, now = event.record, self._clock.now()
        after = self._watches.after(trigger["rule"])
        if is_last_sign(trigger):
            if self._known(event.partition, trigger["group"], groups, now).is_over:
                return [Skip("nothing_open")]  # before it is remembered: there are as many as sightings
            self._watches.leave(event.partition, trigger["group"])
            after = None
        if after is not None:
            if not self._watches.hear(event.partition, trigger, after, now):
                return [Skip("heard_before")]
        elif memory.repeats(event, trigger["alert_id"], trigger["issued_at"]):
            return [Skip("duplicate")]
        group = self._known(event.partition, trigger["group"], groups, now)
        timing = self._timings.get(trigger["rule"], DEFAULTS)
        verdict = group.take(trigger, now, timing, is_new=_is_new(trigger, memory))
        if trace := event.headers.get(TRACE):
            group.follow(trace)
        if verdict == "nothing_open":  # nobody was ever told, so there is nothing to end
            back = self._steps(trigger, group) if trigger.get("state") == "CANCELLED" else []
            return [*back, Skip("heard" if after is not None else "nothing_open")]
        steps = self._steps(trigger, group) if verdict == "taken" else []
        return [*steps, *self._write(group, now)] or [GOES_ON if verdict == "goes_on" else GROUPED]

    def _answer(self, event: Event, groups: dict[str, AlertGroup], memory: Memory | BriefMemory) -> list[Outcome]:
        deed, now = event.record, self._clock.now()
        if not memory.knows(deed["action_id"]) and (reason := self._not_authentic(deed, now)):
            return [*refused_deed("group", event, deed["actor"], reason, now, cast("Trust", self._answers))]
        if memory.repeats(event, deed["action_id"], deed["at"]):
            return [Skip("duplicate")]
        group = self._known(event.partition, deed["group"], groups, now)
        allowed, cited = ALERTS.decided(self._judge, deed)
        against = group.answer(deed, now) if allowed else "no_right"
        emits = [Emit("audit", deed["alert_id"], alert_audit.of_deed(deed, against, cited)), *self._write(group, now)]
        return [*emits, Skip(against)] if against else [*emits]

    def _miss(self, event: Event, groups: dict[str, AlertGroup]) -> list[Outcome]:
        """Let the next step of an escalation come at once where nobody was reached whom the last word was for."""
        now = self._clock.now()
        group = self._known(event.partition, event.key, groups, now)
        why = group.miss(event.record, now)
        if why is None:
            return [Skip("goes_on")]
        alert = group.value["alert"]
        policy = group.value["escalation"]["policy"]
        metrics.STEPS_MISSED.labels(policy).inc()
        return [Emit("audit", alert["alert_id"], alert_audit.of_missed(alert, event.record, policy, why, now))]

    def _not_authentic(self, action: AlertAction, now: int) -> Unauthentic | None:
        """Return why what somebody is said to have done is not theirs; None too where nobody demands signatures."""
        if self._answers is None:
            return None
        return action_refused(ALERTS, self._answers, action, now)

    def _known(self, partition: int, key: str, groups: dict[str, AlertGroup], now: int) -> AlertGroup:
        group = groups.get(key)
        if group is None:
            group = groups[key] = self._group(partition, key, self._groups.get(partition, key))
            group.set_right(now)
        return group

    def _group(self, partition: int, key: str, value: dict[str, Any] | None) -> AlertGroup:
        causes = CauseBook(self._state, partition, key, (value or {}).get("shelves", 1))
        tells = partial(is_told, self._groups, partition)
        return AlertGroup.stored(value, causes, self._escalations, tells, self._held_until)

    def _held_until(self, alert: Mapping[str, Any], now: int) -> int | None:
        hold = self._muting.judge(alert, now)
        return None if hold is None else hold.until

    def _put_back(self, partition: int, groups: dict[str, AlertGroup]) -> None:
        for key, group in groups.items():
            self._keep(partition, key, group)
        groups.clear()

    def _keep(self, partition: int, key: str, group: AlertGroup) -> None:
        group.causes.save()
        if group.is_over:
            self._groups.delete(partition, key)
        else:
            value = group.value
            value["inhibits"], value["shelves"] = group.inhibits, group.causes.shelves
            self._groups.put(partition, key, value)
        if not group.is_over and escalating.is_halted(group.value):
            self._halted.add((partition, key))
        else:
            self._halted.discard((partition, key))

    def _write(self, group: AlertGroup, now: int) -> list[Emit]:
        emitted: list[Emit] = []
        shadow = group.is_shadow
        if not group.has_word(now):
            return emitted if shadow else self._dependencies.of(group, now)
        traces, was_held_back = group.traces, group.is_held_back
        while (alert := group.issue(now)) is not None:
            if shadow:
                metrics.SHADOW_ALERTS.labels(alert["rule"], alert["state"]).inc()
                continue
            emitted.append(Emit("alerts", alert["group"], alert, traces))
            if not self._is_rehearsal:
                emitted.append(Emit("audit", alert["alert_id"], alert_audit.of_revision(alert), traces))
            if was_held_back and alert["state"] == "NEW":
                told = steps_of_told(alert, next(iter(self._incidents), ()))
                emitted += [Emit("incident-steps", step["group"], step) for step in told]
        return emitted if shadow else [*emitted, *self._dependencies.of(group, now)]

    def _steps(self, trigger: Mapping[str, Any], group: AlertGroup) -> list[Emit]:
        """Return what rules of incidents are told of a trigger that became part of an alert, or takes a match back."""
        rules = self._incidents if trigger.get("state") == "CANCELLED" else self._incidents[:1]
        if not any(rules) or group.is_shadow or group.is_held_back:
            return []
        steps = steps_of(trigger, (group.value["alert"] or trigger)["alert_id"], rules)
        return [Emit("incident-steps", step["group"], step) for step in steps]

    def _give_up(self, partitions: Sequence[int], now: int) -> list[Emit]:
        """Give up what devices had said that are gone by now."""
        emitted: list[Emit] = []
        for partition in self._dependencies.changed(partitions):
            for key, value in self._open(partition):
                group = self._group(partition, key, value)
                if self._dependencies.give_up(group, now):
                    emitted += self._write(group, now)
                    self._keep(partition, key, group)
        return emitted


def _due_at(value: Mapping[str, Any]) -> int | None:
    return value["due"] if "sign" in value or "told" in value else due_at(value)


def _lane_of(key: str, _: Mapping[str, Any]) -> str:
    if key[:1] != HIDDEN:
        return ""
    return next((lane for lane in (WATCH, HISTORY) if key.startswith(lane)), "")


def _is_new(trigger: Mapping[str, Any], memory: Memory | BriefMemory) -> bool:
    """Tell whether nothing was heard of the trigger's object before; and remember a track that was."""
    causes = trigger.get("causes")  # one of an earlier release has none, and speaks of moments only
    if not causes or causes[0]["kind"] != "TRACK" or OBJECT not in causes[0]["cause_id"]:
        return False
    name = f"track|{trigger['group']}|{causes[0]['cause_id']}"
    if memory.knows(name):
        return False
    memory.note(name)
    return True


DEFAULTS = micros(Options())
