"""What a look at a worker tells: lag, commits, whether it is stuck, and each outage once."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from structlog.testing import capture_logs

from fairwatch.engine import supervision
from fairwatch.engine.supervision import EXIT_STUCK, Supervision
from fairwatch.engine.tally import Tally
from fairwatch.telemetry import metrics

FIRST, SECOND, OTHER = TP("in", 0), TP("in", 1), TP("elsewhere", 0)


class Consumer:
    """A consumer as it stands: what is there, read, handled and committed."""

    def __init__(self) -> None:
        self.connected = True
        self.commits = 3
        self.ends = {FIRST: 10, SECOND: 20, OTHER: 99}
        self.at: dict[Any, int] = {FIRST: 10, SECOND: 15}
        self.next_commit: dict[Any, int] = {SECOND: 12}
        self.committed: dict[Any, Any] = {FIRST: 10, SECOND: 12}
        self.backlog = SimpleNamespace(held=frozenset())
        self.assigned: set[Any] = {FIRST, SECOND}
        self.trouble: Exception | None = None

    def assignment(self) -> set[Any]:
        return self.assigned

    async def look_at_topics(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def highwaters(self, *_: Any) -> dict[Any, int]:
        return self.ends

    def positions(self) -> dict[Any, int]:
        return self.at


class Watched:
    """A worker of one processor, that notes how it is stopped."""

    def __init__(self, *, replay: bool = False) -> None:
        self.config: Any = SimpleNamespace(name="watched", commit_timeout_s=10.0, redis_url=None)
        self.spec = SimpleNamespace(name="supervised", replay=replay)
        self.parts = [SimpleNamespace(tally=Tally("supervised"), spec=self.spec, topics=frozenset({"in"}))]
        self.busy = False
        self.why: str | None = None
        self.codes: list[int] = []

    def unready(self) -> str | None:
        return self.why

    def stop(self, code: int) -> None:
        self.codes.append(code)


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, replay: bool = False) -> None:
        self.worker, self.consumer, self.now = Watched(replay=replay), Consumer(), 0.0
        app: Any = SimpleNamespace(batches=self.consumer)
        watched: Any = self.worker
        self.supervision: Any = Supervision(watched, app)
        monkeypatch.setattr(supervision.time, "monotonic", lambda: self.now)

    async def look(self, after_s: float = 0.0) -> list[str]:
        self.now += after_s
        with capture_logs() as logs:
            await self.supervision._look()
        return [line["event"] for line in logs]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


async def test_lag_is_what_is_not_handled_yet_of_its_own_topics(world: World) -> None:
    await world.look()
    [part] = world.worker.parts
    assert part.tally.lag == 8, "handled counts before read"
    lag = metrics.LAG.labels("supervised", "in", "1")
    assert lag._value.get() == 8
    world.consumer.next_commit = {SECOND: 25}
    await world.look()
    assert (part.tally.lag, lag._value.get()) == (0, 0), "an end that was told too early is no negative lag"


async def test_commits_are_counted_once(world: World) -> None:
    commits = world.worker.parts[0].tally.commits
    before = commits._value.get()
    await world.look()
    await world.look()
    assert (commits._value.get() - before, world.consumer.commits) == (3, 0)


async def test_a_worker_whose_offsets_stay_uncommitted_is_ended_after_its_patience(world: World) -> None:
    world.consumer.next_commit = {SECOND: 14}
    assert await world.look() == []
    assert await world.look(9.9) == []
    assert world.worker.codes == []
    assert await world.look(0.2) == ["worker.stuck"]
    assert world.worker.codes == [EXIT_STUCK]


async def test_who_is_not_ready_or_replays_or_is_held_back_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    replaying = World(monkeypatch, replay=True)
    replaying.consumer.at = {FIRST: 10, SECOND: 20}
    replaying.consumer.next_commit, replaying.consumer.committed = {SECOND: 20}, {}
    held = World(monkeypatch)
    held.consumer.at, held.consumer.next_commit = {FIRST: 10, SECOND: 12}, {}
    held.consumer.backlog.held = frozenset({SECOND})
    waiting = World(monkeypatch)
    waiting.consumer.next_commit = {SECOND: 14}
    for world in (replaying, held):
        for _ in range(4):
            await world.look(5)
        assert world.worker.codes == []
    await waiting.look()
    waiting.worker.why = "waiting for partitions"
    await waiting.look(60)
    waiting.worker.why = None
    await waiting.look(1)
    assert waiting.worker.codes == [], "its time begins anew"


async def test_a_broker_that_does_not_answer_and_no_partitions_tell_nothing(world: World) -> None:
    world.consumer.trouble = ConnectionError("away")
    await world.look()
    world.consumer.trouble, world.consumer.assigned = None, set()
    await world.look()
    assert world.consumer.commits == 3


async def test_each_outage_of_the_broker_is_told_once_and_its_end(world: World) -> None:
    world.consumer.connected = False
    assert await world.look() == [], "it was never there"
    world.consumer.connected = True
    assert await world.look() == []
    world.consumer.connected = False
    assert await world.look() + await world.look() == ["broker.away"]
    world.consumer.connected = True
    assert await world.look() + await world.look() == ["broker.back"]


class Beats:
    """Takes heartbeats, or not."""

    def __init__(self) -> None:
        self.takes = True
        self.said: list[Any] = []

    async def heartbeat(self, *given: Any) -> bool:
        self.said.append(given)
        return self.takes

    async def close(self) -> None:
        self.said.append("closed")


async def test_each_outage_of_redis_is_told_once_and_its_end(world: World) -> None:
    beats = world.supervision._health = Beats()
    assert await world.look() == []
    beats.takes = False
    assert await world.look() + await world.look() == ["redis.away"]
    beats.takes = True
    assert await world.look() + await world.look() == ["redis.back"]
    world.worker.parts[0].tally.facts = {"signs": "ed25519-1"}
    await world.look()
    component, instance, said = beats.said[-1]
    assert (component, instance, said["ready"], said["lag"]) == ("supervised", "watched", True, 8)
    assert said["signs"] == "ed25519-1"
    world.worker.why = "broker away"
    await world.look()
    assert beats.said[-1][2]["ready"] is False


async def test_redis_that_was_never_there_is_told(world: World) -> None:
    world.supervision._health = Beats()
    world.supervision._health.takes = False
    assert await world.look() == ["redis.away"]


async def test_watching_ends_with_its_task_and_lets_go_of_redis(world: World, monkeypatch) -> None:
    monkeypatch.setattr(supervision, "EVERY_S", 0.0)
    beats = world.supervision._health = Beats()
    task = asyncio.create_task(world.supervision.run())
    while not beats.said:  # noqa: ASYNC110  # it looks by itself
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (task.cancelled(), beats.said[-1]) == (True, "closed")
