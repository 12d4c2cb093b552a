"""The same history through several sets of rules: which alerts each would have made."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairwatch.apps.backtest.history import Record, happened_at
from fairwatch.apps.backtest.state import QuickState
from fairwatch.apps.backtest.together import raised_together
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Skip
from fairwatch.domain.ports import Reference
from fairwatch.policy.routing import RouteTree
from fairwatch.processors.group import Group
from fairwatch.processors.route import Route, steps_of, triggers_of

PARTITION = 0


@dataclass
class Alerted:
    """One alert over its life.

    Attributes:
        first: Its first revision.
        messages: How often a receiver was told of it.
        triggers: The sightings and verdicts behind it, as far as its revisions name them.
    """

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
        triggers: For each set of rules what it raised: (when, trigger).
        judged: What people said past alerts were, by sighting or verdict: TRUE or FALSE.
    """

    triggers: list[list[tuple[int, dict[str, Any]]]]
    first: int = 0
    last: int = 0
    sightings: int = 0
    judged: dict[str, str] = field(default_factory=dict)

    @property
    def days(self) -> float:
        """How long it was; not less than an hour, so that a rate means something."""
        return max((self.last - self.first) / 86_400_000_000, 1 / 24)


def look_through(
    history: Iterable[Record], trees: Sequence[RouteTree], sites: Reference, since: int, until: int
) -> Seen:
    """Put a history through several trees at once; what cannot be a subject raises nothing.

    Only what a rule takes is kept in memory, so that its order does not matter here.
    """
    seen, route = Seen([[] for _ in trees]), Route(trees[0], sites)
    steps: list[list[dict[str, Any]]] = [[] for _ in trees]
    for type_, record in history:
        at = happened_at(type_, record)
        if not since <= at < until:
            continue
        if type_ == "Alert":
            if record.get("outcome") in ("TRUE", "FALSE"):
                seen.judged.update(dict.fromkeys(record["triggers"], record["outcome"]))
            continue
        seen.sightings += 1
        seen.first, seen.last = min(seen.first or at, at), max(seen.last, at)
        try:
            subject = route.subject_of(type_, record)
        except (RejectedError, KeyError, TypeError):
            continue
        if isinstance(subject, Skip) or not (subject.begins or subject.ends):
            continue
        for tree, found, together in zip(trees, seen.triggers, steps, strict=True):
            found += [(at, emit.record) for emit in triggers_of(tree, subject)]
            together += [emit.record for emit in steps_of(tree, subject, record, route.token)]
    for number, tree in enumerate(trees):
        seen.triggers[number] += asyncio.run(raised_together(tree, steps[number]))
    return seen


async def alerts_of(tree: RouteTree, triggers: list[tuple[int, dict[str, Any]]]) -> list[Alerted]:
    """Return the alerts that a tree's triggers come to, in the order of their beginning."""
    found: dict[str, Alerted] = {}
    if not triggers:
        return []
    triggers.sort(key=lambda each: each[0])
    clock = ManualClock(triggers[0][0])
    rules = {name: rule.model_copy(update={"shadow": False}) for name, rule in tree.rules.items()}
    group = Group(rules, QuickState(), clock, armed=tree.armed)

    def take(outcomes: Iterable[Any]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Emit) and outcome.topic == "alerts":
                alert = outcome.record
                found.setdefault(alert["alert_id"], Alerted(alert)).take(alert)

    async def pass_time(until: int | None) -> None:
        while (due := group.due_at()) is not None and (until is None or due <= until):
            before = due
            clock.advance(seconds=max(0, due - clock.now()) / 1_000_000)
            take(await group.tick([PARTITION]))
            if group.due_at() == before:
                break
        if until is not None:
            clock.advance(seconds=max(0, until - clock.now()) / 1_000_000)

    for number, (at, trigger) in enumerate(triggers):
        await pass_time(at)
        event = Event("alert-triggers", "Alert", trigger, trigger["group"], partition=PARTITION, offset=number)
        take((await group.handle([event]))[0])
    await pass_time(triggers[-1][0] + 86_400_000_000)
    return list(found.values())
