"""A topic that anybody may write to stops nobody: every codec is read, what cannot be opened is set aside."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from fairwatch.domain.errors import RetryableError
from fairwatch.domain.processor import Spec
from fairwatch.engine.reader import TopicReader
from fairwatch.engine.reference import TopicReference
from fairwatch.engine.restoring import read_state
from fairwatch.engine.worker import EXIT_DEAD_LETTERS
from tests.support.broken_batches import BROKEN, SOUND, write
from tests.support.engine_lab import CODEC, PLAIN, observation, stopped, until

pytestmark = pytest.mark.broker
CODECS = ("gzip", "snappy", "lz4", "zstd")


async def send(lab, topic, number, codec):
    async with AIOKafkaProducer(bootstrap_servers=lab.bootstrap, acks="all", compression_type=codec) as producer:
        value = CODEC.encode("Observation", observation(number, pad="x" * 500))
        await producer.send_and_wait(lab.prefix + topic, value, key=number.encode(), partition=0)


async def came_out(lab):
    return [record["observation_id"] for record in await lab.outputs()]


async def test_a_worker_reads_every_codec_in_its_topics_and_references(lab):
    await lab.create(1)
    for codec in CODECS:
        await send(lab, "in", codec, codec)
        await send(lab, "ref", codec, codec)
    worker, _ = lab.worker()
    task = asyncio.create_task(worker.run())

    async def all_came():
        return sorted(await came_out(lab)) == sorted(CODECS)

    await until(all_came)
    assert {key for key, _ in worker._references["ref"].items()} == set(CODECS)
    assert await stopped(worker, task) == 0


async def test_batches_that_cannot_be_opened_become_dead_letters_once_and_the_rest_is_handled(lab):
    await lab.create(1)
    await lab.send([("a", observation("before"))])
    await write(lab.bootstrap, lab.prefix + "in", list(BROKEN.values()))
    await lab.send([("b", observation("after"))])

    async def done():
        return await came_out(lab) == ["before", "after"] and len(await lab.letters()) >= len(BROKEN)

    worker, _ = lab.worker(PLAIN, commit_interval_s=0.2)
    task = asyncio.create_task(worker.run())
    await until(done)
    assert await stopped(worker, task) == 0
    letters = [letter for letter in await lab.letters() if letter["reason"] == "unreadable_batch"]
    assert [letter["offset"] for letter in letters] == [3 * number for number in range(1, len(BROKEN) + 1)]
    assert {(letter["topic"], letter["partition"], letter["value"]) for letter in letters} == {("in", 0, b"")}
    assert all("offset" in letter["detail"] and "cannot be opened" in letter["detail"] for letter in letters)

    worker, _ = lab.worker(PLAIN)
    task = asyncio.create_task(worker.run())
    await lab.send([("c", observation("later"))])

    async def went_on():
        return (await came_out(lab))[-1] == "later"

    await until(went_on)
    assert await stopped(worker, task) == 0
    assert len([letter for letter in await lab.letters() if letter["reason"] == "unreadable_batch"]) == len(BROKEN)


async def test_a_reference_is_complete_beside_batches_that_cannot_be_opened(lab):
    await lab.create(1)
    await lab.send([("a", observation("before"))], "ref")
    await write(lab.bootstrap, lab.prefix + "ref", list(BROKEN.values()))
    await lab.send([("b", observation("after"))], "ref")
    reference = TopicReference("probe", "ref", "Observation", CODEC)
    task = asyncio.create_task(reference.run(lab.bootstrap, {}, lab.prefix))
    await asyncio.wait_for(reference.complete.wait(), 20)
    assert {key for key, _ in reference.items()} >= {"a", "b"}
    await write(lab.bootstrap, lab.prefix + "ref", [BROKEN["zstd that is none"]])
    await lab.send([("c", observation("followed"))], "ref")
    await until(lambda: reference.get("c"))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_state_with_a_batch_that_cannot_be_opened_is_not_read_with_a_hole(lab):
    await lab.create(1)
    await write(lab.bootstrap, lab.prefix + "ref", [SOUND, BROKEN["zstd that is none"], SOUND])
    with pytest.raises(RetryableError, match=r"ref partition 0 offsets 3 to 5 cannot be opened \(compression\)"):
        await read_state(lab.config(), lab.prefix + "ref", [0], {})
    async with TopicReader(lab.bootstrap, {}, lab.prefix + "ref", [0], lenient=True) as reader:
        assert [record.offset async for record in reader.to_end()] == [0, 1, 2, 5, 6, 7, 8]


async def test_garbage_in_an_open_topic_never_stops_a_worker_however_much_of_it_there_is(lab):
    await lab.create(1)
    await lab.send([("junk", b"junk")] * 1500)
    await lab.send([("good", observation("good"))])

    async def all_there():
        return await came_out(lab) == ["good"] and len(await lab.letters()) == 1500

    worker, _ = lab.worker(PLAIN, open_topics=frozenset({"in"}))
    task = asyncio.create_task(worker.run())
    await until(all_there)
    assert await stopped(worker, task) == 0
    closed, _ = lab.worker(Spec("other", PLAIN.reads, PLAIN.writes), open_topics=frozenset())
    assert await asyncio.wait_for(closed.run(), 60) == EXIT_DEAD_LETTERS, "what only we write is another matter"
