"""A worker is watched as long as it lives, whatever a look at it comes upon."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from fairwatch.domain.tasks import ended
from fairwatch.engine import supervision
from fairwatch.engine.supervision import Supervision
from fairwatch.engine.tally import Tally
from fairwatch.engine.transport import BatchThread
from fairwatch.stores.health import Health
from tests.support.engine_lab import PLAIN, Lab, observation, until


class Consumer:
    """Changes in the very moment in which it is looked at, the first time."""

    connected = True
    commits = 0
    next_commit: dict[Any, int]
    committed: dict[Any, int]

    def __init__(self) -> None:
        self.looks = 0
        self.next_commit, self.committed = {}, {}
        self.seen_again = asyncio.Event()

    def assignment(self) -> set[Any]:
        return {("in", 0)}

    async def look_at_topics(self) -> None:
        """They are as they were."""

    async def highwaters(self, *_: Any) -> dict[Any, int]:
        return {}

    def positions(self) -> dict[Any, int]:
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("dictionary changed size during iteration")
        self.seen_again.set()
        return {}


def worker(unready: Callable[[], str | None], redis_url: str | None = None) -> Any:
    return SimpleNamespace(
        config=SimpleNamespace(name="watched", commit_timeout_s=60.0, redis_url=redis_url),
        unready=unready,
        parts=[SimpleNamespace(tally=Tally("watched"), spec=SimpleNamespace(name="watched"), topics=frozenset({"in"}))],
        spec=SimpleNamespace(name="watched", replay=False),
        busy=False,
    )


@asynccontextmanager
async def watching(watched: Any, consumer: Consumer) -> AsyncIterator[None]:
    task = asyncio.create_task(Supervision(watched, SimpleNamespace(batches=consumer)).run())  # type: ignore[arg-type]
    yield
    await ended([task])


async def test_a_look_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "EVERY_S", 0.0)
    consumer = Consumer()
    async with watching(worker(lambda: None), consumer):
        await asyncio.wait_for(consumer.seen_again.wait(), 10)


async def test_a_heartbeat_says_that_a_worker_is_not_ready_until_it_is(
    monkeypatch: pytest.MonkeyPatch, valkey: str
) -> None:
    monkeypatch.setattr(supervision, "EVERY_S", 0.01)
    trouble: list[str] = ["reading watchlist-entries"]
    found = worker(lambda: trouble[0] if trouble else None, redis_url=valkey)
    health = Health(valkey)

    async def beats(ready: bool) -> bool:
        return [beat["ready"] for beat in await health.read_all() if beat["instance"] == "watched"] == [ready]

    async with watching(found, Consumer()):
        await until(lambda: beats(ready=False))
        trouble.clear()
        await until(lambda: beats(ready=True))
        trouble.append("broker away")
        await until(lambda: beats(ready=False))
    await health.close()


@pytest.mark.broker
async def test_a_worker_whose_offsets_are_never_committed_ends_with_a_code_of_its_own(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: Any) -> bool:
        return False

    monkeypatch.setattr(BatchThread, "_commit", refused)
    monkeypatch.setattr(supervision, "EVERY_S", 0.05)
    await lab.create()
    await lab.send([("a", observation("1"))])
    stuck, _ = lab.worker(PLAIN, commit_timeout_s=0.5)
    assert await asyncio.wait_for(stuck.run(), 60) == 4
