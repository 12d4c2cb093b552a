"""What one receiver still waits for of one alert, as a value that passes through JSON."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

QUEUE_LIMIT = 50


class Ledger:
    """The ledger of one alert and receiver; it ends with its queue.

    Args:
        value: {queue, next_at}: items {alert, attempt, offset, trace} in order, and when the first is due, in
            microseconds.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    @staticmethod
    def empty() -> dict[str, Any]:
        """Return the value of a receiver that waits for nothing."""
        return {"queue": [], "next_at": 0}

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

    def append(self, alert: Mapping[str, Any], offset: int, trace: bytes = b"") -> dict[str, Any] | None:
        """Queue a revision; return the one that it supersedes when too many wait.

        Each revision holds the full state, so the oldest but the head, which may be on its way, can go.
        """
        queue = self.value["queue"]
        queue.append({"alert": dict(alert), "attempt": 0, "offset": offset, "trace": trace.decode()})
        return queue.pop(1)["alert"] if len(queue) > QUEUE_LIMIT else None

    def count_attempt(self) -> int:
        """Count an attempt to deliver the head and return how many there have been."""
        self.head["attempt"] += 1
        return int(self.head["attempt"])

    def postpone(self, until: int) -> None:
        """Try the head again at a later time."""
        self.value["next_at"] = until

    def finish(self) -> None:
        """Take the head out, delivered or given up."""
        self.value["queue"].pop(0)


def due_at(value: Mapping[str, Any]) -> int:
    """Return when a ledger has to be looked at next, in microseconds."""
    return int(value["next_at"])


def fingerprint(alert: Mapping[str, Any]) -> str:
    """Return what tells a revision's content from another, whenever it was issued.

    Where a worker dies between writing a revision and saving that it did, the number may come again: with the same
    content it is the same revision, with another it is one that has to be told as well.
    """
    said = {name: value for name, value in alert.items() if name != "issued_at"}
    return blake2b(orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
