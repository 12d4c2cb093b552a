"""The audit log as the console searches it: read once, followed from where it was read to, found by columns.

What was read is not read again: that somebody exchanged it in the broker since is for `anchor`, which holds the whole
log against its checkpoints at each start, and for `fairwatch audit verify`. `read_since` says how long ago that is.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Protocol

from fairwatch.apps.audit_columns import MOST, Columns, Place
from fairwatch.console.audit_log import Wanted
from fairwatch.policy.audit_anchor import Held, digest, faults_of
from fairwatch.policy.audit_chain import Fault, Verification
from fairwatch.policy.merkle import FIRST
from fairwatch.policy.signatures import PublicKey

SHOWN_FAULTS: Final = 20
TOLD_BY_ANCHOR = ("audit.broken", "anchor.failing", "anchor.recovered")
AT_ONCE: Final = 500  # records that are taken in one turn; a search waits for no more
WAITING: Final = 100_000  # records that no checkpoint covers yet and that are kept to be held against the next one

Records = Iterable[tuple[Place, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Came:
    """What came since, as far as the log goes now: the offsets at which each partition is read on, and ends."""

    records: Records
    starts: Mapping[int, int] = field(default_factory=dict)
    ends: Mapping[int, int] = field(default_factory=dict)


class Log(Protocol):
    """Where the chained records lie."""

    def after(self, offsets: Mapping[int, int]) -> Came | None:
        """Return what lies from these offsets on; None where the log ends before them: it is another one."""

    def at(self, places: Sequence[Place]) -> Iterator[Mapping[str, Any]]:
        """Yield the records at these places, in their order; what is gone is left out."""


class AuditIndex:
    """Answers what somebody looks for, from what was read and what came since.

    Args:
        log: Of all chains.
        checkpoints: Yields what was said of the log, where that is kept here, after so many; None where there are not
            so many any more.
        trusted: Keys that may sign checkpoints.
        now: Our clock, microseconds UTC.
        most: Records that are remembered.
    """

    def __init__(
        self,
        log: Log,
        checkpoints: Callable[[int], Iterable[Mapping[str, Any]] | None],
        trusted: Sequence[PublicKey],
        now: Callable[[], int],
        most: int = MOST,
    ) -> None:
        self._log = log
        self._checkpoints = checkpoints
        self._trusted = trusted
        self._now = now
        self._most = most
        self._turn = threading.Lock()
        self._starts: Mapping[int, int] = {}
        self._ends: Mapping[int, int] = {}
        self._begin()

    def look(self, wanted: Wanted) -> dict[str, Any]:
        """Read what came since, then `find`."""
        self.read()
        return self.find(wanted)

    def find(self, wanted: Wanted) -> dict[str, Any]:
        """Return `records`: the newest of those, `found`: how many there are, `state`: whether the log is whole.

        They are those that were read until now; `state.reading` says how far that is, where the log goes on.

        Raises:
            RetryableError: No broker answers.
        """
        with self._turn:
            places, found, actions = self._columns.find(wanted)
            state = self._state()
        records = [dict(record) for record in self._log.at(places) if wanted.takes(record)]
        return {"records": records, "found": found, "actions": dict(actions), "state": state}

    def read(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read what came since until its end, or until we are to stop; one thread at a time does.

        From the beginning where the log, or what it is held against, is another one.

        Raises:
            RetryableError: No broker answers.
        """
        came = self._came()
        records = iter(came.records)
        while not stopped() and (taken := list(islice(records, AT_ONCE))):
            with self._turn:
                for place, record in taken:
                    self._take(place, record)
        if not stopped():
            with self._turn:
                self._ends = {}

    def _begin(self) -> None:
        self._columns = Columns(self._most)
        self._verification = Verification(from_start=False)
        self._held = _HeldLater(self._trusted)
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._next: dict[int, int] = {}
        self._read_until: dict[int, int] = {}
        self._starts = self._ends = {}
        self._by_anchor: dict[str, Any] | None = None
        self._since = self._now()

    def _came(self) -> Came:
        """Return what has to be read, once it is known what it is held against."""
        found, said = self._log.after(self._next), self._checkpoints(self._held.count)
        said = None if said is None else list(said)
        anew = found is None or said is None or bool(said and self._held.is_too_late)
        if anew:
            found, said = self._log.after({}), list(self._checkpoints(0) or ())
        with self._turn:
            if anew:
                self._begin()
            self._held.hear(said or ())
            came = found or Came(())
            self._starts, self._ends = came.starts, came.ends
        return came

    def _take(self, place: Place, record: Mapping[str, Any]) -> None:
        self._next[place[0]] = place[1] + 1
        self._read_until[place[0]] = record["at"]
        self._verification.step(record)
        self._held.look(record)
        chain, sequence = record["chain"], record["sequence"]
        self._first.setdefault(chain, sequence)
        if sequence <= self._last.get(chain, 0):  # a keeper that crashed writes its last records again
            return
        self._last[chain] = sequence
        self._columns.add(place, record)
        if record["action"] in TOLD_BY_ANCHOR:
            self._by_anchor = {name: record[name] for name in ("action", "at", "subject", "details")}

    def _state(self) -> dict[str, Any]:
        report, held = self._verification.report(), self._held
        faults = [*report.faults, *held.faults()]
        return {
            "records": report.records,
            "chains": len(report.heads),
            "deleted": sum(sequence - 1 for sequence in self._first.values()),
            "left_out_until": self._columns.left_out_until or None,
            "read_since": self._since,
            "faults": [_fault(one) for one in faults[:SHOWN_FAULTS]],
            "fault_count": len(faults),
            "checkpoints": held.count,
            "anchored_at": held.last_at,
            "unanchored": held.uncovered,
            "unanchored_since": held.oldest or None,
            "anchor_says": self._by_anchor,
            "reading": self._reading(report.records),
        }

    def _reading(self, records: int) -> dict[str, Any] | None:
        """Return how far the log was read, while that goes on: until when, and about how many records are left."""
        left = {part: end - max(self._next.get(part, 0), self._starts.get(part, 0)) for part, end in self._ends.items()}
        behind = [part for part, count in left.items() if count > 0]
        if not behind:
            return None
        until = min(self._read_until.get(part, 0) for part in behind)
        return {"of": records + sum(left[part] for part in behind), "until": until or None}


class _HeldLater:
    """Holds the log against checkpoints, also against those that are made when its records were read already.

    A record that no checkpoint covers yet waits for the next one.

    Args:
        trusted: Keys that may sign checkpoints.
    """

    def __init__(self, trusted: Sequence[PublicKey]) -> None:
        self.count = self.uncovered = self.oldest = 0
        self.last_at: int | None = None
        self.is_too_late = False
        self._trusted = trusted
        self._held = Held((), from_start=False)
        self._faults: list[Fault] = []
        self._previous = FIRST
        self._waiting: list[Mapping[str, Any]] = []

    def hear(self, said: Iterable[Mapping[str, Any]]) -> None:
        """Take further checkpoints, and hold against them what waited."""
        before = self.count
        for one in said:
            self._faults += faults_of([one], self._trusted, first=self.count + 1, previous=self._previous)
            self.count, self.last_at, self._previous = self.count + 1, one["at"], digest(one)
            for chain, head in one.get("chains", {}).items():
                self._held.want(chain, head)
        if self.count > before:
            self._held.forget_compared()
            waited, self._waiting, self.uncovered, self.oldest = self._waiting, [], 0, 0
            for record in waited:
                self.look(record)

    def look(self, record: Mapping[str, Any]) -> None:
        """Take the next record."""
        if record["sequence"] <= self._held.most(record["chain"]):
            self._held.look(record)
            return
        self.uncovered += 1
        self.oldest = min(self.oldest or record["at"], record["at"])
        if len(self._waiting) < WAITING:
            self._waiting.append({name: record[name] for name in ("chain", "sequence", "hash", "at")})
        else:
            self.is_too_late = True  # for the next checkpoint: then all is read again

    def faults(self) -> list[Fault]:
        """Return what is missing or other than it was said to be, as far as the log was read."""
        return [*self._faults, *self._held.found()]


def _fault(fault: Fault) -> dict[str, Any]:
    return {"chain": fault.chain, "sequence": fault.sequence, "kind": fault.kind, "detail": fault.detail}
