"""Every partition has its turn, and what was taken is not lost when the next one is broken."""

from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from fairwatch.engine.fetching import Rota

ALL = ("a", "b", "c")


class Fetcher:
    """Gives what it has of a partition, up to so many; a partition may be broken."""

    def __init__(self, **rows: int) -> None:
        self._records = dict.fromkeys(rows)
        self.rows = rows
        self.broken: set[str] = set()

    async def fetched_records(self, partitions: tuple[str], timeout: int, most: int) -> Any:  # noqa: ASYNC109  # aiokafka's
        assert timeout == 0
        [tp] = partitions
        if tp in self.broken:
            raise KafkaConnectionError(tp)
        given = min(most, self.rows[tp])
        self.rows[tp] -= given
        return {tp: list(range(given))} if given else {}


async def turns(fetcher: Fetcher, times: int, limit: int, partitions: Any = ALL) -> list[dict[str, int]]:
    rota = Rota()
    return [
        {tp: len(found) for tp, found in (await rota.take(fetcher, partitions, limit)).items()} for _ in range(times)
    ]


async def test_a_full_partition_gives_a_batch_and_then_it_is_the_next_ones_turn() -> None:
    assert await turns(Fetcher(c=1, b=90, a=90), 4, 10) == [{"a": 10}, {"b": 10}, {"c": 1, "a": 9}, {"b": 10}]


async def test_partitions_with_little_share_a_batch() -> None:
    assert await turns(Fetcher(a=2, b=3, c=4), 2, 9) == [{"a": 2, "b": 3, "c": 4}, {}]


async def test_partitions_that_are_held_back_are_not_taken() -> None:
    assert await turns(Fetcher(a=2, b=3), 1, 9, {"b"}) == [{"b": 3}]


async def test_a_broken_partition_is_told_by_itself() -> None:
    fetcher, rota = Fetcher(a=2, b=3), Rota()
    fetcher.broken = {"b"}
    assert list(await rota.take(fetcher, ALL, 9)) == ["a"]
    with pytest.raises(KafkaConnectionError, match="b"):
        await rota.take(fetcher, ALL, 9)
    assert fetcher.rows == {"a": 0, "b": 3}
