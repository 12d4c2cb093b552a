"""Offsets that need no handling are passed over, and those that are not there are left."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from structlog.testing import capture_logs

from fairwatch.engine.open_consumer import Missed
from fairwatch.engine.transport import BatchConsumer
from tests.engine.test_given_up import consumer, record

__all__ = ["consumer"]
FIRST, SECOND = TP("in", 0), TP("in", 1)


class Thread:
    """Fetches what it is told to, and stands where it is told to."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self.missed = Missed()
        self.thread_loop = SimpleNamespace(close=stop)
        self.at: dict[TP, int] = {}
        self.ids: dict[str, str] = {}
        self.asked: list[set[str]] = []
        self.rejoins = 0

    def positions(self) -> dict[TP, int]:
        return self.at

    async def topic_ids(self, topics: set[str]) -> dict[str, str]:
        self.asked.append(set(topics))
        return self.ids

    async def rejoin(self) -> None:
        self.rejoins += 1


@pytest.fixture
def thread(consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch) -> Thread:
    """Give what stands in the place of the consumer's thread, which was not started."""
    found = Thread(consumer._thread.thread_loop.close)
    monkeypatch.setattr(consumer, "_thread", found)
    return found


async def taken(consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch, *offsets: int) -> list[Any]:
    async def fetched(_: float) -> Any:
        return {FIRST: [record(offset) for offset in offsets]} if offsets else {}, None

    monkeypatch.setattr(consumer, "_wait_next_records", fetched)
    consumer.app.handover.reset()  # the worker has nothing in hand
    return [message async for _, message in consumer.getmany(1.0)]


async def test_marks_behind_the_last_record_are_handled_with_it(consumer, thread, monkeypatch):
    thread.at = {FIRST: 10, SECOND: 4}
    [message] = await taken(consumer, monkeypatch, 7, 8)
    assert message.value.ends == {FIRST: 10, SECOND: 4}
    assert consumer.next_commit == {}, "not before it was handled"
    consumer.ack(message)
    assert consumer.next_commit == {FIRST: 10, SECOND: 4}


async def test_where_nothing_but_marks_and_aborted_records_lies_they_are_passed_over(consumer, thread, monkeypatch):
    thread.at = {FIRST: 500}
    assert await taken(consumer, monkeypatch) == []
    assert consumer.next_commit == consumer.next_read == {FIRST: 500}


async def test_the_writer_of_transactions_hears_what_was_passed_over(consumer, thread, monkeypatch):
    passed: list[Any] = []
    consumer.app.transactions = SimpleNamespace(passed=passed.append)
    thread.at = {FIRST: 500}
    for _ in range(2):
        await taken(consumer, monkeypatch)
    assert passed == [{FIRST: 500}], "once"


async def test_nothing_is_passed_over_while_a_batch_is_not_acknowledged(consumer, thread, monkeypatch):
    thread.at = {FIRST: 9}
    await taken(consumer, monkeypatch, 7, 8)
    thread.at = {FIRST: 12}
    assert await taken(consumer, monkeypatch) == []
    assert consumer.next_commit == {}


async def test_what_is_committed_already_is_not_passed_over_again(consumer, thread, monkeypatch):
    consumer._committed_offset[FIRST] = 500
    thread.at = {FIRST: 500}
    await taken(consumer, monkeypatch)
    assert consumer.next_commit == {}


async def test_a_partition_whose_offset_is_not_there_is_read_from_where_it_begins(consumer, thread, monkeypatch):
    consumer.next_read[FIRST] = consumer._committed_offset[FIRST] = 40
    set_back: list[Any] = []
    consumer.ownership = SimpleNamespace(set_back=lambda *given: set_back.append(given))
    thread.missed.offsets.add(FIRST)
    with capture_logs() as logs:
        [message] = await taken(consumer, monkeypatch, 2, 3)
    assert [row.offset for row in message.value] == [2, 3]
    assert (consumer._committed_offset[FIRST], thread.missed.offsets, set_back) == (None, set(), [(FIRST, 2)])
    assert [(line["event"], line["offset"], line["reads_from"]) for line in logs] == [("offsets.not_there", 40, 2)]
    assert await taken(consumer, monkeypatch, 2, 3) == [], "and once"


async def test_earlier_records_are_dropped_unless_a_fetch_missed_its_offset(consumer, thread, monkeypatch):
    consumer.next_read[FIRST] = 3
    thread.missed.offsets.add(SECOND)
    [message] = await taken(consumer, monkeypatch, 2, 3)
    assert [row.offset for row in message.value] == [3]


@pytest.mark.parametrize(("changed", "rejoins"), [(False, 0), (True, 1)])
async def test_a_topic_that_a_fetch_did_not_find_is_looked_at_once(consumer, thread, changed, rejoins):
    thread.ids = {"in": "new"}
    compared: list[Any] = []
    consumer.ownership = SimpleNamespace(topics_changed=lambda now: compared.append(now) or changed)
    await consumer.look_at_topics()
    assert thread.asked == []
    thread.missed.topics.add("in")
    for _ in range(2):
        await consumer.look_at_topics()
    assert (thread.asked, compared, thread.rejoins) == ([{"in"}], [{"in": "new"}], rejoins)


def test_what_a_fetch_did_not_find_is_remembered():
    missed = Missed()
    missed.take(SimpleNamespace(topics=[("a", [(0, 0), (1, 1), (2, 6)]), ("b", [(0, 3)])]))
    missed.take(SimpleNamespace(topics=None))
    assert missed.offsets == {TP("a", 1)}
    assert missed.topics == {"a", "b"}
