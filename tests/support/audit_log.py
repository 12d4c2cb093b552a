"""An audit log in memory, as the console's index reads it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairwatch.apps.audit_index import AuditIndex, Came
from fairwatch.console.audit_log import Wanted
from fairwatch.policy.signatures import PublicKey


class MemoryLog:
    """One partition; `reads` counts the records that were read in order."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self.records = list(records)
        self.reads = 0

    def after(self, offsets: Mapping[int, int]) -> Any:
        start = offsets.get(0, 0)
        if start > len(self.records):
            return None
        return Came(self._from(start), {0: start}, {0: len(self.records)})

    def at(self, places: Sequence[tuple[int, int]]) -> Iterator[Mapping[str, Any]]:
        return (self.records[offset] for _, offset in places)

    def _from(self, start: int) -> Iterator[tuple[tuple[int, int], Mapping[str, Any]]]:
        for offset in range(start, len(self.records)):
            self.reads += 1
            yield (0, offset), self.records[offset]


def look(
    records: Sequence[Mapping[str, Any]],
    wanted: Wanted,
    checkpoints: Sequence[Mapping[str, Any]],
    trusted: Sequence[PublicKey],
) -> dict[str, Any]:
    """Return what the console shows of a log that it has not read before."""
    return AuditIndex(MemoryLog(records), lambda count: checkpoints[count:], trusted, lambda: 1).look(wanted)
