"""Chains audit records, so that none can be altered, removed or reordered unseen."""

from collections.abc import Mapping, Sequence
from typing import Any

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import State
from fairwatch.domain.processor import Spec
from fairwatch.policy.audit_chain import GENESIS, Head, link

REMEMBERED = 512
ID_CHARACTERS = 18  # of a UUIDv5: 64 random bits


class Audit:
    """Keeps one chain for each partition of the audit topic.

    The state is saved after the records that it caused, so after a crash the same records are chained again, to the
    same hashes: readers of the chain tolerate identical repeats.

    Args:
        state: Key `chain`: {sequence, hash, seen}, where `seen` remembers the ids of the latest records.
    """

    spec = Spec(name="audit", reads=("audit",), writes=("audit-chain",), state=True)

    def __init__(self, state: State) -> None:
        self._state = state

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Chain each record that was not chained before."""
        if not batch:
            return []
        partition = batch[0].partition
        value = self._state.get(partition, "chain") or {"sequence": 0, "hash": GENESIS, "seen": []}
        keeper = _Keeper(f"audit-{partition}", value)
        answers = [[keeper.answer(event.record)] for event in batch]
        self._state.put(partition, "chain", keeper.value())
        return answers


class _Keeper:
    """One chain, for the time of a batch."""

    def __init__(self, chain: str, value: Mapping[str, Any]) -> None:
        self._chain = chain
        self._head = Head(value["sequence"], value["hash"])
        self._seen = dict.fromkeys(value["seen"])

    def answer(self, record: Mapping[str, Any] | None) -> Outcome:
        if record is None:
            return Skip("tombstone")
        short = record["audit_id"][:ID_CHARACTERS]
        if short in self._seen:
            return Skip("duplicate")
        chained = link(record, self._chain, self._head)
        self._head = Head(chained["sequence"], chained["hash"])
        self._seen[short] = None
        return Emit("audit-chain", self._chain, chained)

    def value(self) -> dict[str, Any]:
        return {"sequence": self._head.sequence, "hash": self._head.hash, "seen": list(self._seen)[-REMEMBERED:]}
