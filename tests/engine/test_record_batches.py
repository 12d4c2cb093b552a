"""A fetched partition is opened batch by batch; what cannot be opened is named, and what follows it is read."""

from collections.abc import Iterator

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, PartitionRecords
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.engine.decompression import Decompressor, TooLargeError, UnknownCodecError
from fairwatch.engine.open_consumer import OPENED_BYTES, OpenRecords
from fairwatch.engine.record_batches import Unreadable
from tests.support import broken_batches as broken
from tests.support.broken_batches import BROKEN, CODECS, ROWS, SOUND, batch, placed

TP = TopicPartition("t", 3)


def fetched(data: bytes, at: int = 0, *, end: int = 1000, isolation: int = READ_UNCOMMITTED, aborted=()) -> OpenRecords:
    mould = PartitionRecords(TP, None, list(aborted), at, None, None, True, isolation)
    return OpenRecords(mould, data, end, Decompressor())


def places(records: Iterator) -> list[tuple[int, str]]:
    """Return (offset, fault or "") of each record."""
    return [(record.offset, record.fault if isinstance(record, Unreadable) else "") for record in records]


GOOD = [(3, ""), (4, ""), (5, "")]


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_of_kafka_is_read(codec):
    values = [(b"k", b"%d" % number * 1000) for number in range(50)]
    records = list(fetched(batch(values, codec=CODECS[codec])))
    assert [(record.key, record.value) for record in records] == values
    assert dict(records[0].headers) == {"h": b"h"}


def test_snappy_is_read_with_and_without_its_java_framing():
    one, other = Decompressor(), Decompressor()
    import cramjam  # noqa: PLC0415

    block = bytes(cramjam.snappy.compress_raw(b"x" * 100))
    framed = b"\x82SNAPPY\x00" + bytes(8) + 2 * (len(block).to_bytes(4, "big") + block)
    assert one.decompressed(CODECS["snappy"], block) == b"x" * 100
    assert other.decompressed(CODECS["snappy"], framed) == b"x" * 200


def test_gzip_in_several_members_is_one_text():
    import gzip  # noqa: PLC0415

    assert Decompressor().decompressed(CODECS["gzip"], gzip.compress(b"one") + gzip.compress(b"two")) == b"onetwo"


@pytest.mark.parametrize("codec", CODECS)
def test_what_becomes_too_large_is_not_decompressed_to_its_end(codec):
    with pytest.raises(TooLargeError):
        Decompressor(1 << 20).decompressed(CODECS[codec], broken.bomb(2, 1 << 20, codec)[broken.HEADER :])


def test_a_codec_that_kafka_does_not_know_is_said_by_its_number():
    with pytest.raises(UnknownCodecError, match="6"):
        Decompressor().decompressed(6, b"")


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_batch_is_named_once_and_what_follows_is_read(what):
    found = places(fetched(BROKEN[what] + placed(SOUND, 3)))
    assert found[-3:] == GOOD
    *sound, (last, fault) = found[:-3]
    assert fault
    assert all(name == "" for _, name in sound)
    assert last == 2


def test_bytes_after_the_last_record_take_nothing_away():
    assert places(fetched(broken.signed(SOUND + b"more") + placed(SOUND, 3)))[:3] == [(0, ""), (1, ""), (2, "")]


def test_an_unknown_codec_is_named():
    [lost, *_] = fetched(broken.attributes(SOUND, 6) + placed(SOUND, 3))
    assert (lost.topic, lost.partition, lost.first, lost.offset, lost.fault) == ("t", 3, 0, 2, "codec")
    assert str(lost) == "t partition 3 offsets 0 to 2 cannot be opened (codec): Kafka has no codec 6"


def test_reading_on_after_a_broken_batch_needs_nothing_but_the_offset_of_its_mark():
    records = fetched(BROKEN["zstd that is none"])
    assert places(records) == [(2, "compression")]
    assert records.next_fetch_offset == 3


def test_what_an_error_says_quotes_nothing_of_the_records():
    secret = b"\xff-Jane-Doe"
    data = broken.signed(SOUND.replace(b"\x02h\x02h", bytes([len(secret) << 1]) + secret + b"\x02h"))
    for lost in fetched(data):
        assert "Jane" not in str(lost)


def test_a_batch_that_says_nonsense_of_its_own_length_is_left_one_offset_at_a_time():
    for length in (-5, 0, 30, 1 << 30):
        data = SOUND[:8] + length.to_bytes(4, "big", signed=True) + SOUND[12:]
        records = fetched(data, 1)
        assert places(records) == [(1, "truncated")]
        assert records.next_fetch_offset == 2


def test_a_cut_batch_at_the_end_of_a_fetch_is_fetched_again():
    records = fetched(SOUND + placed(SOUND, 3)[:-10])
    assert places(records) == [(0, ""), (1, ""), (2, "")]
    assert records.next_fetch_offset == 3


def test_few_bytes_are_no_batch():
    for size in range(1, 30):
        assert places(fetched(SOUND[:size])) == [(0, "truncated")]


def test_a_corrupt_batch_is_not_believed_where_it_ends():
    claims = broken.bad_checksum(broken.counts(SOUND, 900, 3))
    assert places(fetched(claims)) == [(0, "crc")], "one offset at a time where nothing else tells"
    assert places(fetched(claims + placed(SOUND, 3))) == [(2, "crc"), *GOOD], "the next sound batch tells"
    assert places(fetched(broken.bad_checksum(SOUND), end=2)) == [(0, "crc")], "nothing lies behind the end"


def test_every_fetch_moves_on():
    earlier = placed(SOUND, 0)
    records = fetched(earlier, 5)
    assert places(records) == [(5, "structure")]
    assert records.next_fetch_offset == 6


def test_records_before_the_offset_that_was_asked_for_are_left_out():
    assert places(fetched(SOUND, 1)) == [(1, ""), (2, "")]


def test_tombstones_are_records():
    [record] = fetched(batch([(b"k", None)]))
    assert (record.key, record.value) == (b"k", None)


def test_marks_of_transactions_are_no_records_even_if_forged():
    control = broken.attributes(placed(SOUND, 0), 0x20)
    assert places(fetched(control + placed(SOUND, 3))) == GOOD
    strange = places(fetched(broken.attributes(placed(SOUND, 0), 0x30) + placed(SOUND, 3), isolation=READ_COMMITTED))
    assert strange[-3:] == GOOD


def test_a_flood_of_zeros_is_handed_over_in_parts_that_fit():
    many = b"".join(placed(broken.bomb(10, 1 << 20), 10 * number) for number in range(20))
    assert len(many) < 1 << 20
    records = fetched(many)
    taken = list(records)
    assert OPENED_BYTES < sum(len(record.value) for record in taken) < OPENED_BYTES + (11 << 20)
    assert records.next_fetch_offset == len(taken), "the rest is fetched again"


def test_old_messages_are_read_and_checked():
    from aiokafka.record.legacy_records import LegacyRecordBatchBuilder  # noqa: PLC0415

    builder = LegacyRecordBatchBuilder(1, 0, 1 << 20)
    for offset, (key, value) in enumerate(ROWS):
        builder.append(offset, timestamp=0, key=key, value=value)
    old = bytes(builder.build())
    assert places(fetched(old)) == [(0, ""), (1, ""), (2, "")]
    assert places(fetched(old.replace(b"two", b"TWO"))) == [(0, ""), (1, "crc"), (2, "")]


WHOLE = SOUND + b"".join(placed(batch(ROWS, codec=codec), 3 * codec) for codec in CODECS.values())


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(WHOLE)))
def test_however_bytes_are_changed_or_cut_every_fetch_moves_on_and_nothing_is_raised(changes, cut):
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    for damaged in (bytes(data), bytes(data[:cut])):
        if damaged:
            records = fetched(damaged, end=15)
            offsets = [record.offset for record in records]
            assert offsets == sorted(set(offsets))
            assert records.next_fetch_offset > max([0, *offsets])


@given(st.binary(min_size=1, max_size=200), st.sampled_from([0, 1, 2, 3]), st.integers(0, 63))
def test_whatever_a_signed_batch_holds_it_is_read_or_named(body, magic, flags):
    data = bytearray(SOUND[: broken.HEADER] + body)
    data[16] = magic
    data[21:23] = flags.to_bytes(2, "big")
    for record in fetched(broken.signed(data) + placed(SOUND, 3), end=6):
        assert 0 <= record.offset <= 5


def test_private_names_of_aiokafka_that_open_consumer_uses_are_there():
    import inspect  # noqa: PLC0415

    from aiokafka import AIOKafkaConsumer  # noqa: PLC0415
    from aiokafka.consumer.fetcher import Fetcher, FetchResult  # noqa: PLC0415

    assert "self._records[tp] = FetchResult(" in inspect.getsource(Fetcher)
    assert "self._records = collections.OrderedDict()" in inspect.getsource(Fetcher.__init__)
    assert "response = await self._client.send(node_id, request)" in inspect.getsource(Fetcher._proc_fetch_request)
    assert "self._fetcher = Fetcher(" in inspect.getsource(AIOKafkaConsumer.start)
    assert "self._partition_records = partition_records" in inspect.getsource(FetchResult.__init__)
    assert list(inspect.signature(PartitionRecords).parameters) == [
        "tp", "records", "aborted_transactions", "fetch_offset", "key_deserializer", "value_deserializer",
        "check_crcs", "isolation_level",
    ]  # fmt: skip
