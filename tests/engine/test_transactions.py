"""What a worker writes takes effect wholly and once, whatever a broker does and whatever of it is heard."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, ProducerFenced, RecordListTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from fairwatch.domain.errors import RetryableError
from fairwatch.domain.processor import Spec
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.ownership import Note, Place
from fairwatch.engine.submission import Output
from fairwatch.engine.transactions import Transactions, transactions_of
from fairwatch.engine.turns import ReleasedError
from fairwatch.engine.txn_offset_commit import Membership
from fairwatch.engine.writer import NotWrittenError, RefusedError

IN = TopicPartition("in", 0)
US = Membership("group", 7, "us")


class Broker:
    """Keeps transactions as Kafka does; each step fails as often as `faults` says, before or after it took effect."""

    def __init__(self) -> None:
        self.faults: dict[str, list[Exception]] = {}
        self.written: list[tuple[str, int]] = []
        self.places: dict[TopicPartition, Place] = {}
        self.begun: list[str] = []
        self.living = 0
        self.longest: int | None = None  # most records of a batch that it takes

    def fails(self, step: str) -> None:
        if self.faults.get(step):
            raise self.faults[step].pop(0)

    def takes(self, count: int) -> None:
        self.fails("send")
        if self.longest is not None and count > self.longest:
            raise RecordListTooLargeError

    def made(self, transactional_id: str, **options: Any) -> Any:
        assert options["acks"] == "all"
        return Producer(self, transactional_id)


class Producer:
    """One producer; what it wrote takes effect when it is committed."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.broker, self.name = broker, name
        self.lives = False
        self.client = SimpleNamespace(close=self._closed, force_metadata_update=self._closed)
        self._rows: list[tuple[str, int]] = []
        self._offsets: dict[TopicPartition, Place] = {}

    async def _closed(self) -> None:
        """Nothing is open."""

    async def start(self) -> None:
        self.broker.fails("start")
        self.broker.living += 1
        self.lives = True

    async def stop(self) -> None:
        self.broker.living -= self.lives
        self.lives = False

    async def begin(self, who: Membership) -> None:
        assert who == US
        self._rows, self._offsets = [], {}
        self.broker.fails("begin")
        self.broker.begun.append(self.name)

    async def partitions_for(self, _: str) -> set[int]:
        return {0, 1}

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(512 << 10, 0, is_transactional=1)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> asyncio.Future[Any]:
        done = asyncio.get_running_loop().create_future()
        count = batch.record_count()
        try:
            self.broker.takes(count)
        except Exception as error:  # noqa: BLE001  # a producer tells it to who asks
            done.set_exception(error)
            return done
        self._rows += [(topic, partition)] * count
        done.set_result(SimpleNamespace(offset=len(self.broker.written) + len(self._rows) - count))
        return done

    async def commit_offsets(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        self.broker.fails("offsets")
        self._offsets = {tp: Place(offset, Note.read(note)) for tp, (offset, note) in offsets.items()}

    async def commit_transaction(self) -> None:
        self.broker.fails("commit")
        self.broker.written += self._rows
        self.broker.places |= self._offsets
        self.broker.fails("heard")


class Owner:
    """Our one partition, handled up to 5 when we got it."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.membership: Membership | None = US
        self.reached: dict[TopicPartition, int] = {}
        self.takes = True
        broker.places[IN] = Place(5, Note("us", "untouched"))

    def anchor(self) -> Mapping[TopicPartition, int]:
        return {IN: 5}

    def note(self, _: TopicPartition, what: str) -> str:
        return str(Note("us", what))

    def took_effect(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.reached |= offsets

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> bool:
        if self.takes:
            self.took_effect(offsets)
        return self.takes

    async def places(self) -> Mapping[TopicPartition, Place]:
        self.broker.fails("places")
        return self.broker.places


class World:
    def __init__(self) -> None:
        self.broker = Broker()
        self.owner = Owner(self.broker)
        self.writer = Transactions("us", {}, record_max=1000, make=self.broker.made)
        self.writer.find_owner = lambda: self.owner

    async def keep(self, count: int = 1, end: int | None = 6) -> None:
        await self.writer.keep(outputs(count), [state()], {} if end is None else {IN: end})

    def wrote(self) -> Counter[str]:
        return Counter(topic for topic, _ in self.broker.written)


def outputs(count: int, size: int = 3) -> list[Output]:
    return [Output("out", b"k", b"x" * size, [], cause=number) for number in range(count)]


def state() -> Output:
    return Output("state", b"k", b"{}", [], partition=0)


@pytest.fixture
def world() -> World:
    return World()


async def test_outputs_state_and_offsets_take_effect_together_and_producers_take_turns(world):
    await world.keep(3, end=8)
    await world.keep(2, end=10)
    assert world.wrote() == {"out": 5, "state": 2}
    assert world.broker.places == {IN: Place(10, Note("us", "2"))}
    assert world.owner.reached == {IN: 10}
    assert world.broker.begun == ["us-1", "us-0"]
    assert world.writer.clean


async def test_what_happens_because_time_passes_is_fenced_by_the_offset_that_was_reached(world):
    await world.keep(end=None)
    assert world.broker.places == {IN: Place(5, Note("us", "1"))}


async def test_offsets_alone_wait_until_they_are_settled_and_are_tried_until_the_group_takes_them(world):
    await world.writer.keep([], [], {IN: 7})
    assert (world.broker.begun, world.owner.reached) == ([], {})
    world.owner.takes = False
    await world.writer.settle()
    assert world.owner.reached == {}
    world.owner.takes = True
    await world.writer.settle()
    assert world.owner.reached == {IN: 7}
    world.owner.reached = {}
    await world.writer.settle()
    assert world.owner.reached == {}, "once"


async def test_offsets_that_were_passed_over_go_with_the_next_transaction(world):
    world.writer.passed({IN: 9})
    await world.keep(end=None)
    assert world.broker.places[IN].offset == 9


async def test_what_was_handled_of_partitions_that_have_changed_hands_is_forgotten(world):
    await world.writer.keep([], [], {IN: 7})
    world.writer.reset()
    await world.writer.settle()
    assert world.owner.reached == {}


@pytest.mark.parametrize("step", ["start", "begin", "send", "offsets", "commit"])
@pytest.mark.parametrize("error", [KafkaConnectionError("gone"), ProducerFenced()], ids=["away", "fenced"])
async def test_what_did_not_take_effect_is_written_again_once(world, step, error):
    world.broker.faults[step] = [error]
    with pytest.raises(NotWrittenError) as failed:
        await world.keep(3)
    assert len(failed.value.left) == 3
    assert (world.broker.written, world.owner.reached, world.writer.clean) == ([], {}, True)
    await world.keep(3)
    assert world.wrote() == {"out": 3, "state": 1}
    assert world.owner.reached == {IN: 6}


async def test_what_took_effect_although_nobody_heard_is_not_written_again(world):
    world.broker.faults["heard"] = [KafkaConnectionError("lost")]
    await world.keep(3)
    assert world.wrote() == {"out": 3, "state": 1}
    assert world.owner.reached == {IN: 6}


@pytest.mark.parametrize(("step", "before"), [("heard", True), ("commit", False)], ids=["took effect", "did not"])
async def test_what_became_of_a_transaction_is_asked_until_the_broker_says(world, step, before):
    world.broker.faults = {step: [KafkaConnectionError("lost")], "places": [KafkaConnectionError("away")] * 2}
    for _ in range(2):
        with pytest.raises(NotWrittenError, match="in doubt"):
            await world.keep(3)
        assert bool(world.broker.written) is before
        assert not world.writer.clean, "the next owner has to shut us out"
    await world.keep(3)
    assert world.wrote() == {"out": 3, "state": 1}
    assert world.writer.clean


async def test_partitions_that_have_another_owner_are_let_alone(world):
    world.broker.faults["commit"] = [ProducerFenced()]
    world.broker.places[IN] = Place(9, Note("them", "3"))
    with pytest.raises(ReleasedError):
        await world.keep()
    assert world.broker.written == []


@pytest.mark.parametrize("lost", ["no owner", "no member"])
async def test_nothing_is_written_for_partitions_that_are_not_ours(world, lost):
    if lost == "no owner":
        world.writer.find_owner = lambda: None
    else:
        world.owner.membership = None
    with pytest.raises(ReleasedError):
        await world.keep()
    assert world.broker.begun == []


async def test_a_transaction_that_was_cancelled_is_ended_before_anybody_looks(world):
    waits = asyncio.Event()

    async def never(_: Any) -> None:
        await waits.wait()

    await world.writer.start()
    for producer in world.writer._producers:
        producer.commit_offsets = never
    writing = asyncio.create_task(world.keep())
    await asyncio.sleep(0.01)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert not world.writer.clean
    await world.writer.end_doubt()
    assert (world.writer.clean, world.broker.living, world.broker.written) == (True, 2, [])


async def test_what_is_too_large_is_not_even_tried(world):
    rows: Sequence[Output] = [*outputs(1), *outputs(1, size=1001), *outputs(1)]
    with pytest.raises(RefusedError) as refused:
        await world.writer.keep(list(rows), [], {IN: 6})
    assert refused.value.refused == [rows[1]]
    assert refused.value.left == [rows[0], rows[2]]
    assert world.broker.begun == []


async def test_a_record_that_the_broker_refuses_is_named_and_nothing_took_effect(world):
    world.broker.faults["send"] = [MessageSizeTooLargeError()]
    [only] = outputs(1)
    with pytest.raises(RefusedError) as refused:
        await world.writer.keep([only], [], {IN: 6})
    assert (refused.value.refused, refused.value.left) == ([only], [])
    assert (world.broker.written, world.writer.clean, world.broker.living) == ([], True, 2)


async def test_records_that_are_too_large_together_are_written_one_by_one_in_one_transaction(world):
    world.broker.longest = 1
    await world.keep(4)
    assert world.wrote() == {"out": 4, "state": 1}
    assert world.broker.places == {IN: Place(6, Note("us", "2"))}


async def test_producers_that_do_not_start_are_left_and_the_broker_is_asked_again(world):
    world.broker.faults["start"] = [KafkaConnectionError("away")]
    with pytest.raises(RetryableError, match="no producer"):
        await world.writer.start()
    assert world.broker.living == 0, "one had started"
    await world.writer.start()
    assert len(world.writer._producers) == 2
    await world.writer.close()
    assert world.writer._producers == []


@pytest.mark.parametrize(("spec", "embedded"), [(Spec("a", ("in",), replay=True), False), (Spec("a", ("in",)), True)])
def test_where_nothing_is_ever_committed_or_the_broker_cannot_there_are_no_transactions(spec, embedded):
    assert transactions_of(spec, EngineConfig("nowhere", embedded=embedded)) is None


def test_two_workers_have_two_names_that_begin_as_their_rights_do():
    config = EngineConfig("nowhere", topic_prefix="site-")
    first, second = (transactions_of(Spec("group", ("in",)), config) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.owner.startswith("site-fairwatch-group-")
    assert first.owner != second.owner
