"""Takes partitions over from their last owners and gives them up, on behalf of one consumer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from faust.transport.consumer import ensure_TP
from faust.types import TP

from fairwatch.domain.errors import RetryableError
from fairwatch.engine.ownership import HANDLED, UNTOUCHED, Note, Place, shut_out
from fairwatch.engine.pauses import longer

if TYPE_CHECKING:
    from fairwatch.engine.transactions import Transactions
    from fairwatch.engine.transport import BatchConsumer
    from fairwatch.engine.txn_offset_commit import Membership

CLAIM_AGAIN_S = 0.2
TAKE_S = 30.0  # the longest that one try may take: the group may have given our partitions away meanwhile
FORBIDDEN = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

ShutOut = Callable[[Iterable[str], Mapping[str, Any]], Awaitable[None]]
Pause = Callable[[float], Awaitable[object]]

log = structlog.get_logger()


class GroupOwnership:
    """Which partitions are ours, as the group's notes say; what `ownership` explains.

    Args:
        shut_out: Shuts earlier owners out.
        pause: Waits so many seconds before something is tried again.

    Attributes:
        membership: Who we were when we took our partitions over; None while they are not, or not any more, ours.
    """

    def __init__(
        self,
        consumer: "BatchConsumer",
        transactions: "Transactions",
        *,
        shut_out: ShutOut = shut_out,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.membership: Membership | None = None
        self._shut_out = shut_out
        self._pause = pause
        self._consumer = consumer
        self._transactions = transactions
        self._untouched: set[TP] = set()
        self._offsets: dict[TP, int] = {}
        self._topics: dict[str, str] = {}
        self._taken_in = -1
        self._taking = asyncio.Lock()

    async def take_over(self) -> None:
        """Shut the last owners of our partitions out, and say that we are their owner; once in each generation.

        When the group does not take our name it is about to give them away again: then we are no member, and nothing
        that we would write is committed. A broker that is away is waited for, with growing pauses, for as long as we
        are who we are in the group.

        Raises:
            KafkaError: We have not the right to; waiting would not help.
        """
        async with self._taking:
            generation = self._consumer.app.consumer_generation_id
            if self._taken_in != generation:
                await self._take()
                self._taken_in = generation

    async def _take(self) -> None:
        self.membership = None
        group, began = self._consumer.group, self._consumer.group.membership()
        if not self._assigned():
            return
        pause_s = 0.0
        while began is not None and began == group.membership():
            try:
                places = await asyncio.wait_for(self._alone(), TAKE_S)
            except FORBIDDEN:
                raise
            except (KafkaError, RetryableError, OSError, TimeoutError) as error:
                pause_s = longer(pause_s)
                log.warning("partitions.not_taken_over", error=repr(error), retry_in_s=pause_s)
                await self._pause(pause_s)
            else:
                await self._claim(places, began)
                return

    async def _alone(self) -> dict[TP, Place]:
        """Let nothing of ours or of an earlier owner be pending; return how far our partitions are, as we note it."""
        await self._transactions.end_doubt()
        group, owner, assigned = self._consumer.group, self._transactions.owner, self._assigned()
        known = {owner, ""}
        while True:
            places, self._topics = await asyncio.gather(group.places(), group.topic_ids({tp.topic for tp in assigned}))
            others = {place.note.owner for place in places.values()} - known
            if not others:
                break
            await self._shut_out(others, self._consumer.app.client_options)
            known |= others
        places = self._of_these_topics(places)
        begins = await group.begins(assigned - places.keys())
        places |= {tp: Place(offset, Note("", UNTOUCHED)) for tp, offset in begins.items()}
        self._offsets = {tp: place.offset for tp, place in places.items()}
        self._untouched = {tp for tp, place in places.items() if place.note.what == UNTOUCHED}
        return {tp: Place(place.offset, self._note(tp, owner)) for tp, place in places.items()}

    def _of_these_topics(self, places: Mapping[TP, Place]) -> dict[TP, Place]:
        """Leave out offsets of topics that were deleted since and made anew: they mean nothing in the new ones."""
        old = {
            tp
            for tp, place in places.items()
            if place.note.topic not in {"", self._topics.get(tp.topic, place.note.topic)}
        }
        if old:
            log.warning("topic.made_anew", topics=sorted({tp.topic for tp in old}), error="read from its beginning")
        return {tp: place for tp, place in places.items() if tp not in old}

    def topics_changed(self, now: Mapping[str, str]) -> bool:
        """Return whether one of our topics is not the one any more that we took over.

        Args:
            now: Ids of topics; one that is not there at all may come back.
        """
        return any(self._topics.get(topic, number) != number for topic, number in now.items())

    def set_back(self, tp: TP, offset: int) -> None:
        """Note that what we took for handled is not there: the partition is read from this offset on."""
        self._offsets[tp] = offset

    async def _claim(self, places: Mapping[TP, Place], began: "Membership") -> None:
        """Put our name into the notes, as often as it takes while we are who we are in the group."""
        group = self._consumer.group
        while began == group.membership():
            if await group.note(places):
                self.membership = began
                return
            await self._pause(CLAIM_AGAIN_S)

    async def let_go(self) -> None:
        """Take our name out of the notes, unless something of ours may still be pending."""
        reached = self._reached()
        if self.membership is not None and reached and self._transactions.clean:
            await self._consumer.group.note({tp: Place(offset, self._note(tp, "")) for tp, offset in reached.items()})
        self.membership = None
        self._taken_in = -1  # the group may give us the same under the same generation

    def anchor(self) -> Mapping[TopicPartition, int]:
        """Return one of our partitions and how far it is handled."""
        return dict([min(self._reached().items())])

    def note(self, tp: TopicPartition, what: str) -> str:
        """Return the text that is committed with an offset of ours."""
        return str(self._named(tp, self._transactions.owner, what))

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
        group, owner = self._consumer.group, self._transactions.owner
        if self.membership is None or self.membership != group.membership():
            return False
        rows = {TP(*tp): offset for tp, offset in offsets.items()}
        if not await group.note({tp: Place(row, self._named(tp, owner, HANDLED)) for tp, row in rows.items()}):
            return False
        self.took_effect(offsets)
        return True

    async def places(self) -> Mapping[TopicPartition, Place]:
        """Ask the broker how far the group has come in our partitions, and who says so.

        Raises:
            RetryableError: It does not say so of all of them.
        """
        places = await self._consumer.group.places()
        if unknown := self._reached().keys() - places.keys():
            raise RetryableError(f"how far the group has come in {len(unknown)} of our partitions is not known")
        return places

    def _assigned(self) -> set[TP]:
        return {ensure_TP(tp) for tp in self._consumer.assignment()}

    def _reached(self) -> dict[TP, int]:
        reached = self._offsets | self._consumer.next_commit
        assigned = self._assigned()
        return {tp: offset for tp, offset in reached.items() if tp in assigned}

    def _note(self, tp: TP, owner: str) -> Note:
        untouched = tp in self._untouched and tp not in self._consumer.next_commit
        return self._named(tp, owner, UNTOUCHED if untouched else HANDLED)

    def _named(self, tp: TopicPartition, owner: str, what: str) -> Note:
        return Note(owner, what, self._topics.get(tp.topic, ""))
