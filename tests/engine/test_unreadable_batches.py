"""What stands for a batch that cannot be opened says what is wrong with it, where it lies and of when it is."""

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, PartitionRecords
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder

from fairwatch.engine.decompression import Decompressor
from fairwatch.engine.open_consumer import OpenRecords, _with_following
from fairwatch.engine.record_batches import Unreadable
from tests.support import broken_batches as broken
from tests.support.broken_batches import SOUND, batch, placed

TP = TopicPartition("t", 3)


def opened(data: bytes, at: int = 0, most: int = 1 << 20, end: int = 1000) -> list[Unreadable]:
    mould = PartitionRecords(TP, None, [], at, None, None, True, READ_UNCOMMITTED)
    return [row for row in OpenRecords(mould, data, end, Decompressor(most)) if isinstance(row, Unreadable)]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_batch_that_becomes_too_large_is_named_so(codec):
    [lost] = opened(broken.bomb(2, 50_000, codec), most=1000)
    assert (lost.fault, lost.first, lost.offset) == ("too_large", 0, 1)


def test_a_broken_batch_is_of_the_time_of_its_newest_record():
    sound = batch([(b"k", b"v")])
    newest = int.from_bytes(sound[35:43], "big", signed=True)
    assert newest >= 0
    [lost] = opened(broken.bad_checksum(sound))
    assert (lost.fault, lost.timestamp) == ("crc", newest)


def test_a_broken_message_of_an_old_version_is_of_no_time():
    builder = LegacyRecordBatchBuilder(1, 0, 1 << 10)
    builder.append(0, 1_700_000_000_000, b"k", b"value")
    data = bytearray(builder.build())
    data[-1] ^= 1
    [lost] = opened(bytes(data))
    assert (lost.fault, lost.timestamp) == ("crc", -1)


def test_bytes_that_are_no_batch_are_of_no_time_and_cost_one_offset():
    [lost] = opened(SOUND[:8] + b"\0\0\0\1" + SOUND[12:], at=7)
    assert (lost.fault, lost.first, lost.offset, lost.timestamp) == ("truncated", 7, 7, -1)


def test_a_batch_of_earlier_offsets_costs_one_offset():
    [lost] = opened(SOUND, at=7)
    assert (lost.fault, lost.first, lost.offset, lost.timestamp) == ("structure", 7, 7, -1)


def test_a_broken_batch_that_says_how_long_it_is_costs_its_own_offsets():
    [lost] = opened(broken.bad_checksum(batch([(b"k", b"v")] * 3)))
    assert (lost.first, lost.offset) == (0, 2)


def test_a_broken_batch_begins_where_reading_has_come_to():
    [lost] = opened(broken.attributes(placed(SOUND, 4), 6), at=5)
    assert (lost.fault, lost.first, lost.offset) == ("codec", 5, 6)


def test_each_batch_is_judged_with_the_one_behind_it():
    assert list(_with_following([])) == []
    assert list(_with_following("a")) == [("a", None)]
