"""What only Apache Kafka shows of the engine's writes: producer ids, refusals, brokers that answer late."""

import asyncio
from contextlib import closing
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.structs import TopicPartition

from tests.engine.test_recovery import ids, numbered, working
from tests.support.engine_lab import PLAIN, Lab, observation, until
from tests.support.kafka_cluster import Broker, one_broker


async def _all_out(lab: Lab, count: int) -> None:
    async def there() -> bool:
        return len(ids(await lab.outputs())) == count

    await until(there, 90)


async def test_a_worker_writes_as_an_idempotent_producer(lab: Lab) -> None:
    await lab.create(partitions=1)
    async with working(lab, PLAIN):
        await lab.send(numbered(0, 50))
        await _all_out(lab, 50)
        await lab.send(numbered(50, 50))
        await _all_out(lab, 100)

    def producers() -> list[Any]:
        out = TopicPartition(lab.prefix + "out", 0)
        with closing(KafkaAdminClient(bootstrap_servers=lab.bootstrap)) as admin:
            return list(admin.describe_producers([out])[out].active_producers)

    found = await asyncio.to_thread(producers)  # two take turns, one transaction each
    assert found, "records are numbered by their producer"
    assert all(producer.producer_id >= 0 for producer in found)
    # Where brokers add the parts of a transaction, its end begins the next epoch, and numbers begin anew.
    assert all(producer.producer_epoch > 0 for producer in found)


async def test_what_the_broker_refuses_becomes_a_dead_letter_and_the_rest_goes_on(lab: Lab) -> None:
    await lab.create(partitions=1, out_bytes=100_000)
    async with working(lab, PLAIN):
        await lab.send([("k", observation("1")), ("k", observation("2", "huge")), ("k", observation("3"))])
        await _all_out(lab, 2)
        await until(lambda: _letters(lab, 1))
    assert [output["observation_id"] for output in await lab.outputs()] == ["1", "3"], "in order, each once"
    [letter] = await lab.letters()
    assert (letter["reason"], letter["offset"]) == ("too_large", 1)


async def test_records_that_pass_one_by_one_are_written_although_all_at_once_are_too_large(lab: Lab) -> None:
    await lab.create(partitions=1, out_bytes=20_000)
    await lab.send([("k", {**observation(str(n)), "retention_class": "x" * 5000}) for n in range(50)])
    async with working(lab, PLAIN):
        await _all_out(lab, 50)
    assert [output["observation_id"] for output in await lab.outputs()] == [str(n) for n in range(50)]
    assert await lab.letters() == []


async def _letters(lab: Lab, count: int) -> bool:
    return len(await lab.letters()) == count


async def test_a_broker_that_answers_nobody_for_longer_than_a_request_may_take_gets_nothing_twice(
    topic_prefix: str,
) -> None:
    """A write that was taken but not acknowledged in time is sent again under its sequence number."""
    with one_broker() as server:
        lab = Lab(server.address, topic_prefix, embedded=False, engine={"client_options": {"request_timeout_ms": 3000}})
        await lab.create(partitions=1)
        async with working(lab, PLAIN, batch_max=10) as (_, probes):
            sending = asyncio.create_task(lab.send(numbered(0, 2000)))
            await until(lambda: probes[0].handled)
            for _ in range(3):
                await _stand_still(server, 5.0)
            await sending
            await _all_out(lab, 2000)
        counts = ids(await lab.outputs())
    assert (len(counts), sum(counts.values())) == (2000, 2000)


async def _stand_still(server: Broker, seconds: float) -> None:
    await asyncio.to_thread(server.pause)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.resume)
    await asyncio.sleep(0.5)
