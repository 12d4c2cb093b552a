"""What is listed, as references in memory of a few entries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fairwatch.apps.authentic import authentic
from fairwatch.apps.reading import latest
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.apps.settings import Settings
from fairwatch.domain.ports import Reference

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """Reference data as it stands, by id; in the state `NOT_AUTHENTIC` what lacks a signature that is demanded."""

    entries: Mapping[str, Record]
    authorisations: Mapping[str, Record]
    sites: Mapping[str, Record]

    @classmethod
    def read(cls, settings: Settings) -> "Listed":
        """Return what is on the topics now; ConfigurationError and RetryableError as `messages.read` does."""
        entries, authorisations = (authentic(settings, topic) for topic in ("watchlist-entries", "authorisations"))
        return cls(entries, authorisations, latest(settings, "sites"))

    def references(self, entries: Iterable[Record]) -> dict[str, Reference]:
        """Return what `match` asks, with these entries alone."""
        rows = {entry["entry_id"]: entry for entry in entries}
        return {
            "watchlist-entries": MemoryReference(rows),
            "authorisations": MemoryReference(self.authorisations),
            "sites": MemoryReference(self.sites),
        }
