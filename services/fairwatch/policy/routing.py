"""The route tree: which alert a sighting or a verdict raises, for whom, in Alertmanager's semantics.

A node that matches hands the subject to its children in order; the first child that matches takes it, and later ones
only see it when that child says `continue`. A subject that no child takes stays with the node. A node with a name is
a rule and raises an alert; one without a name only passes its options down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.arming_rules import ARMED, DISARMED, Arming
from fairwatch.policy.calendars import Calendar, Days
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.correlation.rules import Correlation
from fairwatch.policy.correlation.step import REVOKED
from fairwatch.policy.duration import Duration
from fairwatch.policy.expression import FailedError, view_of
from fairwatch.policy.incidents.rules import IncidentRule
from fairwatch.policy.route_index import Children
from fairwatch.policy.rule_options import NAME, Match, Options
from fairwatch.policy.strict import Strict
from fairwatch.policy.subject import Subject
from fairwatch.policy.time_interval import TimeInterval
from fairwatch.telemetry import metrics

PLATES = "plate."  # a rule must name these; neither "everything" nor a wider glob reaches what reads every car


class Node(Options):
    """One node of the tree."""

    name: str | None = Field(default=None, pattern=NAME)
    match: Match = Match()
    goes_on: bool = Field(default=False, alias="continue")
    routes: tuple["Node", ...] = ()


class Absent(Options):
    """A rule of what is not heard: an alert for each group of which nothing that matches came for so long."""

    name: str = Field(pattern=NAME)
    match: Match = Match()
    after: Duration = Field(ge=timedelta(seconds=1))


class Routes(Strict):
    """The file routes.yaml."""

    calendars: dict[str, Calendar] = Field(default_factory=dict)
    time_intervals: dict[str, tuple[TimeInterval, ...]] = Field(default_factory=dict)
    route: Node
    absent: tuple[Absent, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    arming: tuple[Arming, ...] = ()
    incidents: tuple[IncidentRule, ...] = ()

    @model_validator(mode="after")
    def _calendars_are_known(self) -> "Routes":
        for name, intervals in self.time_intervals.items():
            for calendar in {calendar for interval in intervals for calendar in interval.calendars}:
                if calendar not in self.calendars:
                    raise ValueError(f"time interval {name!r}: calendar {calendar!r} is not in calendars")
        return self

    @model_validator(mode="after")
    def _is_sound(self) -> "Routes":
        unknown = {name for arming in self.arming for name in arming.schedule} - set(self.time_intervals)
        if unknown or {ARMED, DISARMED} & set(self.time_intervals):
            raise ValueError(f"arming: {min(unknown, default=ARMED)!r} is not in time_intervals, or is ours")
        if self.route.match != Match() or self.route.goes_on:
            raise ValueError("route: the root takes everything: it has neither match nor continue")
        names: set[str] = set()
        rules: list[tuple[AnyNode, dict[str, Any]]] = [*_walk(self.route, {}), *_beside(self)]
        for node, options in rules:
            label = f"route {node.name!r}"
            for interval in _intervals(node):
                if interval not in (ARMED, DISARMED, *self.time_intervals):
                    raise ValueError(f"{label}: time interval {interval!r} is not in time_intervals")
            if node.name is None:
                continue
            if node.name in names:
                raise ValueError(f"{label}: the name is used twice")
            if not options.get("receivers"):
                raise ValueError(f"{label}: has no receivers, its own or inherited")
            names.add(node.name)
        if len({rule.name for rule in self.incidents}) < len(self.incidents):
            raise ValueError("incidents: a name is used twice")
        return self


AnyNode = Node | Absent | Correlation


class Rule(Options):
    """A named node with everything it inherits; one of what is not heard says after how long."""

    name: str
    absent_after: Duration | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One kind of events that a rule of several asks for."""

    rule: Correlation
    part: str
    match: Match

    @property
    def name(self) -> str:
        """Of the rule."""
        return self.rule.name

    def asks(self, subject: Subject) -> bool:
        """Tell whether such a subject counts: a beginning, a match that is none, and of what goes on every word."""
        if self.rule.dwell:
            return subject.begins or subject.ends
        return subject.cancels or (subject.begins and not subject.goes_on)

    def part_of(self, subject: Subject) -> str:
        """Return of which part of the rule a subject is."""
        if subject.cancels and not self.rule.dwell:
            return REVOKED
        return "end" if subject.ends else self.part


class RouteTree:
    """Answers which rules take a subject.

    Args:
        routes: The validated file.
        folder: Where the files of its calendars lie.

    Attributes:
        rules: Each rule by name, with what it inherits.
        matches: What each rule asks for itself, by name.
        calendars: The days of each calendar, by name.
        correlations: Each rule of several events, by name.
        incidents: Each rule of incidents, by name.

    Raises:
        ConfigurationError: A calendar's file cannot be read.
    """

    def __init__(self, routes: Routes, folder: Path | None = None) -> None:
        self.routes = routes
        self.calendars = {name: _days(name, calendar, folder) for name, calendar in routes.calendars.items()}
        self.matches: dict[str, Match] = {node.name: node.match for node, _ in _walk(routes.route, {}) if node.name}
        self.rules: dict[str, Rule] = {
            node.name: Rule(name=node.name, **options) for node, options in _walk(routes.route, {}) if node.name
        }
        for node, options in _beside(routes):
            self.matches[node.name] = node.match
            after = node.after if isinstance(node, Absent) else None
            self.rules[node.name] = Rule(name=node.name, absent_after=after, **options)
        self.correlations = {rule.name: rule for rule in routes.correlations}
        self.incidents = {rule.name: rule for rule in routes.incidents}
        terms = [Term(rule, part, match) for rule in routes.correlations for part, match in rule.terms()]
        self.matches |= {f"{term.name}: {term.part}": term.match for term in terms if term.part != "first"}
        self._terms = Children([(term, term.match) for term in terms])
        self.asks_armed = bool(routes.arming) or any(word in repr(routes) for word in (ARMED, DISARMED))
        self._children = {
            id(node): Children([(child, child.match) for child in node.routes]) for node, _ in _walk(routes.route, {})
        }

    @classmethod
    def read(cls, path: Path) -> "RouteTree":
        """Read routes.yaml; ConfigurationError names file, path and value."""
        return cls(read_yaml(path, Routes), path.parent)

    def rules_for(self, subject: Subject) -> list[Rule]:
        """Return the rules that take the subject, in the order of the file."""
        return [self.rules[node.name] for node in self._descend(self.routes.route, subject) if node.name]

    def watching(self, subject: Subject) -> list[Rule]:
        """Return the rules of what is not heard for which a subject is a sign of life, at any time of the day."""
        return [
            self.rules[absent.name]
            for absent in self.routes.absent
            if (not absent.match.event_types or _is_of_kind(absent.match, subject))
            and _is_in_place(absent.match, subject)
            and (absent.match.min_confidence is None or (subject.confidence or 0.0) >= absent.match.min_confidence)
            and self._is_so(absent, subject, [])
        ]

    def terms_for(self, subject: Subject) -> list[Term]:
        """Return of rules of several events what a subject is an event for; an end is one at any time of the day."""
        view: list[Any] = []
        return [
            term
            for term in self._terms.of(subject)
            if term.asks(subject)
            and _is_of_kind(term.match, subject)
            and _is_in_place(term.match, subject)
            and (subject.ends or (self._is_timely(term.match, subject) and self._is_so(term, subject, view)))
        ]

    def armed(self, name: str, local: datetime, armed: bool = True) -> bool:
        """Tell whether a local time lies within a rule's `during`, and outside of its `except_during`."""
        match = self.matches.get(name, Match())
        outside = not self.holds(match.except_during, local, armed)
        return outside and (not match.during or self.holds(match.during, local, armed))

    def holds(self, names: tuple[str, ...], local: datetime, armed: bool = True) -> bool:
        """Tell whether a local time, at a site that is armed or not, lies within one of several time intervals."""
        intervals, word = self.routes.time_intervals, ARMED if armed else DISARMED
        return word in names or any(
            interval.holds(local, self.calendars) for name in names for interval in intervals.get(name, ())
        )

    def schedule_of(self, site_id: str) -> tuple[str, ...]:
        """Return the time intervals in which a site is armed by itself; none where there is no schedule."""
        of_site = (each for each in self.routes.arming if not each.sites or site_id in each.sites)
        return tuple(name for each in of_site for name in each.schedule)

    def arming_of(self, subject: Subject) -> bool | None:
        """Tell whether an event arms its site, or disarms it; None for neither."""
        for each in self.routes.arming:
            if each.sites and subject.site_id not in each.sites:
                continue
            if each.off is not None and subject.begins and not self.refusal(each.off, subject):
                return False
            if each.by is not None and not self.refusal(each.by, subject) and (subject.begins or each.off is None):
                return subject.begins
        return None

    def refusal(self, match: Match, subject: Subject) -> str:
        """Return the first condition that does not hold, with what it wants and what there is; empty when all do."""
        if not _is_of_kind(match, subject):
            wanted = match.event_types or match.kinds or match.record
            return f"is for {_said(wanted)}, this is {subject.kind or subject.event_type}"
        for name, there in _places(subject).items():
            wanted = getattr(match, name)
            if wanted and not set(there) & set(wanted):
                return f"{name}: wants {_said(wanted)}, there is {_said(there)}"
        if match.device_known not in (None, subject.device_known):
            return f"device_known: wants {match.device_known}"
        if subject.ends or self._is_timely(match, subject):
            return self._why_not(match, subject)
        if match.min_confidence is not None and (subject.confidence or 0.0) < match.min_confidence:
            return f"min_confidence: wants {match.min_confidence}, there is {subject.confidence}"
        return f"it was {subject.local:%A %H:%M %Z}: outside of during, or within except_during"

    def _why_not(self, match: Match, subject: Subject) -> str:
        if match.when is None or subject.ends:
            return ""
        try:
            return "" if match.when.holds(view_of(subject)) else f"when: {match.when} is false"
        except FailedError as error:
            return f"when: {match.when} has no answer: {error}"

    def _descend(self, node: Node, subject: Subject, view: list[Any] | None = None) -> Iterator[Node]:
        """Yield the nodes that take a subject.

        What began at night ends in the morning, and its end must find the rule that raised it. So an end is also given
        to rules whose time, confidence or expression does not hold now, and goes on to the next ones from these.
        """
        taken, view = False, [] if view is None else view
        for child in self._children[id(node)].of(subject):
            match = child.match
            if not (_is_of_kind(match, subject) and _is_in_place(match, subject)):
                continue
            surely = self._is_timely(match, subject) and self._is_so(child, subject, view)
            if surely or subject.ends:
                quietly = self._is_shadow(child)
                taken |= surely and not quietly
                yield from self._descend(child, subject, view)
                if surely and not (child.goes_on or quietly):
                    break
        if not taken:
            yield node

    def _is_shadow(self, node: Node) -> bool:
        return node.name is not None and self.rules[node.name].shadow

    def _is_timely(self, match: Match, subject: Subject) -> bool:
        if match.min_confidence is not None and (subject.confidence or 0.0) < match.min_confidence:
            return False
        if match.during and not self.holds(match.during, subject.local, subject.armed):
            return False
        return not self.holds(match.except_during, subject.local, subject.armed)

    def _is_so(self, node: Node | Absent | Term, subject: Subject, view: list[Any]) -> bool:
        """Evaluate a node's expression; one that has no answer does not hold, and is counted."""
        if node.match.when is None:
            return True
        if not view:
            view.append(view_of(subject))
        try:
            return node.match.when.holds(view[0])
        except FailedError:
            metrics.RULES_FAILED.labels(node.name or "unnamed", "when").inc()
            return False


def _days(name: str, calendar: Calendar, folder: Path | None) -> Days:
    try:
        return Days(calendar, folder)
    except ConfigurationError as error:
        raise ConfigurationError(f"calendar {name!r}: {error}") from error


def _is_of_kind(match: Match, subject: Subject) -> bool:
    if match.record not in (None, subject.record):
        return False
    if subject.record == "sighting":
        return not match.kinds and _type_matches(match.event_types, subject.event_type)
    return not match.event_types and (not match.kinds or subject.kind in match.kinds)


def _type_matches(patterns: tuple[str, ...], event_type: str) -> bool:
    if event_type.startswith(PLATES):
        patterns = tuple(pattern for pattern in patterns if pattern.startswith(PLATES))
        if not patterns:
            return False
    return not patterns or any(_fits(pattern, event_type) for pattern in patterns)


def _fits(pattern: str, event_type: str) -> bool:
    return event_type.startswith(pattern[:-1]) if pattern.endswith("*") else event_type == pattern


def _is_in_place(match: Match, subject: Subject) -> bool:
    return (
        (not match.sites or subject.site_id in match.sites)
        and (not match.zones or any(zone in match.zones for zone in subject.zones))
        and (not match.devices or subject.device_id in match.devices)
        and (not match.object_classes or subject.object_class in match.object_classes)
        and (not match.entries or subject.entry_id in match.entries)
        and (not match.authorisations or subject.authorisation_id in match.authorisations)
        and (not match.priorities or subject.priority in match.priorities)
        and match.device_known in (None, subject.device_known)
    )


def _places(subject: Subject) -> dict[str, tuple[object, ...]]:
    """Return what `_is_in_place` compares, by the name of the condition."""
    return {
        "sites": (subject.site_id,),
        "zones": subject.zones,
        "devices": (subject.device_id,),
        "object_classes": (subject.object_class,),
        "entries": (subject.entry_id,),
        "authorisations": (subject.authorisation_id,),
        "priorities": (subject.priority,),
    }


def _said(values: object) -> str:
    if isinstance(values, tuple):
        return ", ".join(map(str, values)) or "nothing"
    return str(values)


def _intervals(node: "AnyNode") -> Iterator[str]:
    """Yield the names of the time intervals that a rule names."""
    matches = (match for _, match in node.terms()) if isinstance(node, Correlation) else iter((node.match,))
    for match in matches:
        yield from (*match.during, *match.except_during)
    yield from (*node.mute, *node.active)


def _beside(routes: "Routes") -> Iterator[tuple[Absent | Correlation, dict[str, Any]]]:
    """Yield the rules beside the tree, with what they inherit of the root."""
    root = {name: getattr(routes.route, name) for name in Options.model_fields if name in routes.route.model_fields_set}
    nodes: tuple[Absent | Correlation, ...] = (*routes.absent, *routes.correlations)
    for node in nodes:
        own = {name: getattr(node, name) for name in Options.model_fields if name in node.model_fields_set}
        yield node, {**root, **own}


def _walk(node: Node, inherited: dict[str, Any]) -> Iterator[tuple[Node, dict[str, Any]]]:
    own = {name: getattr(node, name) for name in Options.model_fields if name in node.model_fields_set}
    options = {**inherited, **own}
    yield node, options
    for child in node.routes:
        yield from _walk(child, options)
