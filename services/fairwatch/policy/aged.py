"""What was deleted since it was old enough: counted by store and day, so that each day has one receipt for each."""

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import State
from fairwatch.domain.records import ErasureReceipt

PREFIX = "aged:"
MICROS = 1_000_000


class Day(NamedTuple):
    """What went on one day."""

    store: str
    day: str
    objects: int
    hours: int
    sealed: bool


class AgedTally:
    """Counts in the state of a processor, in partition 0, so that a restart loses nothing.

    Args:
        state: Its keys begin with `aged:`.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, partitions: Container[int], deleted: Mapping[str, tuple[int, int, bool]], now: int) -> list[Day]:
        """Count what a round deleted, and return the days that are over.

        Args:
            partitions: Those of this worker.
            deleted: By store: objects, how old they were in hours, whether the store is sealed.
            now: Microseconds UTC.
        """
        if 0 not in partitions:
            return []
        today, over = datetime.fromtimestamp(now / MICROS, UTC).date().isoformat(), list[Day]()
        for one in list(self._counted()):
            if one.day != today:
                self._state.delete(0, PREFIX + one.store)
                over.append(one)
        for store, (objects, hours, sealed) in deleted.items():
            known = self._state.get(0, PREFIX + store) or {"objects": 0}
            said = {"day": today, "objects": known["objects"] + objects, "hours": hours, "sealed": sealed}
            self._state.put(0, PREFIX + store, said)
        return over

    def _counted(self) -> Iterator[Day]:
        for key, value in self._state.items(0):
            if key.startswith(PREFIX):
                store = key.removeprefix(PREFIX)
                yield Day(store, value["day"], value["objects"], value["hours"], value["sealed"])


def aged_receipt(day: Day, at: int) -> ErasureReceipt:
    """Return the receipt of a day, not yet signed; `at` in microseconds UTC."""
    subject, detail = f"store:{day.store}", f"on {day.day}, older than {day.hours} h"
    sealed = "their keys went with them, those of days when all of a day was old enough"
    keys = sealed if day.sealed else "they were not sealed: copies of the store show them"
    return {
        "receipt_id": stable_id("erasure", subject, day.day, at),
        "subject": subject,
        "kind": "PICTURE" if day.store == "media" else "UNKNOWN",
        "authorisation_id": None,
        "reason": "retention",
        "ordered_by": "processor:retain",
        "at": at,
        "entries": [],
        "candidates": [],
        "alerts": [],
        "pictures_only": True,
        "holds": [],
        "stores": [
            {"store": day.store, "outcome": "DELETED", "objects": day.objects, "until": None, "detail": detail},
            {
                "store": "data-keys", "outcome": "DELETED" if day.sealed else "NONE",
                "objects": 0, "until": None, "detail": keys,
            },
            {
                "store": "backups", "outcome": "NONE" if day.sealed else "KEPT",
                "objects": 0, "until": None, "detail": "those made before" if not day.sealed else "dead with the keys",
            },
        ],
        "key_id": None,
        "signature": "",
    }  # fmt: skip
