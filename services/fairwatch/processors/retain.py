"""Deletes what is past its lifetime from the stores beside Kafka, which deletes by itself."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RetryableError
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import Reference
from fairwatch.parts import spec_of
from fairwatch.telemetry import metrics

HOUR_S, MICROS = 3600, 1_000_000

_log = structlog.get_logger(__name__)


class AgeingStore(Protocol):
    """A store whose objects have an age."""

    async def delete_older_than(self, seconds: float, clock: Clock, keep: Container[str] = ()) -> int:
        """Delete what is older, and return how many objects that were."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """One store, and how long it keeps what it holds."""

    store: AgeingStore
    hours: int


class Retain:
    """Goes through the stores again and again, and says in the audit what it deleted.

    The pictures of watchlist entries stay for as long as their entries do. Only the worker that holds partition 0
    works; two that do so at once delete the same, once.

    Args:
        stores: By name.
        watchlist_entries: Watchlist entries.
        clock: Time.
        every_s: Pause between two rounds.
    """

    spec = spec_of("retain")

    def __init__(
        self, stores: Mapping[str, Kept], watchlist_entries: Reference, clock: Clock, *, every_s: float = 900
    ) -> None:
        self._stores, self._entries, self._clock = stores, watchlist_entries, clock
        self._every = round(every_s * MICROS)
        self._next_at = 0
        self._round: asyncio.Task[list[Emit]] | None = None

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Skip: entries are looked at when there is something to delete."""
        return [[Skip("noted")] for _ in batch]

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Tell what the last round deleted, and begin another when it is time; a round takes none of the worker's."""
        if self._round is not None:
            if not self._round.done():
                return []
            ended, self._round = self._round, None
            return ended.result()
        if 0 in partitions and self._clock.now() >= self._next_at:
            self._next_at = self._clock.now() + self._every
            self._round = asyncio.create_task(self._go_round())
        return []

    async def _go_round(self) -> list[Emit]:
        keep = {picture["uri"] for _, entry in self._entries.items() for picture in (entry or {}).get("references", ())}
        told = []
        for name, kept in self._stores.items():
            try:
                deleted = await kept.store.delete_older_than(kept.hours * HOUR_S, self._clock, keep)
            except (RetryableError, OSError) as error:
                _log.warning("retention waits for its store", store=name, error=str(error))
                self._next_at = self._clock.now()
                continue
            metrics.RETENTION_DELETED.labels(name).inc(deleted)
            if deleted:
                told.append(self._record(name, kept.hours, deleted))
        return told

    def _record(self, name: str, hours: int, deleted: int) -> Emit:
        now, subject = self._clock.now(), f"store:{name}"
        record = {
            "audit_id": stable_id("audit", "retention.deleted", name, now),
            "action": "retention.deleted",
            "actor": "retain",
            "at": now,
            "subject": subject,
            "authorisation_id": None,
            "details": {"objects": str(deleted), "older_than_hours": str(hours)},
        }
        return Emit("audit", subject, record)
