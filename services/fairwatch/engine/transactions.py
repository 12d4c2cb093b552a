"""Lets a batch's outputs, its state and its offsets take effect together or not at all."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from fairwatch.domain.errors import RetryableError
from fairwatch.domain.processor import Spec
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.fenced_producer import FencedProducer
from fairwatch.engine.ownership import TRANSACTION_MS, Ownership, transactional_ids
from fairwatch.engine.steps import Observe
from fairwatch.engine.submission import BATCH_BYTES, Output, Verdict, judge, submit
from fairwatch.engine.turns import ReleasedError
from fairwatch.engine.txn_offset_commit import Membership
from fairwatch.engine.writer import NotWrittenError, RefusedError
from fairwatch.wire.leaving import leave

STOP_S = 2.0

log = structlog.get_logger()


class TooLongError(Exception):
    """A record batch was refused because of its length; its records may pass one by one."""


class Transactions:
    """The Writer of one worker on Kafka: each call of `keep` is one transaction, fenced by the group's generation.

    Two producers take turns, since Kafka begins no transaction of a producer before the last one has reached every
    partition. The order holds all the same: the second begins when the first is committed.

    Whatever goes wrong, the producers are given up and made anew, which makes the broker end what was open. Then the
    note beside the committed offset says whether the transaction took effect: each has a number.

    Args:
        owner: Name of this worker among the owners of partitions.
        options: Of aiokafka's clients, address included.
        record_max: Largest value in bytes that is tried.
        make: Makes a producer.
    """

    fenced = True

    def __init__(
        self,
        owner: str,
        options: Mapping[str, Any],
        *,
        record_max: int,
        make: Callable[..., FencedProducer] = FencedProducer,
    ) -> None:
        self.owner = owner
        self._make = make
        self.find_owner: Callable[[], Ownership | None] = lambda: None
        self._options = {
            "acks": "all",
            "max_batch_size": BATCH_BYTES,
            "retry_backoff_ms": 20,
            "transaction_timeout_ms": TRANSACTION_MS,
            **options,
        }
        self._record_max = record_max
        self._producers: list[FencedProducer] = []
        self._starting = asyncio.Lock()
        self._number = 0
        self._handled: dict[TopicPartition, int] = {}
        self._in_doubt: str | None = None
        self.observe: Observe = lambda _step, _seconds: None

    @property
    def clean(self) -> bool:
        """Whether nothing of ours is open or in doubt: the next owner need not shut us out."""
        return self._in_doubt is None

    def reset(self) -> None:
        """Forget what was handled: the partitions have changed hands."""
        self._handled.clear()

    async def end_doubt(self) -> None:
        """End a transaction that was cancelled; called before anybody looks at what is committed."""
        if self._in_doubt is not None:
            await self.close()
            await self._started()
            self._in_doubt = None

    async def keep(self, outputs: list[Output], rows: list[Output], ends: Mapping[Any, int]) -> None:
        """Commit outputs, state and offsets. Offsets alone wait for the next call, or for `settle`.

        Args:
            outputs: Of a batch, dead letters included.
            rows: State that changed.
            ends: Next offset to be read, by partition; empty for what happens because time passes.

        Raises:
            NotWrittenError: Nothing took effect; to be tried again.
            RefusedError: Nothing took effect, and some outputs are too large for the broker.
            ReleasedError: The partitions are somebody else's by now.
        """
        self._handled.update(ends)
        records = [*outputs, *rows]
        if not records:
            return
        refused = [record for record in records if len(record.value or b"") > self._record_max]
        if refused:
            raise RefusedError(refused, without(outputs, refused))
        try:
            await self._long_or_not(records)
        except RefusedError as error:
            raise RefusedError(error.refused, without(outputs, error.refused)) from error
        except NotWrittenError as error:
            raise NotWrittenError(str(error), [], outputs) from error

    def passed(self, ends: Mapping[Any, int]) -> None:
        """Commit these offsets with the next call: there was nothing to be handled up to them."""
        self._handled.update(ends)

    async def settle(self) -> None:
        """Commit the offsets of what needed nothing written: one request, which the group refuses as it would theirs.

        What it does not take is tried again with the next transaction, or the next time.
        """
        ownership = self.find_owner()
        offsets = dict(self._handled)
        if offsets and ownership is not None and await ownership.commit(offsets):
            self._committed(offsets)

    async def _long_or_not(self, records: list[Output]) -> None:
        try:
            await self._whole(records, alone=False)
        except TooLongError:
            await self._whole(records, alone=True)

    async def _whole(self, records: list[Output], *, alone: bool) -> None:
        ownership = self.find_owner()
        if ownership is None or ownership.membership is None:
            raise ReleasedError
        offsets = {**(self._handled or ownership.anchor())}
        # What is in doubt is an earlier try of the same work: other work begins only after `end_doubt`.
        if self._in_doubt is None or not await self._resolve(ownership):
            await self._try(ownership, records, offsets, alone=alone)
        self._committed(offsets)
        ownership.took_effect(offsets)

    def _committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Keep what was handled or passed since: `passed` waits for nobody."""
        self._handled = {tp: end for tp, end in self._handled.items() if end != offsets.get(tp)}

    async def _try(
        self, ownership: Ownership, records: list[Output], offsets: Mapping[TopicPartition, int], *, alone: bool
    ) -> None:
        who = ownership.membership
        if who is None:
            raise ReleasedError
        self._number += 1
        number = self._in_doubt = str(self._number)
        try:
            await self._attempt(ownership, who, records, offsets, number, alone=alone)
        except (KafkaError, RetryableError) as error:
            if not await self._resolve(ownership):
                raise NotWrittenError(f"transaction not committed: {error!r}", [], []) from error
            log.info("transaction.took_effect", number=number, error=repr(error))
        self._in_doubt = None

    async def _attempt(
        self,
        ownership: Ownership,
        who: Membership,
        records: list[Output],
        offsets: Mapping[TopicPartition, int],
        number: str,
        *,
        alone: bool,
    ) -> None:
        began = time.perf_counter()
        producers = await self._started()
        producer = producers[int(number) % len(producers)]
        await producer.begin(who)
        sent = await submit(producer, records, alone=alone)
        await asyncio.wait([batch.future for batch in sent], return_when=asyncio.FIRST_EXCEPTION)
        await self._judged(judge(sent))
        acknowledged = time.perf_counter()
        self.observe("output", acknowledged - began)
        await producer.commit_offsets({tp: (offset, ownership.note(tp, number)) for tp, offset in offsets.items()})
        await producer.commit_transaction()
        self.observe("commit", time.perf_counter() - acknowledged)

    async def _judged(self, verdict: Verdict) -> None:
        """Go on only where every record was acknowledged."""
        if verdict.too_long or verdict.refused:
            await self.close()  # the broker ends the transaction when the producers are made anew
            await self._started()
            self._in_doubt = None
            if verdict.too_long:
                raise TooLongError
            raise RefusedError(verdict.refused, [])
        if verdict.left:
            raise RetryableError(f"outputs not acknowledged: {verdict.failure}")

    async def _resolve(self, ownership: Ownership) -> bool:
        """End what may be open; return whether the transaction in doubt took effect.

        Raises:
            NotWrittenError: The broker does not say yet.
            ReleasedError: Our partitions have another owner.
        """
        number = self._in_doubt
        try:
            await self.close()
            await self._started()
            places = await ownership.places()
        except (KafkaError, RetryableError) as error:
            raise NotWrittenError(f"transaction {number} in doubt: {error!r}", [], []) from error
        owners = {place.note.owner for place in places.values()}
        if owners != {self.owner}:
            log.warning("partitions.lost", owners=sorted(owners - {self.owner}))
            raise ReleasedError
        self._in_doubt = None
        return any(place.note.what == number for place in places.values())

    async def start(self) -> None:
        """Connect; RetryableError when the broker does not answer."""
        try:
            await self._started()
        except KafkaError as error:
            raise RetryableError(f"no producer: {error!r}") from error

    async def _started(self) -> list[FencedProducer]:
        async with self._starting:
            if not self._producers:
                made = [self._make(transactional_id=name, **self._options) for name in transactional_ids(self.owner)]
                try:
                    await asyncio.gather(*(producer.start() for producer in made))
                except BaseException:
                    await asyncio.gather(*(leave(producer, STOP_S) for producer in made))
                    raise
                self._producers = made
            return self._producers

    async def close(self) -> None:
        """Give the producers up; what is open is left to the broker."""
        producers, self._producers = self._producers, []
        await asyncio.gather(*(leave(producer, STOP_S) for producer in producers))


def transactions_of(spec: Spec, config: EngineConfig) -> Transactions | None:
    """Return the writer of a worker; None where the broker has no transactions, or nothing is ever committed."""
    if config.embedded or spec.replay:
        return None
    owner = f"{config.topic_prefix}fairwatch-{spec.name}-{uuid4().hex[:12]}"
    options = {"bootstrap_servers": config.bootstrap, **config.client_options}
    return Transactions(owner, options, record_max=config.record_max)


def without(outputs: list[Output], refused: list[Output]) -> list[Output]:
    """Return the outputs that were not refused."""
    gone = {id(output) for output in refused}
    return [output for output in outputs if id(output) not in gone]
