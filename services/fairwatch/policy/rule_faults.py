"""What is wrong with rules that are written correctly: what can never happen, and what nobody can see."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fairwatch.domain.calendar import zone
from fairwatch.policy.causes import MOMENTS
from fairwatch.policy.correlation.faults import correlation_faults
from fairwatch.policy.incidents.faults import incident_faults
from fairwatch.policy.routing import Node, Routes, RouteTree
from fairwatch.policy.rule_options import Match, types_of
from fairwatch.policy.rule_overlaps import overlaps
from fairwatch.policy.rule_reach import condition_faults, condition_notes, reach_faults

LISTS = ("kinds", "sites", "zones", "devices", "object_classes", "entries", "authorisations", "priorities")
Reference = Mapping[str, Mapping[str, Any]]  # records by id


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of where cameras stand; None where nothing is."""

    sites: Reference | None = None
    devices: Reference | None = None


def rule_faults(tree: RouteTree, places: Places = Places(), today: date | None = None) -> Iterator[str]:  # frozen
    """Yield each fault as a sentence that names the rule."""
    for name, days in tree.calendars.items():
        if trouble := days.trouble(today or date.today()):  # noqa: DTZ011  a day more or less is no matter
            yield f"calendar {name!r} {trouble}"
    yield from _unreachable(tree.routes.route, "route")
    for rule in (rule for name, rule in tree.rules.items() if name not in tree.correlations):
        quiet, repeat = rule.resolve_after, rule.repeat_interval
        if repeat is not None and repeat >= quiet and _ages_out(tree.matches[rule.name]):
            yield f"rule {rule.name!r}: repeat_interval never comes: without another one it is over after {quiet}"
        if rule.group_wait > quiet:
            yield f"rule {rule.name!r}: group_wait is longer than resolve_after: it is over before it is told"
    for correlation in tree.correlations.values():
        yield from correlation_faults(correlation)
    for incident in tree.incidents.values():
        yield from incident_faults(incident, tree.rules, places.sites, places.devices)
    unknown = list(_unknown_places(tree, places))
    yield from unknown
    yield from condition_faults(tree)
    yield from reach_faults(tree, None if unknown else places.devices)  # where nobody knows the place, that is said
    yield from _zones_of_sites(tree.routes, places)


def rule_notes(tree: RouteTree) -> Iterator[str]:
    """Yield what may be meant and often is not, as sentences: rules that overlap, and conditions that say nothing."""
    yield from condition_notes(tree)
    yield from overlaps(tree)


def _unreachable(node: Node, path: str) -> Iterator[str]:
    for number, child in enumerate(node.routes):
        label = child.name or f"{path}.routes[{number}]"
        for earlier in node.routes[:number]:
            if not (earlier.goes_on or earlier.shadow) and _covers(earlier.match, child.match):
                first = earlier.name or "an earlier one without a name"
                yield f"rule {label!r} is never reached: {first!r} takes all that it would, and does not continue"
                break
        yield from _unreachable(child, label)


def _covers(wider: Match, narrower: Match) -> bool:
    """Tell whether whatever the narrower match takes is taken by the wider one, as far as can be seen."""
    return (
        all(_is_within(getattr(narrower, name), getattr(wider, name)) for name in LISTS)
        and _covers_types(wider, narrower)
        and (wider.when is None or wider.when == narrower.when)
        and (not wider.during or wider.during == narrower.during)
        and set(wider.except_during) <= set(narrower.except_during)
        and wider.record in (None, narrower.record)
        and wider.device_known in (None, narrower.device_known)
        and (wider.min_confidence or 0.0) <= (narrower.min_confidence or 0.0)
    )


def _is_within(narrower: tuple[object, ...], wider: tuple[object, ...]) -> bool:
    return not wider or (bool(narrower) and set(narrower) <= set(wider))


def _covers_types(wider: Match, narrower: Match) -> bool:
    if wider.event_types:
        return bool(narrower.event_types) and types_of(narrower) <= types_of(wider)
    return not any(each.startswith("plate.") for each in narrower.event_types)  # a rule for plates has to name them


def _ages_out(match: Match) -> bool:
    """Tell whether all that a rule takes are moments, which nothing prolongs but another one."""
    return bool(match.kinds) or (bool(match.event_types) and all(each.startswith(MOMENTS) for each in types_of(match)))


def _unknown_places(tree: RouteTree, places: Places) -> Iterator[str]:
    known: dict[str, Collection[str] | None] = {
        "sites": places.sites,
        "devices": places.devices,
        "zones": None if places.devices is None else _zones(places.devices),
    }
    matches = {f"rule {name!r}": match for name, match in tree.matches.items()}
    for number, arming in enumerate(tree.routes.arming):
        parts = {"": Match(sites=arming.sites), ".by": arming.by, ".off": arming.off}
        matches |= {f"arming[{number}]{part}": match for part, match in parts.items() if match is not None}
    for label, match in matches.items():
        for what, there in known.items():
            for wanted in getattr(match, what) if there is not None else ():
                if wanted not in (there or ()):
                    yield f"{label}: {what[:-1]} {wanted!r} is not known"


def _zones(devices: Reference) -> set[str]:
    return {zone["zone_id"] for device in devices.values() for zone in device.get("zones", ())}


def _zones_of_sites(routes: Routes, places: Places) -> Iterator[str]:
    for site_id, site in (places.sites or {}).items():
        name = site.get("time_zone")
        if name and zone(name) is None:
            yield f"site {site_id!r}: time_zone {name!r} is no IANA zone"
        elif not name and routes.time_intervals:
            yield f"site {site_id!r} has no time_zone: nights and working hours there are those of UTC"
