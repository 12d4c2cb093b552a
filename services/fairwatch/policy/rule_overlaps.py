"""Which rules take the same events: what both would take is told twice, or by the first of them only."""

from collections.abc import Iterator

from fairwatch.policy.conjuncts import exclude
from fairwatch.policy.routing import Node, RouteTree
from fairwatch.policy.rule_options import Match, types_of

PLACES = ("kinds", "sites", "zones", "devices", "object_classes", "entries", "authorisations", "priorities")


def overlaps(tree: RouteTree) -> Iterator[str]:
    """Yield each pair as a sentence; a rule behind a narrower one of its kind is meant so, and is none."""
    yield from _among(tree, tree.routes.route, "route")


def _among(tree: RouteTree, node: Node, path: str) -> Iterator[str]:
    for number, child in enumerate(node.routes):
        label = child.name or f"{path}.routes[{number}]"
        for place, earlier in enumerate(node.routes[:number]):
            if earlier.shadow or child.shadow or not meet(earlier.match, child.match):
                continue
            first = earlier.name or f"{path}.routes[{place}]"
            shared = _receivers(tree, earlier) & _receivers(tree, child)
            if earlier.goes_on and shared:
                yield f"{first!r} and {label!r} overlap: {', '.join(sorted(shared))} is told twice of what both take"
            elif not earlier.goes_on and _differ(earlier.match, child.match):
                yield f"{first!r} and {label!r} overlap: what both would take is told by {first!r} only"
        yield from _among(tree, child, label)


def meet(one: Match, other: Match) -> bool:
    """Tell whether something can be taken by both, as far as can be seen: of `when` only comparisons are looked at."""
    if {one.record, other.record} == {"sighting", "verdict"} or not _share_types(one, other):
        return False
    if set(one.during) & set(other.except_during) or set(other.during) & set(one.except_during):
        return False
    if one.during and other.during and not set(one.during) & set(other.during):
        return False
    if None not in (one.device_known, other.device_known) and one.device_known != other.device_known:
        return False
    whens = [each.when.text for each in (one, other) if each.when is not None]
    if len(set(whens)) > 1 and exclude(*whens) is not False:
        return False
    return all(_share(set(getattr(one, name)), set(getattr(other, name))) for name in PLACES)


def _share(one: set[object], other: set[object]) -> bool:
    return not one or not other or bool(one & other)


def _share_types(one: Match, other: Match) -> bool:
    types, others = types_of(one), types_of(other)
    if types and others:
        return bool(types & others)
    named, plain = (types, other) if types else (others, one)
    if named:  # a rule for plates has to name them, and verdicts have no event type
        return not (plain.kinds or plain.record == "verdict") and any(not name.startswith("plate.") for name in named)
    return True


def _differ(first: Match, second: Match) -> bool:
    """Tell whether each asks for something that the other does not: neither is the narrower one of two."""
    asked = [_asked(match) for match in (first, second)]
    return bool(asked[0] - asked[1]) and bool(asked[1] - asked[0])


def _asked(match: Match) -> set[str]:
    """Return of what a match says something, so that less is taken."""
    return {name for name in Match.model_fields if getattr(match, name) not in (None, ())}


def _receivers(tree: RouteTree, node: Node) -> set[str]:
    rule = tree.rules.get(node.name or "")
    found = set(rule.receivers) if rule else set[str]()
    for child in node.routes:
        found |= _receivers(tree, child)
    return found
