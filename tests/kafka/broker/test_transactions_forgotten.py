"""What can befall a worker's transactions: forgotten, fenced in the middle, aborted by others, very large."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome
from fairwatch.engine.fenced_producer import FencedProducer
from fairwatch.engine.worker import Resources, Worker
from tests.engine.test_recovery import ids, numbered, working
from tests.kafka.broker.test_transactions import assert_exactly_once, everything_once
from tests.support.engine_lab import CODEC, PLAIN, RECORDS, SPEC, Lab, observation, stopped, until
from tests.support.kafka_cluster import Broker, one_broker

FORGETS = {
    "transactional.id.expiration.ms": "2000",
    "transaction.remove.expired.transaction.cleanup.interval.ms": "500",
    "producer.id.expiration.ms": "2000",
    "producer.id.expiration.check.interval.ms": "500",
}
FORGOTTEN_S = 4.0


@pytest.fixture(scope="module")
def server() -> Iterator[Broker]:
    """Give a broker that forgets transactional ids within seconds."""
    with one_broker(properties=FORGETS) as running:
        yield running


@pytest.fixture
def lab(server: Broker, topic_prefix: str) -> Lab:
    return Lab(server.address, topic_prefix, embedded=False, engine={"session_timeout_s": 6.0})


async def test_a_broker_that_forgets_a_transactional_id_costs_nothing_and_doubles_nothing(lab: Lab) -> None:
    await lab.create()
    async with working(lab, SPEC, batch_max=10) as (_, probes):
        for round_ in range(3):
            await lab.send(numbered(round_ * 40, 40))
            await until(lambda: everything_once(lab, (round_ + 1) * 40), 60)  # noqa: B023
            await asyncio.sleep(FORGOTTEN_S)
        assert len(probes[0].handled) == 120, "the writes were tried again, not the events"
    async with working(lab, SPEC):
        await lab.send(numbered(120, 40))
        await until(lambda: everything_once(lab, 160), 60)
    await assert_exactly_once(lab, 160)


@pytest.mark.parametrize("moment", ["begin", "commit_offsets", "commit_transaction"])
async def test_a_producer_that_is_fenced_in_the_middle_of_a_batch_writes_it_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Somebody calls for the name of its producer while it is still the partitions' owner."""
    does, calls, fenced = getattr(FencedProducer, moment), count(1), []

    async def fenced_at_the_third(producer: FencedProducer, *given: Any) -> None:
        if next(calls) == 3:
            name = producer._txn_manager.transactional_id
            async with AIOKafkaProducer(bootstrap_servers=lab.bootstrap, transactional_id=name):
                fenced.append(name)
        await does(producer, *given)

    monkeypatch.setattr(FencedProducer, moment, fenced_at_the_third)
    await lab.create()
    await lab.send(numbered(0, 200))
    async with working(lab, SPEC, batch_max=20):
        await until(lambda: everything_once(lab, 200), 60)
    assert len(fenced) == 1
    await assert_exactly_once(lab, 200)


async def test_records_of_an_aborted_transaction_are_never_handled_and_offsets_go_on_past_them(lab: Lab) -> None:
    await lab.create(partitions=1)
    async with AIOKafkaProducer(bootstrap_servers=lab.bootstrap, transactional_id=lab.prefix + "t") as producer:

        async def transaction(*numbers: str) -> None:
            await producer.begin_transaction()
            for number in numbers:
                await producer.send(lab.prefix + "in", CODEC.encode("Observation", observation(number)), key=b"k")
            await producer.flush()

        await transaction("a", "b")
        await producer.commit_transaction()
        await transaction(*(f"no{number}" for number in range(500)))
        await producer.abort_transaction()
        async with working(lab, PLAIN) as (worker, probes):
            await until(lambda: probes[0].handled == ["a", "b"])
            await transaction(*(f"no{number}" for number in range(500)))
            await producer.abort_transaction()
            assert worker._app is not None
            consumer = worker._app.batches
            await until(lambda: list(consumer.committed.values()) == [1005], 10)
            await until(lambda: worker.parts[0].tally.lag == 0, 10)
            await transaction("c")
            await producer.commit_transaction()
            await until(lambda: everything_once(lab, 3))
    assert probes[0].handled == list(ids(await lab.outputs())) == ["a", "b", "c"]


KEYS = 100_000


class Census:
    """Changes the state of very many keys at the word of one event."""

    spec = SPEC

    def __init__(self, resources: Resources) -> None:
        self._state = resources.state
        self.handled = 0

    async def handle(self, batch: Sequence[Event]) -> list[list[Outcome]]:
        """Count each key once more for every event."""
        answers: list[list[Outcome]] = []
        for event in batch:
            for number in range(KEYS):
                count_ = (self._state.get(event.partition, f"k{number}") or {"count": 0})["count"]
                self._state.put(event.partition, f"k{number}", {"count": count_ + 1, "wake": False, "pad": "x" * 100})
            answers.append([Emit("out", event.key, {**event.record, "extensions": {"count": "1"}})])
        self.handled += len(batch)
        return answers

    async def tick(self, partitions: Sequence[int]) -> list[Emit]:
        """Do nothing."""
        return []


async def test_a_hundred_thousand_keys_changed_in_one_batch_take_effect_together(lab: Lab, record_property) -> None:
    await lab.create(partitions=1)
    processors: list[Census] = []

    def build(resources: Resources) -> Census:
        processors.append(Census(resources))
        return processors[0]

    worker = Worker({SPEC: build}, lab.config(), CODEC, records=RECORDS)
    task = asyncio.create_task(worker.run())
    await until(lambda: worker.unready() is None)
    await lab.send([("one", observation("1"))])
    seen: set[int] = set()

    async def there() -> bool:
        rows = await lab.read("fairwatch-probe-state")
        seen.add(sum(b"count" in (row.value or b"") for row in rows))
        return len(await lab.outputs()) == 1

    began = asyncio.get_running_loop().time()
    await until(there, 60)
    record_property("seconds for 100,000 keys", round(asyncio.get_running_loop().time() - began, 1))
    await there()
    assert seen in ({0, KEYS}, {KEYS})
    assert await stopped(worker, task) == 0
    kept: Counter[Any] = Counter(row.key for row in await lab.read("fairwatch-probe-state"))
    assert set(kept.values()) == {1}, "no key was written a second time"
