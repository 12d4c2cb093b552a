"""To which incident of its place an event belongs, and which ones it shows to be one."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from fairwatch.policy.incidents.spans import distance

OPEN_LIMIT = 64  # incidents of one place that are open at once
Entry = Mapping[str, Any]  # {id, spans, parted}


def chosen(entries: Sequence[Entry], at: int, within: int, own: Container[str]) -> list[str]:
    """Return the ids of the incidents to which an event belongs, the one that takes the others in first.

    What a person split is kept apart: it takes an event only where nothing else does, or where its alert is in it.

    Args:
        entries: Open incidents of the place.
        at: When it happened, microseconds.
        within: How far it may be from an event of the incident, microseconds.
        own: Ids of incidents that have events of the same alert.
    """
    near = [each for each in entries if distance(each["spans"], at) <= within]
    apart = [each for each in near if each["parted"]]
    apart.sort(key=lambda each: (distance(each["spans"], at), each["id"]))
    if mine := [each["id"] for each in apart if each["id"] in own]:
        return mine[:1]
    whole = sorted((each for each in near if not each["parted"]), key=lambda each: (each["spans"][0][0], each["id"]))
    if whole:
        return [each["id"] for each in whole]
    return [each["id"] for each in apart[:1]]
