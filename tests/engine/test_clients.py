"""What the engine's own clients say when a topic or a broker is not as they need it."""

import asyncio
from collections.abc import MutableMapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError, TopicAuthorizationFailedError
from structlog.testing import capture_logs

from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.engine import supervision
from fairwatch.engine.reader import TopicReader
from fairwatch.engine.topics import ensure_changelog
from fairwatch.engine.turns import Turns
from tests.engine.test_supervision import Consumer, watching, worker
from tests.support.engine_lab import Lab, observation, until


@pytest.mark.broker
async def test_partitions_that_are_not_there_are_named(lab: Lab) -> None:
    await lab.create(partitions=2)
    with pytest.raises(RetryableError, match=r"in lacks partitions \[2, 5\]: `fairwatch topics apply"):
        async with TopicReader(lab.bootstrap, {}, lab.prefix + "in", (0, 2, 5)):
            raise AssertionError("it was let in")


@pytest.mark.broker
async def test_a_topic_is_read_whole_and_on_from_where_one_wants(lab: Lab) -> None:
    await lab.create(partitions=1)
    await lab.send([("a", observation(str(number))) for number in range(5)])
    async with TopicReader(lab.bootstrap, {}, lab.prefix + "in") as reader:
        assert (await reader.bounds())[0][0] == 0
        assert [record.offset async for record in reader.to_end()] == [0, 1, 2, 3, 4]
        assert await reader.positions() == {0: 5}
        reader.seek({0: 3})
        further = reader.follow()
        assert [(await anext(further)).offset for _ in range(2)] == [3, 4]
        await further.aclose()


async def refused(_: Any, topics: Any, *args: Any, **options: Any) -> Any:
    return SimpleNamespace(topic_errors=[(topics[0].name, TopicAuthorizationFailedError.errno, "no")])


async def away(*_: Any, **__: Any) -> Any:
    raise KafkaConnectionError("away")


async def there(*_: Any, **__: Any) -> Any:
    raise TopicAlreadyExistsError


@pytest.mark.broker
@pytest.mark.parametrize(("answer", "says"), [(refused, "TopicAuthorizationFailedError"), (away, "away")])
async def test_a_state_topic_that_cannot_be_made_is_made_by_hand(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, answer: Any, says: str
) -> None:
    await lab.create(partitions=2)
    monkeypatch.setattr(AIOKafkaAdminClient, "create_topics", answer)
    with pytest.raises(ConfigurationError, match=f"cannot be made: .*{says}.*make it, compacted, with 2 partitions"):
        await ensure_changelog(lab.config(), lab.prefix + "state", lab.prefix + "in")


@pytest.mark.broker
async def test_a_state_topic_that_another_worker_made_a_moment_ago_is_as_good(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lab.create(partitions=2)
    await ensure_changelog(lab.config(), lab.prefix + "state", lab.prefix + "in")
    monkeypatch.setattr(AIOKafkaAdminClient, "create_topics", there)
    await ensure_changelog(lab.config(), lab.prefix + "state", lab.prefix + "in")


async def test_work_whose_caller_is_cancelled_is_cancelled_too() -> None:
    turns, ended = Turns(1.0), []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    turns.open()
    caller = asyncio.create_task(turns.run(work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert turns.busy
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await asyncio.sleep(0)
    assert (ended, turns.busy) == (["cancelled"], False)


class Silent(Consumer):
    """A consumer whose broker does not say where partitions end."""

    async def highwaters(self, *_: Any) -> dict[Any, int]:
        self.looks += 1
        raise KafkaConnectionError("away")


def said(logs: Sequence[MutableMapping[str, Any]]) -> list[str]:
    return [line["event"] for line in logs if line["log_level"] != "debug"]


async def test_a_broker_that_goes_and_comes_back_is_said_once_each_and_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervision, "EVERY_S", 0.0)
    consumer = Silent()
    consumer.connected = False

    async def looked() -> None:
        before = consumer.looks
        await until(lambda: consumer.looks > before + 2)

    with capture_logs() as logs:
        async with watching(worker(lambda: None), consumer):
            await looked()
            assert said(logs) == [], "it was never there"
            for consumer.connected in (True, False, True):
                await looked()
    assert said(logs) == ["broker.away", "broker.back"]


async def test_redis_that_is_away_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "EVERY_S", 0.01)
    consumer = Consumer()
    consumer.looks = 1
    with capture_logs() as logs:
        async with watching(worker(lambda: None, redis_url="redis://127.0.0.1:1/0"), consumer):
            await until(lambda: consumer.looks > 5)
    assert [line["event"] for line in logs] == ["redis.away"]
