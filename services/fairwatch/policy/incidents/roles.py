"""What a kind of event is to an incident: somebody, a vehicle, a way in, a line around it."""

from collections.abc import Mapping
from typing import Final, Literal

Role = Literal["SUBJECT", "VEHICLE", "ACCESS", "PERIMETER", "HAZARD", "TECHNICAL", "OTHER"]
ROLES: Final[Mapping[str, Role]] = {
    "watchlist.face": "SUBJECT",
    "watchlist.plate": "VEHICLE",
    "person.": "SUBJECT",
    "object.": "SUBJECT",
    "plate.": "VEHICLE",
    "vehicle.": "VEHICLE",
    "traffic.": "VEHICLE",
    "access.": "ACCESS",
    "io.": "ACCESS",
    "line.": "PERIMETER",
    "zone.": "PERIMETER",
    "fire.": "HAZARD",
    "smoke.": "HAZARD",
    "device.": "TECHNICAL",
    "tamper.": "TECHNICAL",
}


def role_of(rule: str, event_type: str, own: Mapping[str, Role]) -> Role:
    """Return the role of an event; what an incident's rule says itself goes first, the longest name of all.

    Args:
        rule: That raised the alert.
        event_type: Of the event.
        own: Roles by name of a rule, by event type, or by the beginning of one followed by `*`.
    """
    if rule in own:
        return own[rule]
    said = {name: role for name, role in own.items() if _fits(name, event_type)}
    if said:
        return said[max(said, key=len)]
    return next((role for name, role in ROLES.items() if event_type.startswith(name)), "OTHER")


def _fits(name: str, event_type: str) -> bool:
    return event_type.startswith(name[:-1]) if name.endswith("*") else event_type == name
