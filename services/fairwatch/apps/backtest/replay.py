"""The same history through several sets of rules: which alerts each would have made."""

from collections.abc import Iterable, Mapping, Sequence
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
from fairwatch.policy.absence import Armed
from fairwatch.policy.routing import RouteTree, Rule
from fairwatch.processors.group import Group
from fairwatch.processors.route import Route, steps_of, triggers_of

PARTITION = 0
KEPT = ("rule", "severity", "receivers", "title", "started_at", "issued_at", "device_ids")


@dataclass
class Alerted:
    """One alert over its life.

    Attributes:
        alert_id: Its id.
        first: What is compared of its first revision.
        messages: How often a receiver was told of it.
        triggers: The sightings and verdicts behind it, as far as its revisions name them.
    """

    alert_id: str
    first: Mapping[str, Any]
    messages: int = 0
    triggers: set[str] = field(default_factory=set)

    def take(self, alert: Mapping[str, Any]) -> None:
        """Take in a revision."""
        self.messages += len(alert["receivers"])
        self.triggers.update(alert["triggers"])


@dataclass
class Seen:
    """What lay in a span of time.

    Attributes:
        first, last: When we heard of the first and the last of it, in microseconds.
        sightings: How many there were.
        raised: For each set of rules when it raised the last of what it raised.
        judgements: (number, what it is about, TRUE or FALSE) of what people said past alerts were.
    """

    raised: list[int]
    first: int = 0
    last: int = 0
    sightings: int = 0
    judgements: list[tuple[int, list[str], str]] = field(default_factory=list)

    @property
    def days(self) -> float:
        """How long it was; not less than an hour, so that a rate means something."""
        return max((self.last - self.first) / 86_400_000_000, 1 / 24)

    @property
    def judged(self) -> dict[str, str]:
        """What people said past alerts were, by sighting or verdict; of several the latest."""
        return {trigger: said for _, triggers, said in sorted(self.judgements) for trigger in triggers}

    def add(self, other: "Seen") -> None:
        """Add what another process saw."""
        begun = [at for at in (self.first, other.first) if at]
        self.first, self.last = min(begun, default=0), max(self.last, other.last)
        self.sightings += other.sightings
        self.raised = [max(pair) for pair in zip(self.raised, other.raised, strict=True)]
        self.judgements += other.judgements


def look_through(
    history: Iterable[Numbered], trees: Sequence[RouteTree], sites: Reference, since: int, until: int, out: Writer
) -> Seen:
    """Put a history through several trees at once and write what it raises; what cannot be a subject raises nothing."""
    seen, route = Seen([0] * len(trees)), Route(trees[0], sites)
    for number, type_, record in history:
        at = happened_at(type_, record)
        if not since <= at < until:
            continue
        if type_ == "Alert":
            if record.get("outcome") in ("TRUE", "FALSE"):
                seen.judgements.append((number, list(record["triggers"]), record["outcome"]))
            continue
        seen.sightings += 1
        seen.first, seen.last = min(seen.first or at, at), max(seen.last, at)
        try:
            subject = route.subject_of(type_, record)
        except (RejectedError, KeyError, TypeError):
            continue
        if isinstance(subject, Skip) or not (subject.begins or subject.ends):
            continue
        for place, tree in enumerate(trees):
            for emit in triggers_of(tree, subject):
                out.put("triggers", place, (at, number, emit.record))
                seen.raised[place] = max(seen.raised[place], at)
            for emit in steps_of(tree, subject, record, route.token):
                out.put("steps", place, (emit.record["issued_at"], number, emit.record))
    return seen


def shown(tree: RouteTree) -> dict[str, Rule]:
    """Return the rules of a tree, none of which is in the shadow."""
    return {name: rule.model_copy(update={"shadow": False}) for name, rule in tree.rules.items()}


async def alerts_of(rules: Mapping[str, Rule], armed: Armed, triggers: Iterable[Row], until: int) -> list[Alerted]:
    """Return the alerts that triggers of rules, which are in the order of time, come to until then."""
    found: dict[str, Alerted] = {}
    clock = ManualClock(0)
    group = Group(rules, QuickState(), clock, armed=armed, is_rehearsal=True)
    due: int | None = None

    def take(outcomes: Iterable[Any]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Emit) and outcome.topic == "alerts":
                alert, identity = outcome.record, outcome.record["alert_id"]
                if identity not in found:
                    found[identity] = Alerted(identity, {name: alert[name] for name in KEPT})
                found[identity].take(alert)

    async def pass_time(at: int) -> None:
        nonlocal due
        while due is not None and due <= at:
            clock.move_to(due)
            take(await group.tick([PARTITION]))
            before, due = due, group.due_at()
            if due == before:
                break
        clock.move_to(at)

    for number, (at, _, trigger) in enumerate(triggers):
        await pass_time(at)
        event = Event("alert-triggers", "Alert", trigger, trigger["group"], partition=PARTITION, offset=number)
        take((await group.handle([event]))[0])
        due = group.due_at()
    await pass_time(until)
    return list(found.values())
