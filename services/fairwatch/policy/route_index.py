"""Which children of a node can match a subject at all, so that hundreds of rules are not asked one by one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
Place = tuple[str, str]  # kind of a thing, which one


@dataclass(frozen=True, slots=True)
class _Index(Generic[Child]):
    """The children that ask for one type of events, or for none.

    Attributes:
        always: Numbers of those that ask for no place, too.
        all_of_these: They themselves.
        found: Numbers of the others by the most selective thing that they ask for.
    """

    always: list[int]
    all_of_these: list[Child]
    found: Mapping[Place, list[int]]


class Children(Generic[Child]):
    """The children of a node, each found by the type of events that it asks for, and the most selective thing.

    Args:
        rows: Each child with its conditions, in the order of the file.
    """

    def __init__(self, rows: Sequence[tuple[Child, Selective]]) -> None:
        self._rows = [child for child, _ in rows]
        self._asked = [(_places(match), _types(match)) for _, match in rows]
        self._indexes: dict[str, _Index[Child]] = {}

    def of(self, subject: Subject) -> Iterable[Child]:
        """Return the children that may match, in the order of the file."""
        event_type = subject.event_type if subject.event_type in EVENT_TYPES else ""
        index = self._indexes.get(event_type)
        if index is None:
            index = self._indexes[event_type] = self._index(event_type)
        found = index.found
        if not found:
            return index.all_of_these
        places = [("device", subject.device_id), ("site", subject.site_id or ""), ("entry", subject.entry_id or "")]
        places += [("zone", zone) for zone in subject.zones]
        hits = [numbers for place in places if (numbers := found.get(place)) is not None]
        if not hits:
            return index.all_of_these
        rows = self._rows
        return [rows[number] for number in sorted(set(index.always).union(*hits))]

    def _index(self, event_type: str) -> _Index[Child]:
        always: list[int] = []
        found: dict[Place, list[int]] = defaultdict(list)
        for number, (places, types) in enumerate(self._asked):
            if types is not None and event_type not in types and (event_type or not places):
                continue
            for place in places:
                found[place].append(number)
            if not places:
                always.append(number)
        return _Index(always, [self._rows[number] for number in always], dict(found))


def _places(match: Selective) -> list[Place]:
    """Return what a child is found by: one kind of things; nothing where it asks for none of these."""
    asked: Mapping[str, tuple[str, ...]] = {
        "device": match.devices,
        "entry": match.entries,
        "zone": match.zones,
        "site": match.sites,
    }
    return next(([(kind, value) for value in values] for kind, values in asked.items() if values), [])


def _types(match: Selective) -> frozenset[str] | None:
    """Return the types of events that a child asks for; None for all of them."""
    if not match.event_types:
        return None
    return frozenset(name for name in EVENT_TYPES if any(_fits(pattern, name) for pattern in match.event_types))


def _fits(pattern: str, event_type: str) -> bool:
    return event_type.startswith(pattern[:-1]) if pattern.endswith("*") else event_type == pattern
