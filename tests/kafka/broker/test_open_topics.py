"""What Apache Kafka itself takes from anybody and hands on: nothing of it stops who reads an open topic."""

import asyncio

from aiokafka import AIOKafkaProducer

from fairwatch.engine.reader import TopicReader
from tests.support.broken_batches import BROKEN, write
from tests.support.engine_lab import PLAIN, observation, stopped, until

COMMITTED = {"isolation_level": "read_committed"}


async def test_what_kafka_takes_unlooked_at_is_set_aside_and_the_rest_is_handled(lab):
    await lab.create(1)
    taken = [BROKEN["a header's name that is no text"], BROKEN["more zeros than fit"]]
    await lab.send([("a", observation("before"))])
    await write(lab.bootstrap, lab.prefix + "in", taken)
    await lab.send([("b", observation("after"))])
    worker, _ = lab.worker(PLAIN)
    task = asyncio.create_task(worker.run())

    async def done():
        return [record["observation_id"] for record in await lab.outputs()] == ["before", "after"]

    await until(done)
    assert await stopped(worker, task) == 0
    letters = await lab.letters()
    assert [(letter["reason"], letter["offset"]) for letter in letters] == [
        ("unreadable_batch", 3),
        ("unreadable_batch", 6),
    ]


async def test_marks_aborted_transactions_and_tombstones_within_transactions_leave_what_was_meant(lab):
    await lab.create(1)
    topic = lab.prefix + "ref"
    transactional = AIOKafkaProducer(bootstrap_servers=lab.bootstrap, transactional_id=lab.prefix + "t")
    async with transactional as producer, AIOKafkaProducer(bootstrap_servers=lab.bootstrap) as plain:

        async def transaction(*values: bytes | None, ends) -> None:
            await producer.begin_transaction()
            for value in values:
                await producer.send_and_wait(topic, value, key=b"k")
            await plain.send_and_wait(topic, b"plain", key=b"p")
            await ends()

        await transaction(b"one", None, b"two", ends=producer.commit_transaction)
        await transaction(b"lost", None, ends=producer.abort_transaction)
        await transaction(None, b"three", ends=producer.commit_transaction)
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"open", key=b"k")
        async with TopicReader(lab.bootstrap, COMMITTED, topic) as reader:
            found = [record.value async for record in reader.to_end()]
        await producer.abort_transaction()
    assert found == [b"one", None, b"two", b"plain", b"plain", None, b"three", b"plain"]
