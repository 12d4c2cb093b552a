"""What runs when partitions are given up is finished; what an earlier owner fetched or acknowledged is dropped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.subscription_state import SubscriptionState
from faust.types import TP

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Outcome
from fairwatch.engine.ahead import Ahead
from fairwatch.engine.application import Application
from fairwatch.engine.config import EngineConfig, Resources
from fairwatch.engine.transport import Batch, BatchConsumer
from fairwatch.engine.worker import Worker
from tests.support.engine_lab import CODEC, PLAIN, RECORDS, Lab, Probe, observation, stopped, until

EVENTS = 40
HOURS_S = 7200.0


class Gated(Probe):
    """Handles its first batch only once it is let."""

    def __init__(self, resources: Resources, gate: asyncio.Event) -> None:
        super().__init__(resources, PLAIN)
        self.inside = False
        self._gate = gate

    async def handle(self, batch: Sequence[Event]) -> list[list[Outcome]]:
        self.inside = True
        await self._gate.wait()
        return await super().handle(batch)


def gated(lab: Lab, gate: asyncio.Event) -> tuple[Worker, list[Gated]]:
    probes: list[Gated] = []

    def build(resources: Resources) -> Gated:
        probes.append(Gated(resources, gate))
        return probes[0]

    return Worker({PLAIN: build}, lab.config(), CODEC, records=RECORDS), probes


@pytest.mark.broker
async def test_a_batch_that_runs_when_another_worker_joins_is_finished_and_never_repeated(lab: Lab) -> None:
    await lab.create(partitions=2)
    await lab.send([(f"key{number}", observation(str(number))) for number in range(EVENTS)])
    gate = asyncio.Event()
    worker, probes = gated(lab, gate)
    task = asyncio.create_task(worker.run())
    await until(lambda: probes and probes[0].inside)
    newcomer, others = lab.worker(PLAIN)
    joining = asyncio.create_task(newcomer.run())
    await until(lambda: worker.unready() == "waiting for partitions")
    assert worker.busy, "it waits for the batch before it gives anything up"
    gate.set()
    try:
        await until(lambda: worker.unready() is None and newcomer.unready() is None)
        await until(lambda: len(probes[0].handled + others[0].handled) >= EVENTS)
    finally:
        assert [await stopped(worker, task), await stopped(newcomer, joining)] == [0, 0]
    numbers = sorted(int(output["observation_id"]) for output in await lab.outputs())
    assert numbers == list(range(EVENTS))


@pytest.mark.broker
async def test_a_worker_that_has_not_waited_for_records_for_hours_stays_in_its_group_and_joins_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under load there are always records, so that none are waited for: aiokafka takes that for idleness."""
    monkeypatch.setattr(SubscriptionState, "fetcher_idle_time", property(lambda _: HOURS_S))
    await lab.create(partitions=2)
    worker, probes = lab.worker(PLAIN)
    newcomer, others = lab.worker(PLAIN)
    tasks = {worker: asyncio.create_task(worker.run())}
    try:
        await until(lambda: worker.unready() is None)
        tasks[newcomer] = asyncio.create_task(newcomer.run())
        await until(lambda: worker.unready() is None and newcomer.unready() is None)
        await lab.send([(f"key{number}", observation(str(number))) for number in range(EVENTS)])
        await until(lambda: len(probes[0].handled + others[0].handled) >= EVENTS)
        assert probes[0].handled
        assert others[0].handled
    finally:
        assert [await stopped(each, task) for each, task in tasks.items()] == [0, 0]


def record(offset: int, partition: int = 0) -> Any:
    return SimpleNamespace(topic="in", partition=partition, offset=offset, value=b"x", timestamp=0)


@pytest.fixture
async def consumer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BatchConsumer]:
    """Give the consumer of a worker that was not started, whose events flow."""

    async def released() -> None:
        """Have nothing to give up."""

    ahead = Ahead(CODEC, {})
    found = Application("probe", EngineConfig("127.0.0.1:1"), replay=False, release=released, ahead=ahead).batches
    monkeypatch.setattr(type(found), "_set_positions", lambda self: released())
    found.resume_flow()
    yield found
    found._thread.thread_loop.close()


def fetching(consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]) -> None:
    """Let a fetch bring two records, in the middle of which something happens."""

    async def fetched(_: float) -> Any:
        meanwhile()
        return {TP("in", 0): [record(7), record(8)]}, None

    monkeypatch.setattr(consumer, "_wait_next_records", fetched)


async def taken(consumer: BatchConsumer) -> list[int]:
    return [record.offset async for _, message in consumer.getmany(1.0) for record in message.value]


async def test_what_was_fetched_is_handed_over_once(consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch) -> None:
    fetching(consumer, monkeypatch, meanwhile=lambda: None)
    assert await taken(consumer) == [7, 8]
    consumer.app.handover.reset()  # the worker is done with it
    assert await taken(consumer) == [], "the same fetch, once more"


async def test_what_was_fetched_before_positions_were_set_anew_is_not_handed_over(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching(consumer, monkeypatch, meanwhile=consumer.stop_flow)
    taking = asyncio.create_task(taken(consumer))
    await until(lambda: not consumer.flow_active)
    await consumer.perform_seek()
    consumer.resume_flow()
    assert await taking == []


async def test_a_seek_waits_for_the_fetch_that_is_under_way(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, goes_on, order = asyncio.Event(), asyncio.Event(), []

    async def fetched(_: float) -> Any:
        under_way.set()
        await goes_on.wait()
        order.append("fetched")
        return {}, None

    async def positions() -> None:
        order.append("sought")

    monkeypatch.setattr(consumer, "_wait_next_records", fetched)
    monkeypatch.setattr(consumer, "_set_positions", positions)
    taking = asyncio.create_task(taken(consumer))
    await under_way.wait()
    seeking = asyncio.create_task(consumer.perform_seek())
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(taking, seeking)
    assert order == ["fetched", "sought"]


async def test_what_a_worker_acknowledges_under_an_earlier_generation_is_not_committed(consumer: BatchConsumer) -> None:
    consumer.app.consumer_generation_id = 3
    ours = consumer._message(Batch([record(5), record(9, partition=1)]), 3)
    assert consumer.ack(ours)
    assert consumer.next_commit == {TP("in", 0): 6, TP("in", 1): 10}
    stale = consumer._message(Batch([record(20)]), 2)
    assert consumer.ack(stale)
    assert consumer.next_commit == {TP("in", 0): 6, TP("in", 1): 10}
    assert not consumer.ack(ours), "it was acknowledged before"
