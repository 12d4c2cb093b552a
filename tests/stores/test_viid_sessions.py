"""VIID sessions: one suite for both stores."""

import pytest
from redis.asyncio import Redis

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import RetryableError
from fairwatch.stores.viid_sessions import MemorySessions, RedisSessions, Session


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=["memory", "redis"])
async def sessions(request, clock):
    if request.param == "memory":
        yield MemorySessions(clock)
        return
    async with Redis.from_url(request.getfixturevalue("valkey")) as redis:
        yield RedisSessions(redis, clock)


def session(clock, seconds=300):
    return Session("gat-platform", "address:192.0.2.1", clock.now() + seconds * 1_000_000)


async def test_session_is_found_until_it_is_dropped(sessions, clock):
    assert await sessions.get("dropped") is None
    await sessions.put("dropped", session(clock))
    assert await sessions.get("dropped") == session(clock)
    await sessions.drop("dropped")
    assert await sessions.get("dropped") is None


async def test_expired_session_is_none(sessions, clock):
    await sessions.put("expired", session(clock, seconds=10))
    clock.advance(seconds=10)
    assert await sessions.get("expired") is None


async def test_later_session_takes_the_place_of_the_earlier(sessions, clock):
    await sessions.put("twice", session(clock))
    later = Session("gat-platform", "address:192.0.2.2", clock.now() + 1_000_000)
    await sessions.put("twice", later)
    assert await sessions.get("twice") == later


async def test_redis_that_is_away_is_retryable(clock):
    async with Redis.from_url("redis://127.0.0.1:1/0") as redis:
        store = RedisSessions(redis, clock)
        for call in (store.get("x"), store.put("x", session(clock)), store.drop("x")):
            with pytest.raises(RetryableError, match="session store"):
                await call
