"""What is asked of a group's coordinator, and what is not asked of it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, GroupCoordinatorNotAvailableError
from faust.transport.drivers.aiokafka import DEFAULT_GENERATION_ID, AIOKafkaConsumerThread
from faust.types import TP

from fairwatch.engine.consumer_thread import BACKLOG_POLL_S, BatchThread
from fairwatch.engine.ownership import HANDLED, Note, Place
from fairwatch.engine.txn_offset_commit import Membership
from tests.engine.test_given_up import consumer

__all__ = ["consumer"]
HERE = TopicPartition("in", 0)


class Client:
    """aiokafka's consumer in a group, as far as it is asked here."""

    def __init__(self) -> None:
        self.commits: list[Any] = []
        self.trouble: Exception | None = None
        self.answers = True
        self.rejoins = 0
        self.reached = 41
        self._coordinator = SimpleNamespace(
            generation=7,
            member_id="us",
            _group_instance_id=None,
            coordinator_id=1,
            fetch_committed_offsets=self._committed,
            request_rejoin=self._rejoin,
        )

    def _rejoin(self) -> None:
        self.rejoins += 1

    async def _committed(self, partitions: list[TopicPartition]) -> dict[TopicPartition, Any]:
        rows = {HERE: (self.reached, "us 3 id"), TopicPartition("in", 1): (-1, "")}
        return {tp: SimpleNamespace(offset=rows[tp][0], metadata=rows[tp][1]) for tp in partitions}

    def assignment(self) -> set[TopicPartition]:
        return {HERE, TopicPartition("in", 1)}

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 2)

    async def commit(self, rows: Any) -> None:
        if not self.answers:
            await asyncio.Event().wait()
        if self.trouble is not None:
            raise self.trouble
        self.commits.append(rows)


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
async def thread(consumer: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> BatchThread:
    """Give the thread of a consumer; what it does there is done here."""

    async def here(work: Any, *given: Any) -> Any:
        return await work(*given)

    found = consumer._thread
    monkeypatch.setattr(found, "_consumer", client)
    monkeypatch.setattr(found, "call_thread", here)
    consumer.app.conf.broker_session_timeout = 0.1
    return found


async def test_places_are_those_that_were_ever_committed(thread, client):
    assert await thread.places() == {TP("in", 0): Place(41, Note("us", "3", "id"))}
    client.reached = 0  # of the whole topic nothing was handled, and somebody said so
    assert await thread.places() == {TP("in", 0): Place(0, Note("us", "3", "id"))}
    assert await thread.begins([TP("in", 1)]) == {TP("in", 1): 2}


async def test_a_note_is_committed_beside_its_offset(thread, client):
    assert await thread.note({TP("in", 0): Place(5, Note("us", HANDLED, "id"))})
    assert client.commits == [{HERE: (5, "us handled id")}]


async def test_who_is_no_member_commits_nothing(thread, client):
    assert thread.membership() == Membership(thread.app.conf.id, 7, "us")
    client._coordinator.generation = DEFAULT_GENERATION_ID
    assert thread.membership() is None
    assert not await thread.note({TP("in", 0): Place(5, Note("us", HANDLED))})
    assert await thread._commit({TP("in", 0): 5}) is False
    assert client.commits == []


async def test_a_note_that_the_group_refuses_or_does_not_answer_is_not_taken(thread, client, monkeypatch):
    client.trouble = CommitFailedError("rebalancing")
    assert not await thread.note({TP("in", 0): Place(5, Note("us", HANDLED))})
    client.answers = False
    waited, wait_for = [], asyncio.wait_for

    async def noted(work: Any, seconds: float) -> Any:
        waited.append(seconds)
        return await wait_for(work, seconds)

    monkeypatch.setattr(asyncio, "wait_for", noted)
    assert not await thread.note({TP("in", 0): Place(5, Note("us", HANDLED))})
    assert waited == [thread.app.conf.broker_session_timeout / 2], "who waits for longer loses its place meanwhile"


async def test_a_note_whose_writer_is_cancelled_is_given_up(thread, client):
    client.answers = False
    noting = asyncio.create_task(thread.note({TP("in", 0): Place(5, Note("us", HANDLED))}))
    await asyncio.sleep(0)
    noting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await noting


async def test_partitions_are_asked_for_anew_by_joining_again(thread, client):
    await thread.rejoin()
    assert client.rejoins == 1


async def test_a_commit_that_is_not_answered_in_time_is_given_up(thread, monkeypatch):
    async def never(*_: Any) -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(AIOKafkaConsumerThread, "_commit", never)
    assert await asyncio.wait_for(thread._commit({TP("in", 0): 5}), 5) is False


async def test_a_commit_is_made_as_a_member_that_knows_its_coordinator(thread, client, monkeypatch):
    taken: list[Any] = []

    async def commit(_: Any, offsets: Any) -> bool:
        taken.append(offsets)
        return True

    monkeypatch.setattr(AIOKafkaConsumerThread, "_commit", commit)
    assert await thread._commit({TP("in", 0): 5})
    client._coordinator.coordinator_id = None
    assert not thread.connected
    assert await thread._commit({TP("in", 0): 6}) is False
    assert taken == [{TP("in", 0): 5}]


async def test_a_note_that_ends_with_its_thread_was_not_taken(thread, client):
    async def ended(_: Any) -> None:
        raise asyncio.CancelledError

    client.commit = ended
    assert not await thread.note({TP("in", 0): Place(5, Note("us", HANDLED))})


async def test_members_are_asked_of_the_coordinator_and_taken_out_there(thread, client):
    sent: list[Any] = []

    async def send(node: int, request: Any) -> Any:
        sent.append((node, type(request).__name__))
        member = ("us", "match-1@7", "host", b"", b"")
        return SimpleNamespace(groups=[(0, "group", "Stable", "consumer", "range", [member])])

    client._client = SimpleNamespace(send=send)
    assert await thread.members() == {"us": "match-1@7"}
    await thread.dismiss("them")
    assert sent == [(1, "DescribeGroupsRequest"), (1, "LeaveGroupRequest")]
    assert thread.member_id == "us"
    client._coordinator.coordinator_id = None
    with pytest.raises(GroupCoordinatorNotAvailableError):
        await thread.members()
    assert len(sent) == 2


async def test_a_thread_that_has_not_started_is_nobody_and_stands_nowhere(thread, monkeypatch):
    monkeypatch.setattr(thread, "_consumer", None)
    assert (thread.member_id, thread.connected, thread.positions()) == ("", False, {})
    assert (thread.missed.offsets, thread.missed.topics) == (set(), set())


async def test_positions_are_those_that_are_known(thread, client):
    states = {
        HERE: SimpleNamespace(has_valid_position=True, position=9),
        TopicPartition("in", 1): SimpleNamespace(has_valid_position=False, position=None),
    }
    assignment = SimpleNamespace(tps=list(states), state_value=states.__getitem__)
    client._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
    assert thread.positions() == {TP("in", 0): 9}
    client._subscription.subscription = SimpleNamespace(assignment=None)
    assert thread.positions() == {}


async def test_counts_of_partitions_are_told_of_topics_that_are_known(thread, client):
    known = {"in": {0, 1}, "gone": None}
    client._client = SimpleNamespace(cluster=SimpleNamespace(partitions_for_topic=known.get))
    assert await thread.partition_counts(["in", "gone"]) == {"in": 2}


async def test_ends_are_asked_with_what_is_not_committed_yet(thread, client):
    async def ends(partitions: Any) -> Any:
        return dict.fromkeys(partitions, 12)

    client.end_offsets_with_open = ends
    assert await thread.ends_with_open([TP("in", 0)]) == {TP("in", 0): 12}


async def test_a_finished_process_does_not_wait_for_a_consumer_whose_broker_never_answers(thread):
    assert thread.Worker(thread).daemon


@pytest.fixture
def fetching(thread, client, monkeypatch):
    """Give what is asked of a fetch: partitions and seconds; and the fetcher. `fetched` is what it brings."""
    asked: list[Any] = []
    fetcher = SimpleNamespace(_records={}, _fetch_max_wait_ms=0, fetched={})

    async def taken(_: Any, partitions: Any, timeout: float | None, __: Any) -> Any:  # noqa: ASYNC109  # as Faust's
        asked.append((partitions, timeout))
        return fetcher.fetched

    client._fetcher, client._subscription = fetcher, SimpleNamespace(subscription=None)
    monkeypatch.setattr(thread, "_taken", taken)
    return asked, fetcher


async def test_a_partition_that_is_held_back_is_not_fetched_and_nothing_is_waited_for_long(thread, client, fetching):
    asked, _ = fetching
    partitions = {TP("mid", 0), TP("in", 0)}
    await thread._fetch_records(client, partitions, 5.0)
    thread.consumer.backlog.expect({TP("mid", 0): 5}, {"mid": {"in"}}, [TP("in", 0), TP("mid", 0)])
    await thread._fetch_records(client, partitions, 5.0)
    await thread._fetch_records(client, partitions, None)
    assert asked == [(partitions, 5.0), ({TP("mid", 0)}, BACKLOG_POLL_S), ({TP("mid", 0)}, 0.0)]


@pytest.mark.parametrize(
    ("embedded", "fetched", "waiting", "eager"),
    [(True, True, False, True), (False, True, False, False), (False, False, True, True), (True, False, False, False)],
)
async def test_a_broker_may_wait_shortly_where_more_is_to_come(
    thread, client, fetching, embedded, fetched, waiting, eager
):
    _, fetcher = fetching
    fetcher.fetched = {HERE: ["record"]} if fetched else {}
    fetcher._records = {HERE: "fetched ahead"} if waiting else {}
    thread.app.embedded = embedded
    assert await thread._fetch_records(client, {TP("in", 0)}, 1.0) == fetcher.fetched
    assert fetcher._fetch_max_wait_ms == thread.app.fetch_waits_ms[eager]
