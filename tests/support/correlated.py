"""Timelines of steps of one key for `Correlate`, and what a naive model says of them: it remembers everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.policy.correlation.pattern import Times
from fairwatch.policy.correlation.step import ERROR, PART, VALUE
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.correlate import Correlate
from tests.support.processor_world import MemoryState
from tests.support.records import AT, trigger

SECOND = 1_000_000
GROUP = "rule|key"


@dataclass(frozen=True)
class Told:
    """A step: seconds until the hub hears of it, on its way, and by which its clock may be off; and what it is."""

    pause: int
    delay: int
    error: int
    part: str
    value: int


@dataclass(frozen=True)
class Seen:
    """A step as the model sees it, in microseconds."""

    number: int
    at: int
    known_at: int
    error: int
    part: str
    value: int

    @property
    def earliest(self) -> int:
        return self.at - self.error

    @property
    def latest(self) -> int:
        return self.at + self.error

    @property
    def name(self) -> str:
        return f"sighting-{self.number}"


def book(**rule: Any) -> RuleBook:
    """Return the rules with one correlation named `rule`."""
    said = {"name": "rule", "per": ["zone"], "match": {"event_types": ["line.crossed"]}, **rule}
    return RuleBook(RouteTree(Routes.model_validate({"route": {"receivers": ["room"]}, "correlations": [said]})), None)


def seen(timeline: Sequence[Told]) -> list[Seen]:
    found, now = [], AT
    for number, told in enumerate(timeline):
        now += told.pause * SECOND
        found.append(Seen(number, now - told.delay * SECOND, now, told.error * SECOND, told.part, told.value))
    return found


def record_of(step: Seen, group: str = GROUP) -> dict[str, Any]:
    said = {PART: step.part, VALUE: str(step.value), ERROR: str(step.error)}
    return trigger(
        group,
        n=step.number,
        at=step.at,
        alert_id=stable_id("step", group, step.number),
        rule="rule",
        issued_at=step.known_at,
        certainty="POSSIBLE",
        device_ids=[f"cam-{step.value}"],
        parameters=said,
    )


class Played:
    """`Correlate` under a timeline; what it raises is in `raised`, as (state, ids of sightings, when)."""

    def __init__(self, rules: RuleBook) -> None:
        self.rules = rules
        self.clock, self.state = ManualClock(AT - 3600 * SECOND), MemoryState()
        self.raised: list[dict[str, Any]] = []
        self.restart()

    def restart(self) -> None:
        self.processor = Correlate(self.rules, self.state, self.clock)

    async def until(self, at: int) -> None:
        """Let time pass; whatever is due is raised when it is due."""
        await self._tick()
        while (due := self.processor.due_at()) is not None and due < at:
            self._set(max(due, self.clock.now()))
            await self._tick()
            assert self.processor.due_at() != due, "a tick leaves nothing due"
        self._set(at)

    async def show(self, steps: Sequence[Seen], first_offset: int) -> list[str]:
        """Hand steps over in one batch; return why those raised nothing that did not."""
        events = [
            Event("correlation-steps", "Alert", record_of(step), GROUP, partition=0, offset=first_offset + number)
            for number, step in enumerate(steps)
        ]
        answers = await self.processor.handle(events)
        outcomes = [outcome for answer in answers for outcome in answer]
        self.raised += [outcome.record for outcome in outcomes if hasattr(outcome, "record")]
        return [outcome.reason for outcome in outcomes if hasattr(outcome, "reason")]

    async def _tick(self) -> None:
        emits = await self.processor.tick([0])
        self.raised += [emit.record for emit in emits]

    def _set(self, at: int) -> None:
        self.clock.advance(seconds=(at - self.clock.now()) / SECOND)

    @property
    def told(self) -> list[tuple[str, str, int]]:
        """State, the event it is about, and when that was known."""
        return [(each["state"], each["triggers"][-1], each["issued_at"]) for each in self.raised]


def of_count(times: Times, steps: Sequence[Seen], end: int) -> list[tuple[str, str, int]]:
    said, rows, opened, until = [], list[Seen](), "", 0
    for step in steps:
        if opened and step.known_at >= until + times.slack:
            said.append(("ENDED", opened, until + times.slack))
            opened = ""
        rows.append(step)
        anchors = []
        for anchor in rows:
            inside = [
                row for row in rows
                if row.earliest <= anchor.earliest and row.latest >= anchor.earliest - times.within
            ]  # fmt: skip
            number = len({row.value for row in inside}) if times.distinct else len(inside)
            if step in inside and number >= times.count:
                anchors.append(anchor.earliest)
        if anchors:
            until = max(until if opened else 0, max(anchors) + times.within)
            if not opened:
                opened = step.name
                said.append(("NEW", opened, step.known_at))
    if opened and until + times.slack < end:
        said.append(("ENDED", opened, until + times.slack))
    return said


def of_then(times: Times, steps: Sequence[Seen], _end: int) -> list[tuple[str, str, int]]:
    said = []
    for second in (step for step in steps if step.part == "second"):
        pairs = [
            first for first in steps
            if first.part == "first" and first.earliest <= second.latest
            and second.earliest - first.latest <= times.within
        ]  # fmt: skip
        if pairs:
            said.append(("NEW", second.name, max(second.known_at, min(first.known_at for first in pairs))))
    return said


def of_without(times: Times, steps: Sequence[Seen], end: int) -> list[tuple[str, str, int]]:
    said = []
    for first in (step for step in steps if step.part == "first"):
        deadline = first.latest + times.within + times.lateness
        excused = any(
            second.part == "second" and second.known_at < deadline
            and second.latest >= first.earliest - times.before and second.earliest <= first.latest + times.within
            for second in steps
        )  # fmt: skip
        if not excused and deadline < end:
            said.append(("NEW", first.name, deadline))
    return said


def of_dwell(times: Times, steps: Sequence[Seen], end: int) -> list[tuple[str, str, int]]:
    """Look at each stretch in which it went on, in the order in which things happened."""
    said: list[tuple[str, str, int]] = []
    stretch: list[Seen] = []

    def close(at: int | None, known: int | None) -> None:
        if not stretch:
            return
        begun, last = stretch[0].at, stretch[-1].at
        enough = begun + times.dwell
        if times.gap is None:
            told = enough if at is None or at >= enough else None
        else:
            told = next((step.at for step in stretch if step.at >= enough), None)
            told = at if told is None and at is not None and at >= enough and at - last <= times.gap else told
            told = None if told == at and told not in {step.at for step in stretch} else told
        if told is not None and told + times.slack < end:
            said.append(("NEW", stretch[0].name, told + times.slack))
            if known is not None and known + times.slack < end:
                said.append(("ENDED", stretch[0].name, known + times.slack))
        stretch.clear()

    for step in sorted(steps, key=lambda each: (each.at, each.part == "end", each.name)):
        if stretch and times.gap is not None and step.at - stretch[-1].at > times.gap:
            close(stretch[-1].at, stretch[-1].at)
        if step.part == "end":
            close(step.at, step.at)
        else:
            stretch.append(step)
    if stretch:
        quiet = times.gap is not None
        close(stretch[-1].at if quiet else None, stretch[-1].at if quiet else None)
    return said
