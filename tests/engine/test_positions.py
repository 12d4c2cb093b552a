"""Where a consumer goes on reading: set anew with each membership, as the broker tells, and not while it is stopped."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from structlog.testing import capture_logs

from fairwatch.engine.ahead import Ahead
from fairwatch.engine.application import Application
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.ownership import HANDLED, UNTOUCHED, Note, Place
from fairwatch.engine.transport import Batch, BatchConsumer
from tests.engine.test_given_up import record
from tests.support.engine_lab import CODEC

FIRST, SECOND = TP("in", 0), TP("in", 1)


class Thread:
    """What the broker says of the group, and where it is told to begin."""

    def __init__(self) -> None:
        self.known: dict[TP, Place] = {}
        self.noted: list[Any] = []
        self.rewound: list[set[TP]] = []

    async def places(self) -> dict[TP, Place]:
        return self.known

    async def note(self, places: dict[TP, Place]) -> bool:
        self.noted.append(places)
        return True

    async def rewind(self, partitions: set[TP]) -> None:
        self.rewound.append(set(partitions))


class Ownership:
    """Notes in which order it was asked."""

    def __init__(self, order: list[str]) -> None:
        self.order = order

    async def take_over(self) -> None:
        self.order.append("taken over")

    async def let_go(self) -> None:
        self.order.append("let go")


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.order: list[str] = []
        application = Application(
            "probe", EngineConfig("127.0.0.1:1"), replay=False, release=self._released, ahead=Ahead(CODEC, {})
        )
        self.consumer: Any = application.batches
        self.thread, self._own = Thread(), self.consumer._thread
        monkeypatch.setattr(self.consumer, "_thread", self.thread)
        monkeypatch.setattr(self.consumer, "assignment", lambda: {FIRST, SECOND})

        async def sought(consumer: Any) -> None:
            self.order.append("sought")
            consumer._committed_offset.update(self.committed)

        async def revoked(_: Any, partitions: set[TP]) -> None:
            self.order.append(f"revoked {len(partitions)}")

        monkeypatch.setattr(driver.Consumer, "perform_seek", sought)
        monkeypatch.setattr(driver.Consumer, "on_partitions_revoked", revoked)
        self.committed: dict[TP, int | None] = {FIRST: 5, SECOND: None}

    async def _released(self) -> None:
        self.order.append("released")

    def close(self) -> None:
        self._own.thread_loop.close()


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    found = World(monkeypatch)
    yield found
    found.close()


async def test_a_partition_of_which_nothing_was_handled_is_read_from_its_beginning(world: World) -> None:
    world.consumer.next_read[FIRST] = world.consumer.next_commit[FIRST] = 99
    await world.consumer.perform_seek()
    assert (world.order, world.thread.rewound) == (["sought"], [{SECOND}])
    assert (world.consumer.next_read, world.consumer.next_commit) == ({}, {})


async def test_where_everything_was_handled_before_nothing_is_read_from_its_beginning(world: World) -> None:
    world.committed[SECOND] = 0
    await world.consumer.perform_seek()
    assert world.thread.rewound == []


async def test_a_processor_that_replays_reads_everything_whatever_was_committed(world: World) -> None:
    world.consumer.app.replay = True
    await world.consumer.perform_seek()
    assert (world.order, world.thread.rewound) == ([], [{FIRST, SECOND}])


async def test_other_forms_are_asked_and_the_last_owner_shut_out_before_positions_are_looked_up(world: World) -> None:
    async def begin(group: Any) -> dict[tuple[str, int], int]:
        assert group is world.thread
        world.order.append("asked")
        return {("in", 0): 9, ("in", 1): 0, ("elsewhere", 0): 7}

    world.consumer.app.forms = SimpleNamespace(begin=begin)
    world.consumer.ownership = Ownership(world.order)
    world.thread.known = {FIRST: Place(5, Note("them", HANDLED))}
    with capture_logs() as logs:
        await world.consumer.perform_seek()
    assert world.order == ["asked", "taken over", "sought"]
    assert world.thread.noted == [{FIRST: Place(9, Note("them", HANDLED))}], "the last owner is still to be shut out"
    assert [(line["event"], line["partitions"]) for line in logs] == [("group.catches_up", 1)]


async def test_a_group_that_is_further_than_other_forms_stays_where_it_is(world: World) -> None:
    world.thread.known = {FIRST: Place(5, Note("", HANDLED)), SECOND: Place(3, Note("x", UNTOUCHED))}
    await world.consumer._catch_up({("in", 0): 4, ("in", 1): 3})
    assert world.thread.noted == [{SECOND: Place(3, Note("x", HANDLED))}]
    await world.consumer._catch_up({})
    assert len(world.thread.noted) == 1


async def test_what_runs_is_finished_and_committed_before_anything_is_given_up(world: World) -> None:
    world.consumer.ownership = Ownership(world.order)
    world.consumer.resume_flow()
    world.consumer.next_read = {FIRST: 5, SECOND: 6}
    world.consumer.next_commit = {FIRST: 5, SECOND: 6}
    await world.consumer.on_partitions_revoked({FIRST})
    assert world.order == ["released", "let go", "revoked 1"]
    assert (world.consumer.next_read, world.consumer.next_commit) == ({SECOND: 6}, {SECOND: 6})
    assert not world.consumer.flow_active


async def test_what_the_broker_says_is_committed_is_told_of_every_partition_we_have(world: World) -> None:
    world.thread.known = {FIRST: Place(5, Note("us", HANDLED)), SECOND: Place(3, Note("us", UNTOUCHED))}
    assert await world.consumer.committed_now() == {FIRST: 5, SECOND: None}


async def test_offsets_of_a_transaction_are_counted_and_known(world: World) -> None:
    world.consumer.committed_by_transaction({FIRST: 12})
    assert (world.consumer.committed[FIRST], world.consumer.commits) == (12, 1)


async def test_where_transactions_commit_faust_has_nothing_to(world: World) -> None:
    world.consumer.next_commit = {FIRST: 12}
    assert list(world.consumer._filter_tps_with_pending_acks()) == [FIRST]
    assert list(world.consumer._filter_tps_with_pending_acks({"elsewhere"})) == []
    assert list(world.consumer._filter_tps_with_pending_acks({"in"})) == [FIRST]
    world.consumer.ownership = Ownership([])
    assert list(world.consumer._filter_tps_with_pending_acks()) == []


@pytest.mark.parametrize(("taken", "knows", "commits"), [(True, 9, 1), (False, 5, 0)])
async def test_offsets_that_the_group_did_not_take_are_not_taken_for_committed(
    world: World, monkeypatch: pytest.MonkeyPatch, taken: bool, knows: int, commits: int
) -> None:
    async def commit(consumer: BatchConsumer, offsets: Any, *, start_new_transaction: bool) -> bool:
        assert start_new_transaction
        consumer._committed_offset.update(offsets)
        return taken

    monkeypatch.setattr(driver.Consumer, "_commit_offsets", commit)
    world.consumer._committed_offset[FIRST] = 5
    world.consumer.next_commit = {FIRST: 9}
    assert await world.consumer._commit_offsets({FIRST: 9}) is taken
    assert (world.consumer.committed[FIRST], world.consumer.commits) == (knows, commits)


async def test_nothing_is_fetched_while_the_worker_has_its_hands_full_or_the_flow_is_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetched(_: float) -> Any:
        raise AssertionError("nobody fetches")

    monkeypatch.setattr(world.consumer, "_wait_next_records", fetched)
    world.consumer.resume_flow()
    world.consumer.app.handover.taken([record(1)])
    assert [message async for message in world.consumer.getmany(0.001)] == []
    world.consumer.app.handover.reset()

    async def free() -> None:
        world.consumer.stop_flow()

    monkeypatch.setattr(world.consumer.app.handover.free, "wait", free)
    assert [message async for message in world.consumer.getmany(0.001)] == []


async def test_offsets_that_are_not_there_are_forgotten_in_every_form(world: World) -> None:
    forgotten: list[Any] = []
    world.consumer.app.forms = SimpleNamespace(forget=forgotten.append)
    with capture_logs():
        world.thread.missed = SimpleNamespace(offsets={FIRST})  # type: ignore[attr-defined]
        world.consumer._set_back(FIRST, 40, 2)
    assert forgotten == [("in", 0)]


def test_a_batch_ends_behind_its_last_record_in_each_partition() -> None:
    assert Batch([record(5), record(6), record(9, partition=1)]).ends == {FIRST: 7, SECOND: 10}
