"""Chains audit records, so that none can be altered, removed or reordered unseen."""

from collections.abc import Sequence

from fairwatch.domain.clock import Clock
from fairwatch.domain.event import Event
from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import State
from fairwatch.parts import spec_of
from fairwatch.policy.audit_chain import GENESIS, Head, identity, link

HEAD = "chain"


class Audit:
    """Keeps one chain for each partition of the audit topic.

    A record is chained once: by its id and content for as long as `Memory` keeps them, an older one by its offset.
    Where the state is saved after the records that it caused, the same records are chained again after a crash, to the
    same hashes: readers of the chain tolerate identical repeats.

    Args:
        state: Key `chain`: {sequence, hash}; and the memory of what was chained.
        clock: The wall clock.
    """

    spec = spec_of("audit")

    def __init__(self, state: State, clock: Clock) -> None:
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
        keeper = _Keeper(f"audit-{partition}", head, memory)
        answers = [[keeper.answer(event)] for event in batch]
        if keeper.head != head:
            self._state.put(partition, HEAD, {"sequence": keeper.head.sequence, "hash": keeper.head.hash})
        memory.save()
        return answers


class _Keeper:
    """One chain, for the time of a batch."""

    def __init__(self, chain: str, head: Head, memory: Memory) -> None:
        self.head = head
        self._chain = chain
        self._memory = memory

    def answer(self, event: Event) -> Outcome:
        record = event.record
        if record is None:
            return Skip("tombstone")
        if self._memory.repeats(event, identity(record), record["at"]):
            return Skip("duplicate")
        chained = link(record, self._chain, self.head)
        self.head = Head(chained["sequence"], chained["hash"])
        return Emit("audit-chain", self._chain, chained)
