"""The read model only ever grows newer, stays bounded and notices that it was emptied."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from fairwatch.domain.errors import RestartError, RetryableError
from fairwatch.domain.ports import Facet
from fairwatch.stores.read_model import RedisReadModel

SHA = "ab" * 32


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey) as client:
        yield client


@pytest.fixture
def prefix() -> str:
    return uuid4().hex


@pytest.fixture
def model(redis: Redis, prefix: str) -> RedisReadModel:
    return RedisReadModel(redis, prefix=prefix, keep={"alert": 3})


def alert(subject: str = "a1", version: int = 1, at: int = 100, **fields) -> Facet:
    record = {"alert_id": subject, "revision": version}
    given = {"listed": True, "open": True, **fields}
    return Facet("alert", subject, "alert", version, at, record, **given)


async def listed(model: RedisReadModel, **options) -> list[str]:
    return [subject.id for subject in await model.latest("alert", 10, **options)]


async def test_older_revision_never_replaces_a_newer_one(model: RedisReadModel) -> None:
    assert await model.fold([alert(version=2), alert(version=1), alert(version=2), alert(version=3)]) == [
        True,
        False,
        False,
        True,
    ]
    found = await model.get("alert", "a1")
    assert found is not None
    assert found.parts["alert"]["revision"] == 3


async def test_newest_come_first_and_the_oldest_leave(model: RedisReadModel) -> None:
    await model.fold([alert(f"a{n}", at=n, media=(SHA,), open=False) for n in (4, 1, 3, 2)])
    assert await listed(model) == ["a4", "a3", "a2"]
    assert [owner.id for owner in await model.owners(SHA)] == ["a2", "a3", "a4"]
    assert await model.get("alert", "a1") is None


async def test_what_is_open_never_leaves_until_it_is_over(model: RedisReadModel) -> None:
    await model.fold([alert(f"open-{n}", at=n) for n in range(6)])
    await model.fold([alert(f"over-{n}", at=100 + n, open=False) for n in range(6)])
    assert len(await listed(model, open_only=True)) == 6
    assert await model.counts("alert") == (6, 3)
    await model.fold([alert("open-0", version=2, at=0, open=False)])
    assert await model.get("alert", "open-0") is None
    assert await model.counts("alert") == (5, 3)


async def test_open_ones_come_by_rank_and_as_many_as_fit_are_found(model: RedisReadModel) -> None:
    await model.fold([alert(f"a{n:03}", at=n, rank=n % 7) for n in range(450)])
    found = await model.pick("alert", "open", 5, lambda subject: subject.id < "a007")
    assert [subject.id for subject in found] == ["a006", "a005", "a004", "a003", "a002"]


async def test_replay_of_one_that_left_changes_nothing(model: RedisReadModel) -> None:
    facets = [alert(f"a{n}", at=n, open=False) for n in range(5)]
    await model.fold(facets)
    assert not any(await model.fold(facets))


async def test_part_that_comes_before_its_subject_is_kept(model: RedisReadModel) -> None:
    early = Facet("alert", "a1", "delivery:desk", 10_001, 90, {"state": "DELIVERED"})
    await model.fold([early])
    assert await listed(model) == []
    await model.fold([alert()])
    found = await model.get("alert", "a1")
    assert found is not None
    assert found.starting("delivery:") == {"desk": {"state": "DELIVERED"}}


async def test_ended_leaves_the_open_list_only(model: RedisReadModel) -> None:
    await model.fold([alert("a1"), alert("a2", at=101), alert("a1", version=2, at=102, open=False)])
    assert await listed(model, open_only=True) == ["a2"]
    assert await listed(model) == ["a1", "a2"]


async def test_forgotten_subject_takes_its_media_along(model: RedisReadModel) -> None:
    await model.fold([alert(media=(SHA,))])
    assert await model.forget("alert", "a1")
    assert await model.owners(SHA) == []
    assert await listed(model) == []
    assert not await model.forget("alert", "a1")


async def test_emptied_store_refuses_until_the_writer_starts_anew(redis: Redis, prefix: str) -> None:
    before = RedisReadModel(redis, prefix=prefix)
    await before.fold([alert()])
    keys = [key async for key in redis.scan_iter(match=f"*{prefix}*")]
    await redis.delete(*keys)
    for _ in range(2):
        with pytest.raises(RestartError, match="starts anew"):
            await before.fold([alert(version=2)])
    assert await before.epoch() is None
    after = RedisReadModel(redis, prefix=prefix)
    assert await after.fold([alert(version=2)]) == [True]
    with pytest.raises(RestartError, match="starts anew"):  # somebody else's replay is not a replay of ours
        await before.fold([alert(version=3)])


async def test_server_that_is_away_means_try_again() -> None:
    async with Redis(port=1, retry=None) as away:
        with pytest.raises(RetryableError, match="cannot be reached"):
            await RedisReadModel(away).fold([alert()])


async def test_changes_are_told_at_once_unless_quiet(model: RedisReadModel) -> None:
    changes = model.changes()
    first = asyncio.ensure_future(anext(changes))
    secret = replace(alert("a1"), name="verification:ann", quiet=True, listed=False)
    while not first.done():  # the subscription is ours to await: tell until it is heard
        await model.fold([secret, alert("a2", version=uuid4().int % 10**9)])
        await asyncio.sleep(0.01)
    assert await first == {"kind": "alert", "id": "a2"}
    await changes.aclose()
