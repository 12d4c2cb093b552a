"""Record batches that went bad on a broker's disk, and a state topic that the broker compacts."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from aiokafka import AIOKafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from fairwatch.domain.errors import RetryableError
from fairwatch.engine.reader import TopicReader
from fairwatch.engine.restoring import read_state
from tests.engine.test_recovery import working
from tests.support.broken_batches import HEADER, attributes, bad_checksum, placed, signed
from tests.support.engine_lab import PLAIN, Lab, observation, until
from tests.support.kafka_cluster import Broker, one_broker

DATA = "/var/lib/kafka/data"
CLEANER = {"log.cleaner.backoff.ms": "200", "log.segment.delete.delay.ms": "500"}


@pytest.fixture(scope="module")
def server() -> Iterator[Broker]:
    """Give a broker whose disk we write to."""
    with one_broker(properties=CLEANER) as running:
        yield running


@pytest.fixture
def lab(server: Broker, topic_prefix: str) -> Lab:
    return Lab(server.address, topic_prefix, embedded=False, engine={"session_timeout_s": 6.0})


def segment(lab: Lab, topic: str) -> str:
    return f"{DATA}/{lab.prefix}{topic}-0/{0:020}.log"


def on_disk(server: Broker, path: str) -> list[tuple[int, bytes]]:
    """Return the record batches of a file, each with its place."""
    data = server.exec(["cat", path]).output
    found, start = [], 0
    while start < len(data):
        length = 12 + int.from_bytes(data[start + 8 : start + 12], "big")
        found.append((start, data[start : start + length]))
        start += length
    return found


def damage(server: Broker, path: str, place: int, data: bytes) -> None:
    """Write bytes over those of a file, as a bad disk does: the broker keeps it open and notices nothing."""
    octal = "".join(f"\\{byte:03o}" for byte in data)
    done = server.exec(["sh", "-c", f"printf '{octal}' | dd of={path} bs=1 seek={place} conv=notrunc"])
    assert done.exit_code == 0, done.output


async def each_alone(lab: Lab, topic: str, *numbers: str) -> None:
    for number in numbers:
        await lab.send([(number, observation(number))], topic)


DAMAGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a bit": ("crc", bad_checksum),
    "an unknown codec": ("codec", lambda data: attributes(data, 7)),
    "a record that says it is shorter": (
        "structure",
        lambda data: signed(data[:HEADER] + b"\x02" + data[HEADER + 1 :]),
    ),
    "a control record that is none": ("", lambda data: attributes(data, 0x20)),
    "bytes that are no records": ("structure", lambda data: signed(data[:HEADER] + b"\xff" * (len(data) - HEADER))),
}


async def test_batches_that_went_bad_on_a_disk_are_dead_letters_and_the_rest_is_handled(
    lab: Lab, server: Broker
) -> None:
    await lab.create(partitions=1)
    await each_alone(lab, "in", "first", *DAMAGES, "last")
    batches = await asyncio.to_thread(on_disk, server, segment(lab, "in"))
    for (place, data), (_, spoil) in zip(batches[1:-1], DAMAGES.values(), strict=True):
        spoilt = placed(spoil(data), int.from_bytes(data[:8], "big"))
        assert len(spoilt) == len(data)
        await asyncio.to_thread(damage, server, segment(lab, "in"), place, spoilt)
    named = [fault for fault, _ in DAMAGES.values() if fault]
    async with working(lab, PLAIN, open_topics=frozenset({"in"})):
        await until(lambda: _letters(lab, len(named)))
    assert [output["observation_id"] for output in await lab.outputs()] == ["first", "last"]
    letters = sorted(await lab.letters(), key=lambda letter: letter["offset"])
    assert {letter["reason"] for letter in letters} == {"unreadable_batch"}
    for letter, fault in zip(letters, named, strict=True):
        assert f"({fault})" in letter["detail"], letter["detail"]


async def _letters(lab: Lab, count: int) -> bool:
    return len(await lab.letters()) == count and len(await lab.outputs()) == 2


async def test_state_that_went_bad_on_a_disk_is_named_and_not_read_with_a_hole(lab: Lab, server: Broker) -> None:
    await lab.create(partitions=1)
    await each_alone(lab, "ref", "a", "b", "c")
    place, data = (await asyncio.to_thread(on_disk, server, segment(lab, "ref")))[1]
    await asyncio.to_thread(damage, server, segment(lab, "ref"), place, placed(bad_checksum(data), 1))
    with pytest.raises(RetryableError, match=rf"{lab.prefix}ref partition 0 offset 1 cannot be opened \(crc\)"):
        await read_state(lab.config(), lab.prefix + "ref", [0], {})
    async with TopicReader(lab.bootstrap, {}, lab.prefix + "ref", [0], lenient=True) as reader:
        assert [record.key async for record in reader.to_end()] == [b"a", None, b"c"]


async def test_what_compaction_leaves_of_transactions_and_tombstones_reads_the_same(lab: Lab, server: Broker) -> None:
    """Compaction takes records, whole transactions and in the end their marks; offsets have gaps then."""
    await lab.create(partitions=1)
    topic = lab.prefix + "ref"
    await asyncio.to_thread(compact_at_once, lab, topic)
    wanted: dict[str, bytes] = {}
    async with AIOKafkaProducer(bootstrap_servers=lab.bootstrap, transactional_id=lab.prefix + "t") as producer:
        for number in range(12):
            await producer.begin_transaction()
            rows = {f"k{number % 3}": b"%d" % number, f"gone{number}": b"soon", f"k{(number + 1) % 3}": None}
            for key, value in rows.items():
                await producer.send_and_wait(topic, value, key=key.encode())
            if number % 4 == 3:
                await producer.abort_transaction()
                continue
            await producer.send_and_wait(topic, None, key=b"gone%d" % number)
            await producer.commit_transaction()
            wanted = {key: value for key, value in {**wanted, **rows}.items() if value and not key.startswith("gone")}
        [before] = (await read_state(lab.config(), topic, [0], {})).values()
        assert before.rows == wanted
        await until(lambda: _compacted(lab, producer, topic), 60)
    [after] = (await read_state(lab.config(), topic, [0], {})).values()
    after.rows.pop("last")
    assert after.rows == wanted
    [again] = (await read_state(lab.config(), topic, [0], {0: before})).values()
    assert {key: value for key, value in again.rows.items() if key != "last"} == wanted, "read on from before"


def compact_at_once(lab: Lab, topic: str) -> None:
    policy = {
        "cleanup.policy": "compact",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.001",
        "delete.retention.ms": "0",
        "min.compaction.lag.ms": "0",
    }
    with closing(KafkaAdminClient(bootstrap_servers=lab.bootstrap)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, policy)], raise_on_unknown=False)


async def _compacted(lab: Lab, producer: AIOKafkaProducer, topic: str) -> bool:
    """Write something, since the newest segment is left alone, and return whether older values have gone."""
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"1", key=b"last")
    await producer.commit_transaction()
    await asyncio.sleep(0.3)
    keys = [record.key for record in await lab.read("ref") if record.key != b"last"]
    return len(keys) == len(set(keys))
