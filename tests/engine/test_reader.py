"""A topic that is read from a time, or at single offsets."""

import asyncio

import pytest

from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.engine.reader import TopicReader
from tests.support.engine_lab import Lab, observation

pytestmark = pytest.mark.broker


async def test_where_everything_is_later_than_a_time_it_is_read_from_the_beginning(lab: Lab) -> None:
    await lab.create(partitions=2)
    await lab.send([("a", observation("1")), ("b", observation("2"))])
    async with TopicReader(lab.bootstrap, {}, lab.prefix + "in") as reader:
        await reader.seek_to_time(1)
        assert sorted([record.key async for record in reader.to_end()]) == [b"a", b"b"]


async def test_single_records_are_read_in_order_and_where_there_is_none_nothing(lab: Lab) -> None:
    await lab.create(partitions=1)
    await lab.send([(f"k{number}", observation(str(number))) for number in range(9)])
    async with TopicReader(lab.bootstrap, {}, lab.prefix + "in", [0]) as reader:
        reader.seek({0: 0})
        found = [record.offset async for run in reader.runs_at(0, [1, 2, 6]) for record in run]
    assert found == [1, 2, 6]


async def test_a_topic_that_is_not_there_is_said_at_once_and_not_made(lab: Lab) -> None:
    await lab.create(partitions=1)
    for _ in range(2):
        with pytest.raises(
            ConfigurationError, match=f"topic {lab.prefix}gone is not on the broker: run `fairwatch top"
        ):
            async with asyncio.timeout(5), TopicReader(lab.bootstrap, {}, lab.prefix + "gone"):
                pass
    with pytest.raises(RetryableError, match=r"lacks partitions \[7\]"):
        async with TopicReader(lab.bootstrap, {}, lab.prefix + "in", [0, 7]):
            pass
