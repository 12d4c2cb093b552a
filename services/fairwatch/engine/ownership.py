"""Says who owns a partition, in the group's own offsets, so that the next owner can shut the last one out.

Kafka ends a transaction that a dead worker left open only after a time-out, and takes offsets of one that merely stood
still until it hears of the new generation. So each owner puts the name of its producers into the note beside the offset
when it takes a partition over, and the next one calls Kafka's `InitProducerId` for that name: the broker then ends what
is open and refuses whatever the old one still sends. Who gives a partition up in good order takes its name out.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import structlog
from aiokafka import TopicPartition

from fairwatch.engine.fenced_producer import FencedProducer
from fairwatch.engine.txn_offset_commit import Membership

UNTOUCHED, HANDLED = "untouched", "handled"
PRODUCERS = 2  # taken in turns: Kafka ends a transaction a moment after it says so, and begins no other meanwhile
TRANSACTION_MS = 10_000

log = structlog.get_logger()


class Note(NamedTuple):
    """What lies beside a committed offset.

    Attributes:
        owner: Of the partition; empty where nobody is, or an older version committed.
        what: `untouched` when nothing was handled yet, `handled`, or the number of the owner's transaction.
        topic: Id of the topic that the offset is of; empty where the broker has none, or an older version committed.
    """

    owner: str
    what: str
    topic: str = ""

    @classmethod
    def read(cls, text: str | None) -> "Note":
        """Return what a note says; what is none of ours says nothing.

        >>> Note.read("fairwatch-group-1f 17 AAECAw")
        Note(owner='fairwatch-group-1f', what='17', topic='AAECAw')
        >>> Note.read("kafka-ui"), Note.read("set back") == Note.read(None)
        (Note(owner='', what='handled', topic=''), True)
        """
        words = (text or "").split(" ")
        if len(words) not in {2, 3} or not (words[1] in {UNTOUCHED, HANDLED} or words[1].isdecimal()):
            return cls("", HANDLED)
        return cls(*words)

    def __str__(self) -> str:
        return f"{self.owner} {self.what} {self.topic}".rstrip()


class Place(NamedTuple):
    """How far a group has come in a partition, and who says so."""

    offset: int
    note: Note


class Ownership(Protocol):
    """What a writer of transactions has to know of the group; the consumer tells it."""

    membership: Membership | None

    def anchor(self) -> Mapping[TopicPartition, int]:
        """Return one of our partitions and how far it is handled, for a transaction that handles no event."""
        ...

    def note(self, tp: TopicPartition, what: str) -> str:
        """Return the text that is committed with an offset of ours."""
        ...

    def took_effect(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Hear that a transaction with these offsets was committed."""
        ...

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> bool:
        """Commit offsets alone; return whether the group took them from us."""
        ...

    async def places(self) -> Mapping[TopicPartition, Place]:
        """Ask the broker; RetryableError where it does not say so of all of our partitions."""
        ...


def transactional_ids(owner: str) -> list[str]:
    """Return the ids of an owner's producers.

    >>> transactional_ids("fairwatch-group-1f")
    ['fairwatch-group-1f-0', 'fairwatch-group-1f-1']
    """
    return [f"{owner}-{number}" for number in range(PRODUCERS)]


async def shut_out(owners: Iterable[str], options: Mapping[str, Any]) -> None:
    """End what these owners left open and let them write nothing any more; done when nothing of theirs is pending.

    Args:
        owners: Names out of notes.
        options: Of aiokafka's clients.
    """

    async def one(transactional_id: str) -> None:
        producer = FencedProducer(
            transactional_id=transactional_id, transaction_timeout_ms=TRANSACTION_MS, retry_backoff_ms=20, **options
        )
        try:
            await producer.start()
        finally:
            await producer.stop()

    owners = sorted(owners)
    await asyncio.gather(*(one(name) for owner in owners for name in transactional_ids(owner)))
    for owner in owners:
        log.info("owner.shut_out", owner=owner)
