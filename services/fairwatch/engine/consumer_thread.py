"""The thread in which aiokafka fetches and keeps up the membership of the group, and what it is asked there."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import aiokafka
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.group import LeaveGroupRequest
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import WorkerThread

from fairwatch.engine.assignor import Assignor
from fairwatch.engine.fetching import Rota
from fairwatch.engine.open_consumer import Missed, OpenConsumer
from fairwatch.engine.ownership import Note, Place
from fairwatch.engine.private_names import (
    buffer_of,
    client_of,
    coordinator_of,
    fetcher_of,
    instance_of,
    may_take,
    set_fetch_wait,
    subscription_of,
)
from fairwatch.engine.topic_ids import topic_ids
from fairwatch.engine.txn_offset_commit import Membership

if TYPE_CHECKING:
    from fairwatch.engine.transport import BatchConsumer

BACKLOG_POLL_S = 0.1


class DaemonThread(WorkerThread):
    """A consumer thread that cannot keep a finished process alive when the broker never answers."""

    def __init__(self, service: Any, **options: Any) -> None:
        super().__init__(service, **options)
        self.daemon = True


class BatchThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka fetches and keeps up the group membership."""

    app: Any
    Worker = DaemonThread

    def _create_worker_consumer(self, transport: driver.Transport) -> OpenConsumer:  # noqa: ARG002  # Faust's signature
        """Return aiokafka's consumer.

        Our assignor keeps partition n of every topic on the same worker, which state shared by topics needs; Faust's
        own choices (its table assignor, or round robin) do not.
        """
        self._assignor = Assignor()
        self._rota = Rota()
        return OpenConsumer(
            group_id=self.app.conf.id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **self.app.consumer_options,
        )

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's signature
        max_records: int | None = None,
    ) -> Any:
        """Return what was fetched, each partition in its turn; only when there is nothing, wait for it."""
        backlog = cast("BatchConsumer", self.consumer).backlog
        if backlog.held:
            backlog.look(self.positions())
            timeout = min(timeout or 0.0, BACKLOG_POLL_S)  # no record comes where a transaction was given up
        fetched = await self._taken(consumer, active_partitions - backlog.held, timeout, max_records)
        fetcher, (quiet, eager) = fetcher_of(consumer), self.app.fetch_waits_ms
        set_fetch_wait(fetcher, eager if (fetched and self.app.embedded) or buffer_of(fetcher) else quiet)
        return fetched

    async def _taken(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None,  # noqa: ASYNC109  # as above
        max_records: int | None,
    ) -> Any:
        fetcher = fetcher_of(consumer)
        if self.consumer.flow_active and may_take(fetcher):
            taken = await self._rota.take(fetcher, active_partitions, self.app.appetite.limit)
            if taken:
                return taken
        return await super()._fetch_records(consumer, active_partitions, timeout, max_records)

    async def rewind(self, partitions: Iterable[TP]) -> None:
        """Read these partitions from their beginning."""
        await self.seek_to_beginning(*(aiokafka.TopicPartition(tp.topic, tp.partition) for tp in partitions))

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit, or give up soon.

        A commit that outlives an outage would be made for a group that has moved on, and one without a generation
        would count as that of a lone consumer, which the broker lets set any offset.
        """
        if not self.connected or coordinator_of(self._ensure_consumer()).generation == driver.DEFAULT_GENERATION_ID:
            return False
        try:
            return await asyncio.wait_for(super()._commit(offsets), self.app.conf.broker_session_timeout / 2)
        except TimeoutError:
            return False

    async def places(self) -> dict[TP, Place]:
        """Ask the broker how far the group has come in each partition we have, and who says so."""
        consumer = self._ensure_consumer()
        assigned = list(consumer.assignment())
        found = await self.call_thread(coordinator_of(consumer).fetch_committed_offsets, assigned)
        return {
            ensure_TP(tp): Place(row.offset, Note.read(row.metadata)) for tp, row in found.items() if row.offset >= 0
        }

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """Ask the broker for the ids of topics."""
        return dict(await self.call_thread(topic_ids, client_of(self._ensure_consumer()), topics))

    async def rejoin(self) -> None:
        """Give our partitions up and ask the group for them anew."""

        async def ask() -> None:
            coordinator_of(self._ensure_consumer()).request_rejoin()

        await self.call_thread(ask)

    @property
    def missed(self) -> Missed:
        """What fetches did not find."""
        return Missed() if self._consumer is None else self._ensure_consumer().missed

    async def partition_counts(self, topics: Iterable[str]) -> dict[str, int]:
        """Return how many partitions each topic has, as far as the client knows."""
        known = client_of(self._ensure_consumer()).cluster.partitions_for_topic  # its own answers None
        return {topic: len(found) for topic in topics if (found := known(topic))}

    async def begins(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """Ask the broker for the first offset of each."""
        consumer = self._ensure_consumer()
        wanted = [aiokafka.TopicPartition(tp.topic, tp.partition) for tp in partitions]
        found = await self.call_thread(consumer.beginning_offsets, wanted)
        return {ensure_TP(tp): offset for tp, offset in found.items()}

    async def ends_with_open(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """Ask the broker where each ends, transactions included that are not committed yet."""
        consumer = self._ensure_consumer()
        wanted = [aiokafka.TopicPartition(tp.topic, tp.partition) for tp in partitions]
        found = await self.call_thread(consumer.end_offsets_with_open, wanted)
        return {ensure_TP(tp): offset for tp, offset in found.items()}

    def membership(self) -> Membership | None:
        """Return who we are in the group; None while we are nobody."""
        coordinator = coordinator_of(self._ensure_consumer())
        if coordinator.generation == driver.DEFAULT_GENERATION_ID:
            return None
        return Membership(
            self.app.conf.id,
            coordinator.generation,
            coordinator.member_id,
            instance_of(coordinator),
        )

    @property
    def member_id(self) -> str:
        """Who we are in the group, or ask to be; empty where we have not asked yet."""
        coordinator = self._coordinator
        return "" if coordinator is None else str(coordinator.member_id)

    async def members(self) -> dict[str, str]:
        """Ask the broker who is in the group: client ids by member id; KafkaError when it does not say."""
        response = await self._asked(DescribeGroupsRequest([self.app.conf.id]))
        [(_, _, _, _, _, members, *_)] = response.groups
        return {member: client for member, client, *_ in members}

    async def dismiss(self, member_id: str) -> None:
        """Leave the group on behalf of a member."""
        await self._asked(LeaveGroupRequest(self.app.conf.id, member_id))

    async def _asked(self, request: Any) -> Any:
        """Ask the group's coordinator, not over the connection on which joining waits for its answer."""
        coordinator = self._coordinator
        if coordinator is None or coordinator.coordinator_id is None:
            raise GroupCoordinatorNotAvailableError
        return await self.call_thread(client_of(self._ensure_consumer()).send, coordinator.coordinator_id, request)

    async def note(self, places: Mapping[TP, Place]) -> bool:
        """Commit offsets with notes; return whether the group took them."""
        consumer = self._ensure_consumer()
        if self.membership() is None:  # it would count as a lone consumer, which the broker lets set any offset
            return False
        rows = {aiokafka.TopicPartition(*tp): (place.offset, str(place.note)) for tp, place in places.items()}
        try:
            await asyncio.wait_for(self.call_thread(consumer.commit, rows), self.app.conf.broker_session_timeout / 2)
        except (TimeoutError, KafkaError):
            return False
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return False  # the thread is being stopped, not we
        return True

    def positions(self) -> dict[TP, int]:
        """Return the next offset to be fetched of each partition where that is known."""
        consumer = self._consumer
        subscription = subscription_of(consumer) if consumer is not None else None
        if subscription is None or subscription.assignment is None:
            return {}
        states = {tp: subscription.assignment.state_value(tp) for tp in subscription.assignment.tps}
        return {ensure_TP(tp): state.position for tp, state in states.items() if state.has_valid_position}

    @property
    def connected(self) -> bool:
        """Whether the group's coordinator answers."""
        coordinator = self._coordinator
        return coordinator is not None and coordinator.coordinator_id is not None

    @property
    def _coordinator(self) -> Any:
        """The coordinator of aiokafka; None until the consumer has started."""
        consumer = self._consumer
        return None if consumer is None else coordinator_of(consumer)
