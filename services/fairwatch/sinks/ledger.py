"""What one receiver still waits for of one group, as a value that passes through JSON."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import orjson

from fairwatch.domain.ids import stable_id
from fairwatch.policy.grouping import OVER
from fairwatch.sinks.sink import Reason

QUEUE_LIMIT = 50
_LATEST: list[tuple[Any, str]] = [(None, "")]  # a record, and its fingerprint, which each of its receivers asks for


class Ledger:
    """The ledger of one group and receiver; it ends with its queue.

    Args:
        value: {queue, next_at}: items {alert, delivery_id, attempt, offset, trace, since, skipped} in order, and when
            the first is due; times in microseconds. `skipped` counts revisions of the same alert that it stands for.
        name: The receiver.
    """

    def __init__(self, value: dict[str, Any], name: str) -> None:
        self.value = value
        for item in value["queue"]:  # an earlier release kept none
            if "delivery_id" not in item:
                item["delivery_id"] = delivery_id(item["alert"], name)

    @staticmethod
    def empty() -> dict[str, Any]:
        """Return the value of a receiver that waits for nothing."""
        return {"queue": [], "next_at": 0}

    @property
    def waiting(self) -> bool:
        """Whether anything waits."""
        return bool(self.value["queue"])

    @property
    def is_short(self) -> bool:
        """Whether nothing stands in it that a newer revision could stand for."""
        return len(self.value["queue"]) <= 1

    @property
    def head(self) -> dict[str, Any]:
        """The item that is due first."""
        item: dict[str, Any] = self.value["queue"][0]
        return item

    @property
    def next_at(self) -> int:
        """When the head is due."""
        return int(self.value["next_at"])

    def append(
        self,
        alert: Mapping[str, Any],
        name: str,
        offset: int,
        now: int,
        trace: str,
        *,
        instead_of: str | None = None,
        skipped: int = 0,
    ) -> None:
        """Queue a revision; `instead_of` names the receiver that did not take it, `skipped` revisions it stands for."""
        item = {"alert": dict(alert), "delivery_id": delivery_id(alert, name), "attempt": 0, "offset": offset}
        item |= {"trace": trace, "since": now}
        if instead_of is not None:
            item["instead_of"] = instead_of
        if skipped:
            item["skipped"] = skipped
        self.value["queue"].append(item)

    def withdraw(self, is_held: Callable[[Mapping[str, Any]], bool]) -> list[dict[str, Any]]:
        """Take out what waits and was never tried, of alerts that are held back from now on and have not ended."""
        ended = {item["alert"]["alert_id"] for item in self.value["queue"] if item["alert"].get("state") in OVER}
        out = [
            item
            for item in self.value["queue"]
            if not item["attempt"] and item["alert"]["alert_id"] not in ended and is_held(item["alert"])
        ]
        self.value["queue"] = [item for item in self.value["queue"] if item not in out]
        return out

    def shorten(self) -> list[tuple[Reason, dict[str, Any]]]:
        """Keep the newest revision of each alert, which holds its full state; return the items that go, and why.

        For use while the head has failed and nothing is on its way: whoever was away is told how things stand.
        """
        newest: dict[str, dict[str, Any]] = {}
        gone: list[tuple[Reason, dict[str, Any]]] = []
        for item in self.value["queue"]:
            if (older := newest.get(item["alert"]["alert_id"])) is not None:
                item["skipped"] = item.get("skipped", 0) + older.get("skipped", 0) + 1
                item["attempt"] = max(item["attempt"], older["attempt"])
                gone.append(("superseded", older))
            newest[item["alert"]["alert_id"]] = item
        queue = self.value["queue"] = list(newest.values())
        return gone + [("overflow", queue.pop(1)) for _ in range(len(queue) - QUEUE_LIMIT)]

    def count_attempt(self) -> int:
        """Count an attempt to deliver the head and return how many there have been."""
        self.head["attempt"] += 1
        return int(self.head["attempt"])

    def postpone(self, until: int) -> None:
        """Try the head again at a later time."""
        self.value["next_at"] = until

    def finish(self) -> dict[str, Any]:
        """Take the head out, delivered or given up."""
        item: dict[str, Any] = self.value["queue"].pop(0)
        self.value["next_at"] = 0
        return item


def due_at(value: Mapping[str, Any]) -> int:
    """Return when a ledger has to be looked at next, in microseconds."""
    return int(value["next_at"])


def delivery_id(alert: Mapping[str, Any], name: str) -> str:
    """Return the id of one revision to one receiver, the same in every attempt."""
    return stable_id("delivery", alert["alert_id"], alert["revision"], name, fingerprint(alert))


def told(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the alert of an item as it is told: with the number of revisions that it stands for, if any."""
    alert: Mapping[str, Any] = item["alert"]
    if not item.get("skipped"):
        return alert
    return {**alert, "parameters": {**alert.get("parameters", {}), "skipped_revisions": str(item["skipped"])}}


def fingerprint(alert: Mapping[str, Any]) -> str:
    """Return what tells a revision's content from another, whenever it was issued and whichever way it came.

    Where a worker dies between writing a revision and saving that it did, the number may come again: with the same
    content it is the same revision, with another it is one that has to be told as well.
    """
    latest, found = _LATEST[0]
    if latest is alert:
        return found
    said = {name: value for name, value in alert.items() if name not in ("issued_at", "follows")}
    found = blake2b(orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
    _LATEST[0] = alert, found
    return found
