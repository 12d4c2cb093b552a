"""What a storm held back, told in one message: every alert is counted in it, the worst are named.

A match is named by what it is and where: between now and the digest its authorisation may end, and nobody asks about
the words of a digest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fairwatch.domain.agenda import BESIDE, Agenda
from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.ids import stable_id
from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State
from fairwatch.policy.alert_content import RANKS, SEVERITIES
from fairwatch.policy.release import is_about_a_match
from fairwatch.sinks.lane import Place
from fairwatch.sinks.ledger import Ledger
from fairwatch.sinks.text import one_line

DIGEST = f"{BESIDE}digest|"  # begins the keys of what is collected, one for each receiver
RULE = "storm-control"
TOLD = f"{HIDDEN}digest|"  # begins the keys of when a receiver was told the last one
FIRST_AFTER = 10_000_000  # microseconds: so long is collected for the first digest of a storm
SECOND = 1_000_000
NAMED = 50
COUNTED = 50  # rules and sites that are counted by name
TITLE = 160
COUNTS = ("rule", "site_id", "severity", "state")
OTHERS = "(others)"


class Digests:
    """What is collected, by partition and receiver.

    Args:
        agenda: Keeps it beside the ledgers, in the lane `DIGEST`.
        pause: Least time between two digests of a receiver, in microseconds.
        state: Where it is kept when the last one was told; None to forget that with the worker.
    """

    def __init__(self, agenda: Agenda, pause: int, state: State | None = None) -> None:
        self._state = state
        self._agenda = agenda
        self._pause = pause
        self._open: dict[Place, dict[str, Any]] = {}
        self._last: dict[str, int] = {}

    def forget(self) -> None:
        """Forget what a batch that failed had collected."""
        self._open = {}

    def add(self, partition: int, receiver: str, alert: Mapping[str, Any], now: int) -> str:
        """Collect a revision; return the id of the part of a digest in which it is."""
        key = DIGEST + receiver
        value = (
            self._open.get((partition, key))
            or self._agenda.get(partition, key)
            or self._empty(partition, receiver, now)
        )
        self._open[partition, key] = value
        value["count"] += 1
        for name in COUNTS:
            counts = value["by"][name]
            said = str(alert.get(name) or "")
            said = said if said in counts or len(counts) < COUNTED else OTHERS
            counts[said] = counts.get(said, 0) + 1
        _name(value["named"], alert)
        return str(stable_id("digest", receiver, partition, value["since"]))

    def save(self) -> None:
        """Put what was collected into the state."""
        for (partition, key), value in self._open.items():
            self._agenda.put(partition, key, value)
        self._open = {}

    def due_at(self) -> int | None:
        """Return when a digest is told next, in microseconds."""
        return self._agenda.next_at(DIGEST)

    def due(self, partitions: Sequence[int], now: int) -> list[tuple[Place, dict[str, Any]]]:
        """Return the digests that are due, each with the place of its ledger; what they tell is collected no more.

        A receiver that has not taken the last one yet is told of all of it in the next.
        """
        receivers = {key.removeprefix(DIGEST) for _, key, _ in self._agenda.due(partitions, now, DIGEST)}
        told = []
        for receiver in sorted(receivers):
            key = DIGEST + receiver
            parts = {each: value for each in partitions if (value := self._agenda.get(each, key)) is not None}
            place = min(parts), f"{RULE}|{receiver}|{receiver}"
            again = max(self._next(each, receiver, now) for each in parts)
            if Ledger(self._agenda.get(*place) or Ledger.empty(), receiver).waiting:
                again = max(again, now + SECOND)
            if again > now:
                for partition, value in parts.items():
                    self._agenda.put(partition, key, {**value, "next_at": again})
                continue
            for partition in parts:
                self._agenda.delete(partition, key)
            self._note_told(partitions, receiver, now)
            told.append((place, digest(receiver, parts, now)))
        return told

    def _note_told(self, partitions: Sequence[int], receiver: str, now: int) -> None:
        """Remember when a digest was told, where that goes back with it if it was told in vain."""
        if self._state is None:
            self._last[receiver] = now
            return
        for partition in partitions:
            self._state.put(partition, TOLD + receiver, {"at": now})

    def _next(self, partition: int, receiver: str, now: int) -> int:
        """Return when a digest may be told; a last one that is ahead was told by a clock that was."""
        last = self._last.get(receiver)
        if self._state is not None and (kept := self._state.get(partition, TOLD + receiver)):
            last = int(kept["at"])
        return now if last is None or last > now else max(now, last + self._pause)

    def _empty(self, partition: int, receiver: str, now: int) -> dict[str, Any]:
        at = max(now + FIRST_AFTER, self._next(partition, receiver, now))
        return {"since": now, "count": 0, "by": {name: {} for name in COUNTS}, "named": [], "next_at": at}


def digest(receiver: str, parts: Mapping[int, Mapping[str, Any]], now: int) -> dict[str, Any]:
    """Return the message, of the form of an alert, for what was collected in several partitions."""
    count = sum(part["count"] for part in parts.values())
    since = min(part["since"] for part in parts.values())
    ids = [stable_id("digest", receiver, partition, part["since"]) for partition, part in sorted(parts.items())]
    named = [entry for part in parts.values() for entry in part["named"]]
    named.sort(key=lambda entry: -SEVERITIES.index(entry[0]))
    lines = [f"{severity} {state} {title} ({alert_id})" for severity, state, title, alert_id in named[:NAMED]]
    by = {name: _summed(part["by"][name] for part in parts.values()) for name in COUNTS}
    worst = max((name for name in by["severity"] if name in SEVERITIES), key=SEVERITIES.index, default="UNKNOWN")
    parameters = {f"by_{name}": _written(counts) for name, counts in by.items()}
    parameters |= {"held_back": str(count), "from": iso_8601(since), "to": iso_8601(now), "named": "\n".join(lines)}
    if count > len(lines):
        parameters["rest"] = f"{count - len(lines)} more: in the console, and on the topic alerts"
    return {
        "alert_id": stable_id("digest", receiver, *ids),
        "group": f"{RULE}|{receiver}",
        "revision": 0,
        "state": "NEW",
        "rule": RULE,
        "event_type": "other",
        "title": f"{count} messages held back",
        "description": "\n".join([_written(by["rule"]), *lines[:10]]),
        "category": "Other",
        "severity": worst,
        "receivers": [receiver],
        "started_at": since,
        "updated_at": now,
        "received_at": now,
        "issued_at": now,
        "count": count,
        "triggers": ids,
        "device_ids": [],
        "parameters": parameters,
    }


def _name(named: list[list[str]], alert: Mapping[str, Any]) -> None:
    """Name an alert; where there are enough, only in place of the latest of those that are least severe."""
    severity = alert.get("severity", "UNKNOWN")
    if len(named) >= NAMED:
        least = min(range(len(named)), key=lambda at: (RANKS[named[at][0]], -at))
        if RANKS[severity] <= RANKS[named[least][0]]:
            return
        del named[least]
    named.append([severity, alert.get("state", "NEW"), one_line(_title(alert)[:TITLE], TITLE), alert["alert_id"]])


def _title(alert: Mapping[str, Any]) -> str:
    if not is_about_a_match(alert):
        return str(alert["title"])
    device = alert.get("device_name") or next(iter(alert.get("device_ids") or ()), "")
    return f"{alert['event_type']} at {device}"


def _summed(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    summed = Counter[str]()
    for each in counts:
        summed.update(each)
    return summed


def _written(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name or '(none)'}: {count}" for name, count in ordered)
