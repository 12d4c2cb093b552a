"""What one receiver has had of one alert and what it still waits for, as a value that passes through JSON."""

from collections.abc import Mapping
from typing import Any

KEEP = 7 * 86_400_000_000
QUEUE_LIMIT = 50
FAILED_LIMIT = 50


class Ledger:
    """The ledger of one alert and receiver.

    Args:
        value: {done, failed, queue, next_at, at}: the highest revision that is finished, those of them that failed,
            items {alert, attempt, offset, trace} in order, when the first is due, and the last change; microseconds.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    @staticmethod
    def empty() -> dict[str, Any]:
        """Return the value of a receiver that has had nothing."""
        return {"done": -1, "failed": [], "queue": [], "next_at": 0, "at": 0}

    @property
    def waiting(self) -> bool:
        """Whether anything waits."""
        return bool(self.value["queue"])

    @property
    def head(self) -> dict[str, Any]:
        """The item that is due first."""
        item: dict[str, Any] = self.value["queue"][0]
        return item

    @property
    def next_at(self) -> int:
        """When the head is due."""
        return int(self.value["next_at"])

    def knows(self, revision: int) -> bool:
        """Tell whether a revision is done or waits; one that failed may come again from the dead letters."""
        if revision in self.value["failed"]:
            return False
        return revision <= self.value["done"] or any(i["alert"]["revision"] == revision for i in self.value["queue"])

    def append(self, alert: Mapping[str, Any], offset: int, now: int, trace: bytes = b"") -> dict[str, Any] | None:
        """Queue a revision; return the one that it supersedes when too many wait.

        Each revision holds the full state, so the oldest but the head, which may be on its way, can go.
        """
        queue = self.value["queue"]
        queue.append({"alert": dict(alert), "attempt": 0, "offset": offset, "trace": trace.decode()})
        self.value["at"] = now
        return queue.pop(1)["alert"] if len(queue) > QUEUE_LIMIT else None

    def count_attempt(self) -> int:
        """Count an attempt to deliver the head and return how many there have been."""
        self.head["attempt"] += 1
        return int(self.head["attempt"])

    def postpone(self, until: int) -> None:
        """Try the head again at a later time."""
        self.value["next_at"] = until

    def finish(self, now: int, *, failed: bool) -> None:
        """Take the head out, delivered or given up."""
        revision = self.value["queue"].pop(0)["alert"]["revision"]
        others = [earlier for earlier in self.value["failed"] if earlier != revision]
        self.value["failed"] = [*others, revision][-FAILED_LIMIT:] if failed else others
        self.value["done"] = max(self.value["done"], revision)
        self.value["at"] = now


def due_at(value: Mapping[str, Any]) -> int:
    """Return when a ledger has to be looked at next, in microseconds."""
    return int(value["next_at"]) if value["queue"] else int(value["at"]) + KEEP
