"""Ends that a receiver is owed: it was told of the beginning, and a storm leaves no room for the end yet.

A digest says that something ended; it ends nothing with a receiver that keeps what it was told, such as a paging
service. So these wait for the next free place, half of which are theirs while any waits.
"""

from collections.abc import Iterator, Sequence

from fairwatch.domain.agenda import BESIDE, Agenda
from fairwatch.sinks.holding import Release
from fairwatch.sinks.lane import Place

LEAST, MOST = 1_000_000, 60_000_000  # microseconds after which a place is looked for again
LOOKS = 20  # in the time of a limit


class OwedEnds:
    """The ends that wait, at most one for each group and receiver.

    Args:
        agenda: Keeps them beside the ledgers, in a lane for each receiver.
        within: The longest time of a limit, in microseconds.
    """

    def __init__(self, agenda: Agenda, within: int) -> None:
        self._agenda = agenda
        self._pause = min(MOST, max(LEAST, within // LOOKS))

    def put(self, place: Place, name: str, release: Release, now: int) -> None:
        """Let an end wait for a receiver."""
        value = {"alert": dict(release.alert), "offset": release.offset, "trace": release.trace}
        later = {"instead_of": release.instead_of, "next_at": now + self._pause}
        self._agenda.put(place[0], _lane(name) + place[1], value | later)

    def take(self, place: Place, name: str) -> Release | None:
        """Take out what waits in a place; None for nothing."""
        key = _lane(name) + place[1]
        value = self._agenda.get(place[0], key)
        if value is None:
            return None
        self._agenda.delete(place[0], key)
        return Release(value["alert"], value["offset"], value["trace"], 0, value.get("instead_of"))

    def owes(self, name: str) -> bool:
        """Tell whether anything waits for a receiver."""
        return self._agenda.next_at(_lane(name)) is not None

    def due(self, name: str, partitions: Sequence[int], now: int) -> Iterator[Place]:
        """Yield the places of what may look for room now."""
        for partition, key, _ in list(self._agenda.due(partitions, now, _lane(name))):
            yield partition, key.removeprefix(_lane(name))

    def due_at(self, names: Sequence[str]) -> int | None:
        """Return when something looks for room next, in microseconds."""
        moments = (self._agenda.next_at(_lane(name)) for name in names)
        return min((moment for moment in moments if moment is not None), default=None)


def _lane(name: str) -> str:
    return f"{BESIDE}owed {name}|"
