"""Which children of a node can match a subject at all, so that hundreds of rules are not asked one by one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.policy.subject import Subject


class Selective(Protocol):
    """The conditions that an index can stand in front of."""

    devices: tuple[str, ...]
    zones: tuple[str, ...]
    entries: tuple[str, ...]
    sites: tuple[str, ...]
    event_types: tuple[str, ...]


Child = TypeVar("Child")


class Children(Generic[Child]):
    """The children of a node, each found by the most selective thing that it asks for.

    Args:
        rows: Each child with its conditions, in the order of the file.
    """

    def __init__(self, rows: Sequence[tuple[Child, Selective]]) -> None:
        self._rows = [child for child, _ in rows]
        self._always: list[int] = []
        self._found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, (_, match) in enumerate(rows):
            keys = list(_keys(match))
            for key in keys:
                self._found[key].append(number)
            if not keys:
                self._always.append(number)

    def of(self, subject: Subject) -> Iterable[Child]:
        """Return the children that may match, in the order of the file."""
        found = self._found
        if not found:
            return self._rows
        numbers = set(self._always)
        numbers.update(found.get(("device", subject.device_id), ()))
        numbers.update(found.get(("event", subject.event_type), ()))
        numbers.update(found.get(("site", subject.site_id or ""), ()))
        numbers.update(found.get(("entry", subject.entry_id or ""), ()))
        for zone in subject.zones:
            numbers.update(found.get(("zone", zone), ()))
        return [self._rows[number] for number in sorted(numbers)]


def _keys(match: Selective) -> Iterable[tuple[str, str]]:
    """Return what a child is found by: one kind of things; nothing where it asks for none of these."""
    asked: Mapping[str, tuple[str, ...]] = {
        "device": match.devices,
        "entry": match.entries,
        "zone": match.zones,
        "site": match.sites,
    }
    for kind, values in asked.items():
        if values:
            return [(kind, value) for value in values]
    return [("event", name) for pattern in match.event_types for name in EVENT_TYPES if _fits(pattern, name)]


def _fits(pattern: str, event_type: str) -> bool:
    return event_type.startswith(pattern[:-1]) if pattern.endswith("*") else event_type == pattern
