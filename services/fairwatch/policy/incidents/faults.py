"""What is wrong with rules of incidents that are written correctly: names that nothing has."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.policy.incidents.rules import IncidentRule
from fairwatch.policy.rule_options import Options

Records = Mapping[str, Mapping[str, Any]]


def incident_faults(
    rule: IncidentRule, rules: Mapping[str, Options], sites: Records | None, devices: Records | None
) -> Iterator[str]:
    """Yield each fault as a sentence that names the rule.

    Args:
        rule: A rule of incidents.
        rules: Those that raise alerts, by name.
        sites: Those that are known, by id; None where none is.
        devices: Likewise.
    """
    label = f"incidents {rule.name!r}"
    for name in rule.rules:
        if name not in rules:
            yield f"{label}: there is no rule {name!r}"
        elif rules[name].shadow:
            yield f"{label}: rule {name!r} is a shadow: it raises no alert that could take part"
    for name in rule.sites:
        if sites is not None and name not in sites:
            yield f"{label}: site {name!r} is not known"
    if devices is not None:
        yield from (f"{label}: {fault}" for fault in _unknown(rule, devices))


def _unknown(rule: IncidentRule, devices: Records) -> Iterator[str]:
    zones = {zone["zone_id"] for device in devices.values() for zone in device.get("zones", ())}
    yield from (f"zone {name!r} is not known" for name in rule.zones if name not in zones)
    for name in dict.fromkeys(_cameras(rule)):
        if name not in devices:
            yield f"device {name!r} is not known"
        elif rule.devices and name not in rule.devices:
            yield f"device {name!r} is not among its devices, so nothing of it takes part"


def _cameras(rule: IncidentRule) -> Iterator[str]:
    yield from rule.devices
    for cameras in rule.overlaps:
        yield from cameras
    for transit in rule.transits:
        yield from (transit.start, transit.end)
