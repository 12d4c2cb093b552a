"""Deletes what is past its lifetime, and what came of authorisations that ended, from the stores beside Kafka."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RetryableError
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.taken_back import Untold
from fairwatch.parts import spec_of
from fairwatch.policy.aged import AgedTally, aged_receipt
from fairwatch.policy.erasure import Found, Plan, ended, holds_now, outlived, pictures_of, plan
from fairwatch.policy.erasure_receipt import Done, audited, receipt
from fairwatch.policy.known_candidates import KnownCandidates
from fairwatch.policy.retention import NOTHING_SAID, Retention
from fairwatch.policy.signatures import PrivateKey
from fairwatch.telemetry import metrics
from fairwatch.wire.receipts import sign_receipt
from fairwatch.wire.refused_deeds import RefusedRecords
from fairwatch.wire.refused_records import is_foreign
from fairwatch.wire.standing_holds import StandingHolds
from fairwatch.wire.topics import topics

HOUR_S, MICROS = 3600, 1_000_000
AT_ONCE = 1_000  # pictures that get a key of their own in one round
POLL = 200_000  # microseconds after which is asked whether a round has ended

_log = structlog.get_logger(__name__)


class AgeingStore(Protocol):
    """A store whose objects have an age."""

    async def delete_older_than(self, seconds: float, clock: Clock, keep: Container[str] = ()) -> int:
        """Delete what is older, and return how many objects that were."""
        ...

    @property
    def sealed(self) -> bool:
        """Whether what it holds is sealed under data keys."""
        ...

    async def own(self, uri: str) -> bool:
        """Give an object a data key of its own, where it is sealed; tell whether it has one."""
        ...

    async def delete(self, uris: Sequence[str]) -> int:
        """Delete these, and return how many of them were there."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """One store, and how long it keeps what it holds."""

    store: AgeingStore
    hours: int


@dataclass(slots=True)
class _Round:
    """What a round came to.

    Attributes:
        name: Tells it from others.
        told: Tombstones, receipts and audit records.
        candidates: Ids of those whose pictures went.
        forgotten: Ids of those that everybody is told to forget.
        aged: What went since it was old enough, by store: objects, how old in hours, whether they were sealed.
    """

    name: str = field(default_factory=lambda: str(uuid4()))
    told: list[Emit] = field(default_factory=list)
    candidates: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    aged: dict[str, tuple[int, int, bool]] = field(default_factory=dict)


class Retain:
    """Goes through the stores again and again, and says in the audit what it deleted.

    The pictures of watchlist entries stay for as long as their entries do, and what a legal hold names for as long as
    that stands. What came of an authorisation that was rejected, revoked or is over goes in the next round: its entries
    with their pictures, and the pictures of its candidates that nobody confirmed; the receipt names every store.
    Only the worker that holds partition 0 works; two that do so at once delete the same, once.

    Args:
        stores: By name; `media` holds the pictures.
        references: Topics `watchlist-entries`, `authorisations` and `legal-holds`.
        state: What there is to know of candidates, by their ids.
        clock: Time.
        signing_key: Signs receipts; without one the audit chain alone vouches for them.
        retention: How long candidates and their pictures are kept, by class, purpose and list.
        every_s: Pause between two rounds.
    """

    spec = spec_of("retain")

    def __init__(
        self,
        stores: Mapping[str, Kept],
        references: Mapping[str, Reference],
        state: State,
        clock: Clock,
        signing_key: PrivateKey | None = None,
        retention: Retention = NOTHING_SAID,
        *,
        every_s: float = 900,
    ) -> None:
        self._stores, self._clock, self._key = stores, clock, signing_key
        self.facts = {"signs": signing_key.public.key_id if signing_key else ""}
        self._candidates, self._aged, self._retention = KnownCandidates(state), AgedTally(state), retention
        self._entries, self._holds = references["watchlist-entries"], references["legal-holds"]
        self._authorisations = references["authorisations"]
        self._refused, self._untold = RefusedRecords("retain", [self._holds]), Untold(state)
        self._standing = StandingHolds(state, self._holds)
        self._every = round(every_s * MICROS)
        self._next_at = self._ends_at = 0
        self._looked_at: tuple[int, ...] = ()
        self._owned: set[str] = set()
        self._idle = True  # another worker holds partition 0
        self._taken_off: dict[str, Any] = {}  # entries whose tombstone is on its way, as they were
        self._round: asyncio.Task[_Round] | None = None
        self._over: _Round | None = None  # the last one that ended, until what it told is kept

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Remember candidates by their ids and the pictures that they refer to."""
        if batch and self._stores["media"].store.sealed:
            self._looked_at = ()  # their pictures get data keys of their own
        return [[Skip("not_authentic" if is_foreign(event) else self._candidates.note(event))] for event in batch]

    def due_at(self) -> int | None:
        """Return when the next tick has something to do."""
        now = self._clock.now()
        if self._round is not None:
            return now if self._round.done() else now + POLL
        if self._idle:
            return None
        return now if self._versions() != self._looked_at else min(self._next_at, self._ends_at)

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Tell what the last round deleted, and begin another when it is time; a round takes none of the worker's."""
        now = self._clock.now()
        if self._round is not None:
            if not self._round.done():
                return []
            self._over, self._round = self._round.result(), None
        self._idle = 0 not in partitions
        if self._idle:
            return []
        self._standing.follow(now)
        if self._over is not None and not self._candidates.has_told(self._over.name):
            return self._told(self._over, partitions, now)
        self._over = None
        aged, looked = now >= self._next_at, self._versions()
        if aged:
            self._next_at = now + self._every
        if aged or looked != self._looked_at or now >= self._ends_at:
            self._looked_at = looked
            known = self._candidates.all(partitions), self._candidates.without_pictures(partitions)
            self._round = asyncio.create_task(self._go_round(*known, aged=aged))
            return self._untold.give(0, self._refused.tell(now))
        return []

    def _told(self, over: "_Round", partitions: Sequence[int], now: int) -> list[Emit]:
        """Note what a round did, and tell it; in one transaction with a note by which it is known that it was told."""
        self._candidates.tell_round(over.name, now)
        self._candidates.mark_gone(partitions, over.candidates)
        self._candidates.mark_told(partitions, over.forgotten)
        before = now - topics()["candidates"].retention_hours * HOUR_S * MICROS
        self._candidates.forget(partitions, before, self._named_by_holds())
        return over.told + self._days_told(partitions, over.aged)

    def _versions(self) -> tuple[int, ...]:
        return (self._authorisations.version, self._entries.version, self._holds.version)

    async def _go_round(self, known: Sequence[Found], bare: Sequence[Found], *, aged: bool) -> "_Round":
        over = _Round()
        await self._erase_ended(known, over)
        await self._own_keys([one for one in known if one.candidate_id not in over.candidates])
        if aged:
            await self._erase_outlived(known, bare, over)
            await self._delete_old(known, over)
        return over

    async def _delete_old(self, known: Sequence[Found], over: "_Round") -> None:
        keep = {uri for _, entry in self._entries.items() for uri in pictures_of(entry or {})}
        keep |= self._held(known)
        if self._retention.classes.picture is not None:  # which is about pictures that nobody was found in
            evidence = (one for one in known if one.evidence and one.candidate_id not in over.candidates)
            keep = keep.union(*(one.pictures for one in evidence))
        for name, kept in self._stores.items():
            try:
                deleted = await kept.store.delete_older_than(kept.hours * HOUR_S, self._clock, keep)
            except (RetryableError, OSError) as error:
                _log.warning("retention waits for its store", store=name, error=str(error))
                self._next_at = self._clock.now()
                continue
            metrics.RETENTION_DELETED.labels(name).inc(deleted)
            if deleted:
                over.told.append(self._record(name, kept.hours, deleted))
                over.aged[name] = (deleted, kept.hours, kept.store.sealed)

    async def _own_keys(self, known: Sequence[Found]) -> None:
        """Give enrolled pictures and those of candidates a data key of their own, so that each can go by itself."""
        media = self._stores["media"].store
        if not media.sealed:
            return
        listed = (e for key, e in self._entries.items() if e and self._taken_off.get(key) is not e)
        wanted = set().union(*map(pictures_of, listed), *(one.pictures for one in known)) - self._owned
        try:
            for uri in sorted(wanted)[:AT_ONCE]:
                if await media.own(uri):
                    self._owned.add(uri)
        except (RetryableError, OSError) as error:
            _log.warning("data keys wait for their store", error=str(error))
        if len(wanted) > AT_ONCE:
            self._looked_at = ()  # the others in the next round

    def _held(self, known: Sequence[Found]) -> set[str]:
        """Return the pictures that a hold keeps, by themselves or with their candidates."""
        named = self._named_by_holds()
        held = (one for one in known if named & {one.candidate_id, one.entry_id, one.authorisation_id})
        return named.union(*(one.pictures for one in held))

    def _named_by_holds(self) -> set[str]:
        """Return what legal holds name that stand now."""
        now = self._clock.now()
        return {hold["subject"] for _, hold in self._holds.items() if hold and holds_now(hold, now)}

    async def _erase_ended(self, known: Sequence[Found], over: "_Round") -> None:
        """Erase what came of the authorisations that are over."""
        now = self._clock.now()
        there = {key: record for key, record in self._authorisations.items() if record}
        states = {key: how for key, record in there.items() if (how := ended(record, now))}
        still = [record["valid_until"] for key, record in there.items() if key not in states]
        self._ends_at = min(still, default=now + self._every)
        entries = [entry for key, entry in self._entries.items() if entry and self._taken_off.get(key) is not entry]
        left = {e.get("authorisation_id") for e in entries} | {c.authorisation_id for c in known if not c.evidence}
        holds = [hold for _, hold in self._holds.items() if hold]
        for authorisation_id in sorted(states.keys() & left):
            wanted = plan(
                authorisation_id, entries, known, holds, now=now, spare_evidence=True, authorisations=states
            )  # fmt: skip
            if wanted.entries or wanted.candidates:
                await self._erase(wanted, f"authorisation.{states[authorisation_id]}", now, over)

    async def _erase_outlived(self, known: Sequence[Found], bare: Sequence[Found], over: "_Round") -> None:
        """Erase candidates, or their pictures, that are older than class, purpose, list or authorisation allow."""
        now = self._clock.now()
        left = [one for one in known if one.candidate_id not in over.candidates]
        old = self._outlived(left, bare, now)
        entries = [entry for _, entry in self._entries.items() if entry] if old else []
        holds = [hold for _, hold in self._holds.items() if hold] if old else []
        for (authorisation_id, why, whole), which in sorted(old.items()):
            wanted = outlived(authorisation_id, which, entries, left, holds, now=now)
            if wanted.candidates:
                await self._erase(wanted, why, now, over, whole=whole)

    def _outlived(
        self, left: Sequence[Found], bare: Sequence[Found], now: int
    ) -> dict[tuple[str, str, bool], list[Found]]:
        """Return what is too old, by authorisation, by why, and by whether more goes than pictures.

        Args:
            left: Candidates that have their pictures.
            bare: Those that have none any more.
            now: Microseconds UTC.
        """
        there = {key: record for key, record in self._authorisations.items() if record}
        old: dict[tuple[str, str, bool], list[Found]] = {}
        for one, has_pictures in (*((one, True) for one in left), *((one, False) for one in bare)):
            name, record = one.authorisation_id, there.get(one.authorisation_id)
            limits = [(self._retention.record_limit(name, record), True)]
            if has_pictures:
                limits.append((self._retention.limit(name, record, confirmed=one.evidence), False))
            for limit, whole in limits:
                if limit and one.since + limit.hours * HOUR_S * MICROS <= now:
                    old.setdefault((name, f"retention: {limit.hours} h, {limit.why}", whole), []).append(one)
                    break
        return old

    async def _erase(self, wanted: Plan, why: str, now: int, over: "_Round", *, whole: bool = False) -> None:
        """Delete pictures and take off entries; where `whole`, let everybody forget the candidates, too."""
        try:
            deleted = await self._stores["media"].store.delete(sorted(wanted.pictures))
        except (RetryableError, OSError) as error:
            _log.warning("erasure waits for its store", error=str(error))
            self._looked_at = ()
            return
        metrics.RETENTION_DELETED.labels("media").inc(deleted)
        hours = {name: self._retention.of_topic(name, topic.retention_hours) for name, topic in topics().items()}
        sealed, who = self._stores["media"].store.sealed, "processor:retain"
        done = Done(media=deleted, sealed=sealed, told=whole, shown_by_project=whole)
        made = receipt(wanted, done, reason=why, ordered_by=who, at=now, hours=hours)
        signed = sign_receipt(made, self._key)
        self._taken_off |= {entry_id: self._entries.get(entry_id) for entry_id in wanted.entries}
        over.candidates.update(wanted.candidates)
        over.forgotten.update(wanted.candidates if whole else ())
        over.told += [
            *(Emit("candidates", candidate_id, None) for candidate_id in wanted.candidates if whole),
            *(Emit("watchlist-entries", entry_id, None) for entry_id in wanted.entries),
            Emit("erasures", signed["receipt_id"], signed),
            Emit("audit", signed["subject"], audited(signed)),
        ]

    def _days_told(self, partitions: Sequence[int], aged: Mapping[str, tuple[int, int, bool]]) -> list[Emit]:
        """Return a receipt for each store and day that is over: what was deleted by time alone."""
        now = self._clock.now()
        made = (sign_receipt(aged_receipt(day, now), self._key) for day in self._aged.add(partitions, aged, now))
        return [Emit("erasures", one["receipt_id"], one) for one in made]

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
