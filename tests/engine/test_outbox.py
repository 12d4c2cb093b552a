"""Where there are no transactions: outputs first, then state, and a new producer after whatever went wrong."""

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from fairwatch.domain.errors import RetryableError
from fairwatch.engine import outbox as module
from fairwatch.engine.outbox import Outbox
from fairwatch.engine.submission import Output
from fairwatch.engine.writer import NotWrittenError, RefusedError


class Broker:
    """Takes batches of at most `longest` records; each answer is an error, or none, or nothing at all ever."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.longest = 1 << 20
        self.taken: list[tuple[str, int]] = []
        self.did: Counter[str] = Counter()
        self.options: dict[str, Any] = {}
        self.away: list[Exception] = []
        self.told = asyncio.Event()

    def made(self, **options: Any) -> Any:
        self.options = options
        self.did["made"] += 1
        return Producer(self)


class Producer:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.client = SimpleNamespace(close=self._closed)

    async def _closed(self) -> None:
        self._broker.did["closed"] += 1

    async def start(self) -> None:
        if self._broker.away:
            raise self._broker.away.pop(0)

    async def stop(self) -> None:
        self._broker.did["stopped"] += 1

    async def partitions_for(self, _: str) -> set[int]:
        if self._broker.away:
            raise self._broker.away.pop(0)
        return {0}

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(1 << 20, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[Any]:
        done = asyncio.get_running_loop().create_future()
        count = batch.record_count()
        answer = self._broker.answers.pop(0) if self._broker.answers else None
        if count > self._broker.longest:
            answer = RecordListTooLargeError()
        if answer == "silence":
            self._broker.told.set()
        elif answer is not None:
            done.set_exception(answer)
        else:
            done.set_result(SimpleNamespace(offset=len(self._broker.taken)))
            self._broker.taken.append((topic, count))
        return done


@pytest.fixture
async def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    found = Broker()
    monkeypatch.setattr(module, "AIOKafkaProducer", found.made)
    return found


@pytest.fixture
async def outbox(broker: Broker) -> Outbox:
    return Outbox("127.0.0.1:1", {"client_id": "me"}, record_max=100)


def row(topic: str = "out", size: int = 1) -> Output:
    return Output(topic, b"k", b"x" * size, [], partition=0)


async def test_outputs_are_acknowledged_before_state_is_written_and_both_times_are_told(outbox, broker):
    steps: list[str] = []
    outbox.observe = lambda step, seconds: steps.append(step) if seconds >= 0 else None
    await outbox.keep([row()], [row("state")], {})
    assert (broker.taken, steps) == ([("out", 1), ("state", 1)], ["output", "state"])
    await outbox.keep([row()], [], {})
    assert steps[2:] == ["output"], "no state changed"
    assert (broker.options["acks"], broker.options["enable_idempotence"]) == ("all", True)
    assert (broker.options["client_id"], broker.did["made"]) == ("me", 1)


async def test_outputs_that_are_not_acknowledged_keep_state_from_being_written(outbox, broker):
    broker.answers = [KafkaConnectionError("gone")]
    with pytest.raises(NotWrittenError) as caught:
        await outbox.keep([row()], [row("state")], {})
    assert ([left.topic for left in caught.value.left], broker.taken) == (["out"], [])
    await outbox.keep(caught.value.left, [row("state")], {})
    assert (broker.taken, broker.did["made"], broker.did["stopped"]) == ([("out", 1), ("state", 1)], 2, 1)


async def test_state_that_is_not_acknowledged_is_written_again_without_the_outputs(outbox, broker):
    broker.answers = [None, KafkaConnectionError("gone")]
    with pytest.raises(NotWrittenError) as caught:
        await outbox.keep([row()], [row("state")], {})
    assert (caught.value.left, broker.taken) == ([], [("out", 1)])


async def test_outputs_and_state_that_are_too_large_are_refused(outbox, broker):
    with pytest.raises(RefusedError) as caught:
        await outbox.keep([row(size=100), row(size=101)], [row("state")], {})
    assert ([len(one.value) for one in caught.value.refused], caught.value.left) == ([101], [])
    assert broker.taken == [("out", 1)], "the other one was written, and no state yet"
    with pytest.raises(RefusedError) as caught:
        await outbox.keep([], [row("state", 101)], {})
    assert [one.topic for one in caught.value.refused] == ["state"]


async def test_a_record_that_the_broker_refuses_does_not_keep_the_others(outbox, broker):
    broker.answers = [MessageSizeTooLargeError(), None]
    rows = [row("a"), row("b")]
    refused = await outbox.write(rows)
    assert ([one.topic for one in refused], broker.taken) == (["a"], [("b", 1)])


async def test_records_that_are_too_long_together_are_written_one_by_one(outbox, broker):
    broker.longest = 1
    assert await outbox.write([row(), row(), row()]) == []
    assert broker.taken == [("out", 1)] * 3


@pytest.mark.parametrize("connected", [False, True], ids=["no producer", "no metadata"])
async def test_a_broker_that_is_away_is_told_as_something_that_passes(outbox, broker, connected):
    if connected:
        await outbox.start()
    broker.away = [KafkaConnectionError("away")]
    with pytest.raises(NotWrittenError, match="away") as caught:
        await outbox.write([row()])
    assert (len(caught.value.left), broker.did["stopped"]) == (1, 1)
    assert await outbox.write([row()]) == []
    broker.away = [KafkaConnectionError("away")]
    await outbox.close()
    with pytest.raises(RetryableError, match="no producer"):
        await outbox.start()


async def test_who_waits_for_acknowledgements_is_woken_when_the_producer_is_given_up(outbox, broker):
    broker.answers = ["silence"]
    writing = asyncio.create_task(outbox.write([row()]))
    await broker.told.wait()
    await outbox.close()
    with pytest.raises(NotWrittenError, match="not acknowledged"):
        await asyncio.wait_for(writing, 5)
    await outbox.close()
    assert broker.did["stopped"] == 1


async def test_an_outbox_holds_nothing_between_batches(outbox, broker):
    outbox.reset()
    await outbox.settle()
    assert (outbox.fenced, broker.did) == (False, Counter())
