"""What a rule can never take, because its conditions contradict each other or no device stands where it looks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairwatch.policy.device_status import site_of
from fairwatch.policy.routing import Node, RouteTree
from fairwatch.policy.rule_options import Match

OF_VERDICTS = ("kinds", "entries", "authorisations", "priorities")  # what only a verdict says
Devices = Mapping[str, Mapping[str, Any]]  # records by id


def reach_faults(tree: RouteTree, devices: Devices | None) -> Iterator[str]:
    """Yield why a rule can never raise an alert, as sentences that name it; devices are not looked at where None."""
    for name, path in _paths(tree):
        if reason := next((reason for match in path for reason in _contradictions(match)), None):
            yield f"rule {name!r} never holds: {reason}"
        elif (
            devices is not None and _asks_where(path) and not any(_fits(one, path, devices) for one in devices.items())
        ):
            yield f"rule {name!r}: no device fulfils it: none that is known stands where it looks"


def condition_faults(tree: RouteTree) -> Iterator[str]:
    """Yield which conditions can never hold, whatever is seen."""
    for label, expression in _conditions(tree):
        if (answer := expression.constant()) is not None and answer != "true":
            yield f"{label} {'never holds' if answer == 'false' else 'never has an answer'}: {expression}"


def condition_notes(tree: RouteTree) -> Iterator[str]:
    """Yield which conditions always hold, so that they say nothing."""
    for label, expression in _conditions(tree):
        if expression.constant() == "true":
            yield f"{label} always holds: {expression}"


def _conditions(tree: RouteTree) -> Iterator[tuple[str, Any]]:
    for name, match in tree.matches.items():
        if match.when is not None:
            yield f"rule {name!r}: when", match.when
    for name, rule in tree.rules.items():
        if rule.tell_when is not None:
            yield f"rule {name!r}: tell_when", rule.tell_when


def _paths(tree: RouteTree) -> Iterator[tuple[str, Sequence[Match]]]:
    """Yield each rule with all that has to hold for it: what it asks itself, and what those above it ask."""
    routed = dict(_below(tree.routes.route, ()))
    yield from routed.items()
    yield from ((name, (match,)) for name, match in tree.matches.items() if name not in routed)


def _below(node: Node, above: tuple[Match, ...]) -> Iterator[tuple[str, Sequence[Match]]]:
    path = (*above, node.match)
    if node.name:
        yield node.name, path
    for child in node.routes:
        yield from _below(child, path)


def _contradictions(match: Match) -> Iterator[str]:
    if match.during and set(match.during) <= set(match.except_during):
        yield f"during and except_during both name {', '.join(match.during)}"
    said = [name for name in OF_VERDICTS if getattr(match, name)]
    if said and (match.event_types or match.record == "sighting"):
        yield f"a sighting has no {said[0]}"
    of_a_verdict = match.kinds or match.record == "verdict"
    if of_a_verdict and match.object_classes and "UNKNOWN" not in match.object_classes:
        yield "a verdict has no object class"


def _asks_where(path: Sequence[Match]) -> bool:
    """Tell whether a rule asks for places, and not for devices that nobody registered."""
    return not any(match.device_known is False for match in path) and any(
        match.devices or match.sites or match.zones for match in path
    )


def _fits(device: tuple[str, Mapping[str, Any]], path: Sequence[Match], devices: Devices) -> bool:
    device_id, record = device
    site = site_of(record, devices.get(record.get("parent_id") or ""))
    zones = {zone["zone_id"] for zone in record.get("zones", ())}
    return all(
        (not match.devices or device_id in match.devices)
        and (not match.sites or site in match.sites)
        and (not match.zones or bool(zones & set(match.zones)))
        for match in path
    )
