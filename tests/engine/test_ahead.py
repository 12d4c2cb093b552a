"""In a backlog the next batch is taken and decoded while the broker acknowledges the last one; else it is not."""

import asyncio
from dataclasses import replace

import pytest

from fairwatch.domain.errors import RetryableError
from fairwatch.engine.ahead import SLICE, Ahead
from fairwatch.engine.appetite import Appetite
from fairwatch.engine.encoding import Encoding
from fairwatch.engine.handover import Handover
from fairwatch.engine.record import Record
from fairwatch.engine.record_batches import Unreadable
from fairwatch.wire.avro import Codec
from tests.support.engine_lab import CODEC, PLAIN, RECORDS, observation

TOPIC = PLAIN.reads[0]
AHEAD = Ahead(CODEC, {TOPIC: RECORDS[TOPIC]})
FEW, MANY = range(3), range(500)


@pytest.fixture
def handover() -> Handover:
    """Give one whose worker takes 500 at once."""
    return Handover(Appetite(500, 4000))


def records(count: int) -> list[Record]:
    values = [CODEC.encode(RECORDS[TOPIC], observation(str(number))) for number in range(count)]
    return [Record(TOPIC, 0, number, 0, b"k", value, ()) for number, value in enumerate(values)]


def test_with_few_events_the_next_batch_is_taken_when_the_last_is_done(handover: Handover) -> None:
    handover.taken(FEW)
    handover.handled(FEW)
    assert not handover.free.is_set(), "what comes while it is written joins the next batch"
    handover.done(FEW)
    assert handover.free.is_set()


def test_in_a_backlog_the_next_batch_is_taken_while_the_last_is_written(handover: Handover) -> None:
    handover.taken(MANY)
    assert not handover.free.is_set()
    handover.handled(MANY)
    assert handover.free.is_set()
    assert handover.writing


def test_no_third_batch_is_taken_when_the_first_is_done(handover: Handover) -> None:
    second = range(600)
    handover.taken(MANY)
    handover.handled(MANY)
    handover.taken(second)
    handover.done(MANY)
    assert not handover.free.is_set(), "the second has not even begun"
    handover.done(second)
    assert handover.free.is_set()


def test_the_end_of_a_batch_that_was_dropped_frees_nobody(handover: Handover) -> None:
    handover.taken(MANY)
    handover.reset()
    handover.taken(FEW)
    handover.done(MANY)
    assert not handover.free.is_set()


async def test_a_processor_that_nobody_waits_for_takes_few_large_batches() -> None:
    handover = Handover(Appetite(500, 4000), pace_s=0.02)
    for batch, at_once in ((FEW, False), (MANY, True)):
        handover.taken(batch)
        handover.begins()
        handover.handled(batch)
        handover.done(batch)
        assert handover.free.is_set() == at_once, "a backlog does not wait"
    handover.taken(FEW)
    handover.begins()
    handover.done(FEW)
    assert not handover.free.is_set()
    await asyncio.wait_for(handover.free.wait(), 1.0)


async def test_partitions_that_change_hands_do_not_wait_for_the_pace() -> None:
    handover = Handover(Appetite(500, 4000), pace_s=60.0)
    handover.taken(FEW)
    handover.begins()
    handover.done(FEW)
    handover.reset()
    assert handover.free.is_set()


async def test_what_was_decoded_ahead_is_what_would_have_been_decoded() -> None:
    batch, encoding = records(SLICE + 3), Encoding(PLAIN, CODEC, RECORDS, "")
    plain = encoding.events([replace(record) for record in batch])
    await AHEAD.decode(batch, lambda: True)
    assert all(record.decoded for record in batch)
    assert encoding.events(batch) == plain
    assert not any(record.decoded for record in batch), "each has one taker; another one decodes it for himself"
    assert encoding.events(batch) == plain


async def test_decoding_ahead_ends_with_the_waiting() -> None:
    batch, looks = records(3 * SLICE), iter([True, False])
    await AHEAD.decode(batch, lambda: next(looks))
    assert sum(record.decoded is not None for record in batch) == SLICE


async def test_what_is_wrong_with_a_record_is_said_in_its_turn_only() -> None:
    good, broken, gone = *records(1), Record(TOPIC, 0, 1, 0, b"k", b"junk", ()), Record(TOPIC, 0, 2, 0, b"k", None, ())
    lost = Unreadable(TOPIC, 0, 3, 3, 0, "crc", "")
    await AHEAD.decode([broken, gone, lost, good], lambda: True)
    assert (broken.decoded, gone.decoded) == (None, None)
    assert good.decoded


async def test_a_registry_that_is_away_is_asked_once() -> None:
    asked = []

    class Away(Codec):
        def decode(self, data: bytes, expect: str | None = None) -> tuple[str, dict]:
            asked.append(data)
            raise RetryableError("away")

    batch = [replace(record, value=b"\0\0\0\0\1of a registry") for record in records(5)]
    await Ahead(Away(), {TOPIC: RECORDS[TOPIC]}).decode(batch, lambda: True)
    assert len(asked) == 1
