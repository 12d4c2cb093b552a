"""Chains audit records, so that none can be altered, removed or reordered unseen."""

from collections.abc import Sequence
from hashlib import sha256

from fairwatch.domain.clock import Clock
from fairwatch.domain.event import Event
from fairwatch.domain.memory import DAY, Memory
from fairwatch.domain.outcome import Emit, Outcome, Reject, Skip
from fairwatch.domain.ports import State
from fairwatch.domain.records import AuditRecord
from fairwatch.parts import spec_of
from fairwatch.policy.audit_chain import GENESIS, Head, identity, link
from fairwatch.policy.audit_writers import AuditRefusal, is_told_of_people, refusal
from fairwatch.wire.bonds import without_shard
from fairwatch.wire.refusal import SHOWN, audit_of_refusal
from fairwatch.wire.signed_audit import Tellers
from fairwatch.wire.trust import Unauthentic

HEAD = "chain"
LATE = DAY  # what is signed is told at once; clocks of two machines are never that far apart


class Audit:
    """Keeps one chain for each partition of the audit topic.

    A record is chained once: by its id and content for as long as `Memory` keeps them, an older one by its offset.
    Where the state is saved after the records that it caused, the same records are chained again after a crash, to the
    same hashes: readers of the chain tolerate identical repeats.
    What somebody says who may not say it is a dead letter, and the chain says that it was tried, not what it said. So
    is what a person's console signed more than a day before the newest that was chained: the console tells at once, so
    that somebody else tells it again. What lay unread is in order, however old it is.

    Args:
        state: Key `chain`: {sequence, hash, told}; and the memory of what was chained.
        clock: The wall clock.
        tellers: Says whether what is told of people is signed as it has to be; None where nobody asks.
    """

    spec = spec_of("audit")

    def __init__(self, state: State, clock: Clock, tellers: Tellers | None = None) -> None:
        self._tellers = tellers
        self._state = state
        self._clock = clock

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Chain each record that was not chained before."""
        if not batch:
            return []
        partition = batch[0].partition
        memory = Memory(self._state, partition, self._clock.now())
        value = self._state.get(partition, HEAD) or {"sequence": 0, "hash": GENESIS}
        head = Head(value["sequence"], value["hash"])
        keeper = _Keeper(f"audit-{partition}", head, value.get("told", 0), memory, self._tellers)
        answers = [keeper.answer(event, self._clock.now()) for event in batch]
        if keeper.head != head:
            self._state.put(partition, HEAD, head_value(keeper.head, keeper.told))
        memory.save()
        return answers


class _Keeper:
    """One chain, for the time of a batch.

    Attributes:
        head: The last record of the chain.
        told: When the newest was done that a console or command line signed, microseconds UTC; 0 for none.
    """

    def __init__(self, chain: str, head: Head, told: int, memory: Memory, tellers: Tellers | None) -> None:
        self.head, self.told = head, told
        self._tellers = tellers
        self._chain = chain
        self._memory = memory

    def answer(self, event: Event, now: int) -> list[Outcome]:
        record = event.record
        if record is None:
            return [Skip("tombstone")]
        said, signed = identity(record), self._is_signed(event)
        reason = self._refusal(event) or (self._replayed(said, record["at"]) if signed else None)
        # What was forged keeps nobody from saying the same who may.
        if self._memory.repeats(event, (reason or "") + said, record["at"]):
            return [Skip("duplicate")]
        if reason:
            what = f"{record['action'][:SHOWN]!r} by {record['actor'][:SHOWN]!r} is not for its writer to say: {reason}"
            return [self._linked(_refused(event, reason)), Reject("not_authentic", what, "action")]
        if signed:
            self.told = max(self.told, min(record["at"], now))  # no clock that is ahead makes others late
        return [self._linked(record)]

    def _refusal(self, event: Event) -> AuditRefusal | Unauthentic | None:
        record = event.record
        writer = without_shard(event.writer) if event.writer else event.writer
        if reason := refusal(record["action"], record["actor"], writer):
            return reason
        if self._tellers is None or not is_told_of_people(record["action"], writer):
            return None
        return self._tellers.refusal(record)

    def _is_signed(self, event: Event) -> bool:
        """Tell whether a record bears a signature that is asked for."""
        writer = without_shard(event.writer) if event.writer else event.writer
        asked = self._tellers is not None and is_told_of_people(event.record["action"], writer)
        return asked and bool(event.record.get("deed"))

    def _replayed(self, said: str, at: int) -> Unauthentic | None:
        """Return that what was done long before the newest comes again; not where it is known that it came already."""
        return "replayed" if at < self.told - LATE and not self._memory.knows(said) else None

    def _linked(self, record: AuditRecord) -> Emit:
        chained = link(record, self._chain, self.head)
        self.head = Head(chained["sequence"], chained["hash"])
        return Emit("audit-chain", self._chain, chained)


def head_value(head: Head, told: int) -> dict[str, int | str]:
    """Return what the state holds of a chain: its last record, and when the newest was done that was signed."""
    return {"sequence": head.sequence, "hash": head.hash, **({"told": told} if told else {})}


def _refused(event: Event, reason: str) -> AuditRecord:
    """Return what the log says of a record that is not for its writer to say; the same when it comes again."""
    record, said = event.record, identity(event.record)
    details = {"claims": record["action"][:SHOWN], "sha256": sha256(said.encode()).hexdigest()}
    subject = record["subject"][:SHOWN]
    return audit_of_refusal(
        "record.refused", "audit", event, reason, record["at"], subject=subject, said=said, details=details
    )
