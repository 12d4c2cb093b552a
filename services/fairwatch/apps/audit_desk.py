"""Reads the audit log for the console: what somebody looks for, whether the log is whole, and what vouches for it."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fairwatch.apps.keys import log_anchors
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.console.audit_log import AuditDesk, Wanted
from fairwatch.policy.audit_anchor import Held, faults_of
from fairwatch.policy.audit_chain import Fault, verify
from fairwatch.policy.signatures import PublicKey
from fairwatch.stores.checkpoints import NAME, CheckpointFile

SHOWN_FAULTS = 20
TOLD_BY_ANCHOR = ("audit.broken", "anchor.failing", "anchor.recovered")


def audit_desk(settings: Settings) -> AuditDesk:
    """Return what the console needs to show the audit log of this hub."""

    def looked_for(wanted: Wanted) -> dict[str, Any]:
        file = settings.anchor_dir / NAME
        said = CheckpointFile(file).read() if file.exists() else []
        records = (record for _, kind, record in read_topic(settings, "audit-chain") if kind == "AuditRecord")
        return look(records, wanted, said, log_anchors(settings))

    async def reads(wanted: Wanted) -> Mapping[str, Any]:
        return await asyncio.to_thread(looked_for, wanted)

    return AuditDesk(reads)


def look(
    records: Iterable[Mapping[str, Any]],
    wanted: Wanted,
    checkpoints: Sequence[Mapping[str, Any]],
    trusted: Sequence[PublicKey],
) -> dict[str, Any]:
    """Go through the log once.

    Args:
        records: Of all chains, as they lie on the topic.
        wanted: Which are looked for.
        checkpoints: What was said of the log, where that is kept here.
        trusted: Keys that may sign checkpoints.

    Returns:
        `records`: the newest of those, `found`: how many there are, `state`: whether the log is whole.
    """
    seen, held, first = _Seen(wanted), Held(checkpoints, from_start=False), dict[str, int]()
    report = verify(_watched(records, held, seen, first), from_start=False)
    faults = [*report.faults, *faults_of(checkpoints, trusted), *held.end()]
    newer = held.uncovered
    state = {
        "records": report.records,
        "chains": len(report.heads),
        "deleted": sum(sequence - 1 for sequence in first.values()),
        "faults": [_fault(one) for one in faults[:SHOWN_FAULTS]],
        "fault_count": len(faults),
        "checkpoints": len(checkpoints),
        "anchored_at": checkpoints[-1]["at"] if checkpoints else None,
        "unanchored": newer.records,
        "unanchored_since": newer.since or None,
        "anchor_says": seen.by_anchor,
    }
    return {"records": seen.newest(), "found": seen.found, "actions": dict(seen.actions), "state": state}


class _Seen:
    """The newest of what is looked for, as the log goes by."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._kept: list[tuple[int, str, int, Mapping[str, Any]]] = []
        self.found = 0
        self.actions: Counter[str] = Counter()
        self.by_anchor: dict[str, Any] | None = None

    def note(self, record: Mapping[str, Any]) -> None:
        """Take the next record of a chain, once."""
        if record["action"] in TOLD_BY_ANCHOR:
            self.by_anchor = {name: record[name] for name in ("action", "at", "subject", "details")}
        if not self._wanted.takes(record):
            return
        self.found += 1
        self.actions[record["action"]] += 1
        heapq.heappush(self._kept, (record["at"], record["chain"], record["sequence"], record))
        if len(self._kept) > self._wanted.limit:
            heapq.heappop(self._kept)

    def newest(self) -> list[dict[str, Any]]:
        """Return them, newest first."""
        return [dict(each[-1]) for each in sorted(self._kept, key=lambda each: each[:3], reverse=True)]


def _watched(
    records: Iterable[Mapping[str, Any]], held: Held, seen: _Seen, first: dict[str, int]
) -> Iterator[Mapping[str, Any]]:
    last: dict[str, int] = {}
    for record in records:
        held.look(record)
        chain, sequence = record["chain"], record["sequence"]
        first.setdefault(chain, sequence)
        if sequence > last.get(chain, 0):  # a keeper that crashed writes its last records again
            last[chain] = sequence
            seen.note(record)
        yield record


def _fault(fault: Fault) -> dict[str, Any]:
    return {"chain": fault.chain, "sequence": fault.sequence, "kind": fault.kind, "detail": fault.detail}
