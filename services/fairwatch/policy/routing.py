"""The route tree: which alert a sighting or a verdict raises, for whom, in Alertmanager's semantics.

A node that matches hands the subject to its children in order; the first child that matches takes it, and later ones
only see it when that child says `continue`. A subject that no child takes stays with the node. A node with a name is
a rule and raises an alert; one without a name only passes its options down.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.policy.calendars import Calendar, Days
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.duration import Duration
from fairwatch.policy.expression import Expression, FailedError, view_of
from fairwatch.policy.route_index import Children
from fairwatch.policy.subject import CLAIMS, GROUP_FIELDS, Subject
from fairwatch.policy.template import Template, TitleTemplate
from fairwatch.policy.time_interval import TimeInterval
from fairwatch.telemetry import metrics

NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
PLATES = "plate."  # a rule must name these; neither "everything" nor a wider glob reaches what reads every car


def _event_type(value: object) -> object:
    """Check an event type, or a prefix of one followed by `*`."""
    text = str(value)
    if text.startswith("face.") or text in CLAIMS:
        raise ValueError("raises no alert by itself: match verdicts of kind FACE or PLATE")
    known = any(name.startswith(text[:-1]) for name in EVENT_TYPES) if text.endswith("*") else text in EVENT_TYPES
    if not known:
        raise ValueError("is no event type and no prefix of one followed by *")
    return text


Category = Literal["Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "Other"]
EventPattern = Annotated[str, BeforeValidator(_event_type)]


class Strict(BaseModel):
    """A model in which a typing error is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(Strict):
    """Conditions; all that are given must hold, and each holds for any of its values."""

    record: Literal["sighting", "verdict"] | None = None
    event_types: tuple[EventPattern, ...] = ()
    kinds: tuple[Literal["FACE", "PLATE"], ...] = ()
    sites: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    object_classes: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    authorisations: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    device_known: bool | None = None
    min_confidence: float | None = Field(default=None, ge=0, le=1)
    during: tuple[str, ...] = ()
    except_during: tuple[str, ...] = ()
    when: Expression | None = None

    @model_validator(mode="after")
    def _kinds_are_of_verdicts(self) -> "Match":
        if self.event_types and (self.kinds or self.record == "verdict"):
            raise ValueError("event_types are of sightings and kinds of verdicts: give one of them")
        return self


class Options(Strict):
    """What a rule's alert is like and how it is grouped; a child inherits what it does not say.

    `shadow: true` lets a rule run and tells nobody: it takes nothing from the rules after it, and is counted. `mute`
    and `active` name time intervals: within the former, and outside of the latter, alerts are told to nobody.
    """

    receivers: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ("device_id",)
    group_wait: Duration = timedelta(0)
    group_interval: Duration = timedelta(seconds=30)
    repeat_interval: Duration | None = None
    resolve_after: Duration = timedelta(minutes=10)
    stale_after: Duration = timedelta(days=7)
    tell_progress: bool = False
    shadow: bool = False
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    escalation: str | None = Field(default=None, pattern=NAME, description="a policy of escalations.yaml")
    title: TitleTemplate = TitleTemplate(TitleTemplate.plain)
    description: Template = Template("")
    category: Literal["Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "Other"] = (
        "Security"
    )
    severity: Literal["UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"] = "UNKNOWN"
    urgency: Literal["UNKNOWN", "IMMEDIATE", "EXPECTED", "FUTURE", "PAST"] = "UNKNOWN"

    @model_validator(mode="after")
    def _grouping_is_known(self) -> "Options":
        unknown = sorted(set(self.group_by) - GROUP_FIELDS)
        if unknown:
            raise ValueError(
                f"group_by has the unknown field {unknown[0]!r}; known are {', '.join(sorted(GROUP_FIELDS))}"
            )
        return self


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

    calendars: dict[str, Calendar] = {}
    time_intervals: dict[str, tuple[TimeInterval, ...]] = {}
    route: Node
    absent: tuple[Absent, ...] = ()

    @model_validator(mode="after")
    def _calendars_are_known(self) -> "Routes":
        for name, intervals in self.time_intervals.items():
            for calendar in {calendar for interval in intervals for calendar in interval.calendars}:
                if calendar not in self.calendars:
                    raise ValueError(f"time interval {name!r}: calendar {calendar!r} is not in calendars")
        return self

    @model_validator(mode="after")
    def _is_sound(self) -> "Routes":
        if self.route.match != Match() or self.route.goes_on:
            raise ValueError("route: the root takes everything: it has neither match nor continue")
        names: set[str] = set()
        rules: list[tuple[Node | Absent, dict[str, Any]]] = [*_walk(self.route, {}), *_absent(self)]
        for node, options in rules:
            label = f"route {node.name!r}"
            for interval in (*node.match.during, *node.match.except_during, *node.mute, *node.active):
                if interval not in self.time_intervals:
                    raise ValueError(f"{label}: time interval {interval!r} is not in time_intervals")
            if node.name is None:
                continue
            if node.name in names:
                raise ValueError(f"{label}: the name is used twice")
            if not options.get("receivers"):
                raise ValueError(f"{label}: has no receivers, its own or inherited")
            names.add(node.name)
        return self


class Rule(Options):
    """A named node with everything it inherits; one of what is not heard says after how long."""

    name: str
    absent_after: Duration | None = None


class RouteTree:
    """Answers which rules take a subject.

    Args:
        routes: The validated file.
        folder: Where the files of its calendars lie.

    Attributes:
        rules: Each rule by name, with what it inherits.
        matches: What each rule asks for itself, by name.
        calendars: The days of each calendar, by name.

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
        for absent, options in _absent(routes):
            self.matches[absent.name] = absent.match
            self.rules[absent.name] = Rule(name=absent.name, absent_after=absent.after, **options)
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

    def armed(self, name: str, local: datetime) -> bool:
        """Tell whether a local time lies within a rule's `during`, and outside of its `except_during`."""
        match = self.matches.get(name, Match())
        return (not match.during or self.holds(match.during, local)) and not self.holds(match.except_during, local)

    def holds(self, names: tuple[str, ...], local: datetime) -> bool:
        """Tell whether a local time lies within one of several time intervals."""
        intervals = self.routes.time_intervals
        return any(interval.holds(local, self.calendars) for name in names for interval in intervals[name])

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
        if match.during and not any(self._holds(name, subject) for name in match.during):
            return False
        return not any(self._holds(name, subject) for name in match.except_during)

    def _is_so(self, node: Node | Absent, subject: Subject, view: list[Any]) -> bool:
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

    def _holds(self, name: str, subject: Subject) -> bool:
        return any(interval.holds(subject.local, self.calendars) for interval in self.routes.time_intervals[name])


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


def _absent(routes: "Routes") -> Iterator[tuple[Absent, dict[str, Any]]]:
    """Yield the rules of what is not heard, with what they inherit of the root."""
    root = {name: getattr(routes.route, name) for name in Options.model_fields if name in routes.route.model_fields_set}
    for absent in routes.absent:
        own = {name: getattr(absent, name) for name in Options.model_fields if name in absent.model_fields_set}
        yield absent, {**root, **own}


def _walk(node: Node, inherited: dict[str, Any]) -> Iterator[tuple[Node, dict[str, Any]]]:
    own = {name: getattr(node, name) for name in Options.model_fields if name in node.model_fields_set}
    options = {**inherited, **own}
    yield node, options
    for child in node.routes:
        yield from _walk(child, options)
