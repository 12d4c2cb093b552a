"""Takes partitions over from their last owners and gives them up, on behalf of one consumer."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiokafka import TopicPartition
from faust.transport.consumer import ensure_TP
from faust.types import TP

from fairwatch.engine.ownership import HANDLED, UNTOUCHED, Note, Place, shut_out

if TYPE_CHECKING:
    from fairwatch.engine.transactions import Transactions
    from fairwatch.engine.transport import BatchConsumer
    from fairwatch.engine.txn_offset_commit import Membership

CLAIM_AGAIN_S = 0.2


class GroupOwnership:
    """Which partitions are ours, as the group's notes say; what `ownership` explains.

    Attributes:
        membership: Who we were when we took our partitions over; None while they are not, or not any more, ours.
    """

    def __init__(self, consumer: "BatchConsumer", transactions: "Transactions") -> None:
        self.membership: Membership | None = None
        self._consumer = consumer
        self._transactions = transactions
        self._untouched: set[TP] = set()
        self._offsets: dict[TP, int] = {}
        self._taken_in = -1
        self._taking = asyncio.Lock()

    async def take_over(self) -> None:
        """Shut the last owners of our partitions out, and say that we are their owner; once in each generation.

        When the group does not take our name it is about to give them away again: then we are no member, and nothing
        that we would write is committed.
        """
        async with self._taking:
            generation = self._consumer.app.consumer_generation_id
            if self._taken_in != generation:
                await self._take()
                self._taken_in = generation

    async def _take(self) -> None:
        self.membership = None
        await self._transactions.end_doubt()
        group, owner, assigned = self._consumer.group, self._transactions.owner, self._assigned()
        if not assigned:
            return
        known = {owner, ""}
        while True:
            places = await group.places()
            others = {place.note.owner for place in places.values()} - known
            if not others:
                break
            await shut_out(others, self._consumer.app.client_options)
            known |= others
        begins = await group.begins(assigned - places.keys())
        places |= {tp: Place(offset, Note("", UNTOUCHED)) for tp, offset in begins.items()}
        self._offsets = {tp: place.offset for tp, place in places.items()}
        self._untouched = {tp for tp, place in places.items() if place.note.what == UNTOUCHED}
        await self._claim({tp: Place(place.offset, self._note(tp, owner)) for tp, place in places.items()})

    async def _claim(self, places: Mapping[TP, Place]) -> None:
        """Put our name into the notes, as often as it takes while we are who we are in the group."""
        group, began = self._consumer.group, self._consumer.group.membership()
        while began is not None and began == group.membership():
            if await group.note(places):
                self.membership = began
                return
            await asyncio.sleep(CLAIM_AGAIN_S)

    async def let_go(self) -> None:
        """Take our name out of the notes, unless something of ours may still be pending."""
        reached = self._reached()
        if self.membership is not None and reached and self._transactions.clean:
            await self._consumer.group.note({tp: Place(offset, self._note(tp, "")) for tp, offset in reached.items()})
        self.membership = None

    def anchor(self) -> Mapping[TopicPartition, int]:
        """Return one of our partitions and how far it is handled."""
        return dict([min(self._reached().items())])

    def took_effect(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Note that a transaction committed these offsets."""
        committed = {TP(*tp): offset for tp, offset in offsets.items()}
        self._untouched -= committed.keys()
        self._offsets |= committed
        self._consumer.committed_by_transaction(committed)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> bool:
        """Commit offsets alone; return whether the group took them from us.

        Call it in a turn of the worker: the group cannot give us our partitions anew before that has ended.
        """
        group, note = self._consumer.group, Note(self._transactions.owner, HANDLED)
        if self.membership is None or self.membership != group.membership():
            return False
        if not await group.note({TP(*tp): Place(offset, note) for tp, offset in offsets.items()}):
            return False
        self.took_effect(offsets)
        return True

    async def places(self) -> Mapping[TopicPartition, Place]:
        """Ask the broker how far the group has come in our partitions, and who says so."""
        return await self._consumer.group.places()

    def _assigned(self) -> set[TP]:
        return {ensure_TP(tp) for tp in self._consumer.assignment()}

    def _reached(self) -> dict[TP, int]:
        reached = self._offsets | self._consumer.next_commit
        assigned = self._assigned()
        return {tp: offset for tp, offset in reached.items() if tp in assigned}

    def _note(self, tp: TP, owner: str) -> Note:
        untouched = tp in self._untouched and tp not in self._consumer.next_commit
        return Note(owner, UNTOUCHED if untouched else HANDLED)
