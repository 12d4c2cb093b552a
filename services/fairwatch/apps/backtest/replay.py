"""The same history through several sets of rules: which alerts each would have made."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairwatch.apps.backtest.history import Numbered, happened_at
from fairwatch.apps.backtest.shelves import Row, Writer
from fairwatch.apps.backtest.state import QuickState
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Skip
from fairwatch.domain.ports import Reference
from fairwatch.policy.absence import SILENT, Armed
from fairwatch.policy.device_status import is_of_devices
from fairwatch.policy.routing import RouteTree, Rule
from fairwatch.policy.subject import Subject, of_sighting
from fairwatch.processors.group import Group
from fairwatch.processors.route import Route, signs_of, steps_of, triggers_of

PARTITION = 0
KEPT = ("rule", "severity", "receivers", "title", "started_at", "issued_at", "device_ids")


@dataclass
class Alerted:
    """One alert over its life.

    Attributes:
        alert_id: Its id.
        first: What is compared of its first revision.
        messages: How often a receiver was told of it.
        triggers: The sightings and verdicts behind it, as far as its revisions name them; as `sources_of` does.
    """

    alert_id: str
    first: Mapping[str, Any]
    messages: int = 0
    triggers: set[str] = field(default_factory=set)

    def take(self, alert: Mapping[str, Any]) -> None:
        """Take in a revision."""
        self.messages += len(alert["receivers"])
        self.triggers.update(sources_of(alert))


@dataclass
class Seen:
    """What lay in a span of time.

    Attributes:
        first, last: When we heard of the first and the last of it, in microseconds.
        heard_until: When we heard of the last of anything, device statuses included, in microseconds.
        sightings: How many there were, and verdicts.
        statuses: How many device statuses there were.
        unknown: Devices of statuses that nobody says anything of.
        raised: For each set of rules when it raised the last of what it raised.
        judgements: (number, what it is about, TRUE or FALSE) of what people said past alerts were.
    """

    raised: list[int]
    first: int = 0
    last: int = 0
    heard_until: int = 0
    sightings: int = 0
    statuses: int = 0
    unknown: set[str] = field(default_factory=set)
    judgements: list[tuple[int, list[str], str]] = field(default_factory=list)

    @property
    def days(self) -> float:
        """How long it was; not less than an hour, so that a rate means something."""
        return max((self.last - self.first) / 86_400_000_000, 1 / 24)

    @property
    def judged(self) -> dict[str, str]:
        """What people said past alerts were, by sighting or verdict; of several the latest."""
        return {trigger: said for _, triggers, said in sorted(self.judgements) for trigger in triggers}

    def note(self, number: int, type_: str, record: Mapping[str, Any], at: int) -> bool:
        """Count a record of which we heard at a time; return whether rules may ask for it."""
        if type_ == "Alert":
            if record.get("outcome") in ("TRUE", "FALSE"):
                self.judgements.append((number, sources_of(record), record["outcome"]))
            return False
        self.heard_until = max(self.heard_until, at)
        if type_ == "DeviceStatus":
            self.statuses += 1
        else:
            self.sightings += 1
            self.first, self.last = min(self.first or at, at), max(self.last, at)
        return True

    def add(self, other: "Seen") -> None:
        """Add what another process saw."""
        begun = [at for at in (self.first, other.first) if at]
        self.first, self.last = min(begun, default=0), max(self.last, other.last)
        self.heard_until = max(self.heard_until, other.heard_until)
        self.sightings += other.sightings
        self.statuses += other.statuses
        self.unknown |= other.unknown
        self.raised = [max(pair) for pair in zip(self.raised, other.raised, strict=True)]
        self.judgements += other.judgements


def look_through(
    history: Iterable[Numbered],
    trees: Sequence[RouteTree],
    sites: Reference,
    since: int,
    until: int,
    out: Writer,
    devices: Reference | None = None,
) -> Seen:
    """Put a history through several trees at once and write what it raises; what cannot be a subject raises nothing."""
    seen, route = Seen([0] * len(trees)), Route(trees[0], sites, devices)
    listens = any(tree.routes.absent for tree in trees)
    for number, type_, record in history:
        at = happened_at(type_, record)
        if not (since <= at < until and seen.note(number, type_, record, at)):
            continue
        try:
            subject = _subject(route, type_, record)
            if listens and (alive := _alive(type_, record, subject)) is not None:
                _put_signs(trees, alive, type_, (at, number), seen, out)
        except (RejectedError, KeyError, TypeError, OverflowError):
            continue
        if subject == Skip("unknown_device"):
            seen.unknown.add(record["device_id"])
        if type_ == "DeviceStatus" or isinstance(subject, Skip) or not (subject.begins or subject.ends):
            continue
        for place, tree in enumerate(trees):
            for emit in triggers_of(tree, subject):
                out.put("triggers", place, (at, number, emit.record))
                seen.raised[place] = max(seen.raised[place], at)
            for emit in steps_of(tree, subject, record, route.token):
                out.put("steps", place, (emit.record["issued_at"], number, emit.record))
    return seen


def _subject(route: Route, type_: str, record: dict[str, Any]) -> Subject | Skip:
    return route.subject_of_status(record) if type_ == "DeviceStatus" else route.subject_of(type_, record)


def _alive(type_: str, record: dict[str, Any], subject: Subject | Skip) -> Subject | None:
    """Return what is a sign of life: a sighting, of a face too, or the status of a device that is there; else None."""
    if type_ == "Sighting" and isinstance(subject, Skip):
        return of_sighting(record)
    return None if type_ == "Verdict" or isinstance(subject, Skip) else subject


def _put_signs(
    trees: Sequence[RouteTree], subject: Subject, type_: str, when: tuple[int, int], seen: Seen, out: Writer
) -> None:
    """Write that something was heard, for rules of what is not; a status counts for those of devices and sites."""
    for place, tree in enumerate(trees):
        if not tree.routes.absent:
            continue
        for sign in signs_of(tree, subject, is_of_devices if type_ == "DeviceStatus" else lambda _rule: True):
            out.put("triggers", place, (*when, sign))
            seen.raised[place] = max(seen.raised[place], when[0])


def sources_of(alert: Mapping[str, Any]) -> list[str]:
    """Return what an alert is about; that nothing came after a sighting is not about that sighting."""
    if alert.get("event_type") == SILENT:
        return [f"after {trigger}" for trigger in alert["triggers"]]
    return list(alert["triggers"])


def shown(tree: RouteTree) -> dict[str, Rule]:
    """Return the rules of a tree, none of which is in the shadow."""
    return {name: rule.model_copy(update={"shadow": False}) for name, rule in tree.rules.items()}


async def alerts_of(
    rules: Mapping[str, Rule],
    armed: Armed,
    triggers: Iterable[Row],
    until: int,
    heard_until: int | None = None,
    sites: Reference | None = None,
    devices: Reference | None = None,
) -> list[Alerted]:
    """Return the alerts that triggers of rules, which are in the order of time, come to until then.

    Args:
        rules: By name.
        armed: Says when a rule of what is not heard counts.
        triggers: What is raised, and signs of life.
        until: When the last of it has ended, in microseconds.
        heard_until: The end of the history: that nothing was heard after it says nothing.
        sites: For the time zones of what is not heard.
        devices: One that is disabled is not missed.
    """
    clock = ManualClock(0)
    group = Group(rules, QuickState(), clock, armed=armed, sites=sites, devices=devices, is_rehearsal=True)
    listening = {name for name, rule in rules.items() if rule.absent_after}
    played = _Played(group, clock, listening, until if heard_until is None else heard_until)
    for number, (at, _, trigger) in enumerate(triggers):
        await played.pass_time(at)
        event = Event("alert-triggers", "Alert", trigger, trigger["group"], partition=PARTITION, offset=number)
        await played.take(event)
    await played.pass_time(until)
    return list(played.found.values())


@dataclass
class _Played:
    """A group that is played, and what came of it.

    Attributes:
        listening: Rules of what is not heard.
        end: Of the history, in microseconds: that nothing was heard after it says nothing.
        due: When the group has something to do by itself.
    """

    group: Group
    clock: ManualClock
    listening: Collection[str]
    end: int
    found: dict[str, Alerted] = field(default_factory=dict)
    due: int | None = None

    async def take(self, trigger: Event) -> None:
        self._tell((await self.group.handle([trigger]))[0])
        self.due = self.group.due_at()

    async def pass_time(self, at: int) -> None:
        """Let it be that late, and everything happen that is due until then."""
        while self.due is not None and self.due <= at:
            self.clock.move_to(self.due)
            self._tell(await self.group.tick([PARTITION]))
            before, self.due = self.due, self.group.due_at()
            if self.due == before:
                break
        self.clock.move_to(at)

    def _tell(self, outcomes: Iterable[Any]) -> None:
        for outcome in outcomes:
            if not (isinstance(outcome, Emit) and outcome.topic == "alerts"):
                continue
            alert, identity = outcome.record, outcome.record["alert_id"]
            if identity not in self.found:
                if alert["rule"] in self.listening and alert["issued_at"] > self.end:
                    continue
                self.found[identity] = Alerted(identity, {name: alert[name] for name in KEPT})
            self.found[identity].take(alert)
