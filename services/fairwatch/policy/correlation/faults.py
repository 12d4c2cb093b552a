"""What is wrong with rules of several events that are written correctly: what can never come true."""

from collections.abc import Iterator

from fairwatch.policy.causes import MOMENTS
from fairwatch.policy.correlation.rules import Correlation
from fairwatch.policy.rule_options import Match, types_of

VERDICTS = ("entry_id", "candidate_id", "authorisation_id")  # what only a verdict says


def correlation_faults(rule: Correlation) -> Iterator[str]:
    """Yield each fault as a sentence that names the rule."""
    label = f"rule {rule.name!r}"
    places = {"device_id": rule.match.devices, "site_id": rule.match.sites, "event_type": rule.match.event_types}
    named = places.get(rule.distinct or "", ())
    if rule.count and named and not any(each.endswith("*") for each in named) and len(named) < rule.count:
        yield f"{label} never comes true: it counts {rule.count} different ones, and match names {len(named)}"
    for part, match in rule.terms():
        for field in rule.per:
            if field in VERDICTS and _is_of_sightings(match):
                yield f"{label} never comes true: a sighting has no {field}, and {part} is of sightings"
            if field == "plate" and not _reads_plates(match):
                yield f"{label} never comes true: {part} matches nothing with a plate"
    if rule.dwell and rule.gap is None and _are_moments(rule.match):
        yield f"{label}: what it matches are moments, which have no end: say with `gap` how often it must be seen"
    if rule.dwell and rule.gap and rule.gap >= rule.dwell:
        yield f"{label}: gap is not shorter than dwell: two events are enough, and `count: 2` says that"


def _is_of_sightings(match: Match) -> bool:
    return bool(match.event_types) or match.record == "sighting"


def _reads_plates(match: Match) -> bool:
    if match.kinds or match.record == "verdict":
        return not match.kinds or "PLATE" in match.kinds
    return any(name.startswith("plate.") for name in types_of(match))


def _are_moments(match: Match) -> bool:
    types = types_of(match)
    return bool(match.kinds) or (bool(types) and all(name.startswith(MOMENTS) for name in types))
