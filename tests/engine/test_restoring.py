"""State is waited for while it cannot be read, and taken only while the partitions are ours."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from structlog.testing import capture_logs

from fairwatch.domain.errors import RetryableError
from fairwatch.engine import backlog as backlog_module
from fairwatch.engine import restoring as module
from fairwatch.engine.backlog import Backlog
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.restoring import KEPT_US, Restoring, _fold, read_state
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.telemetry.metrics import STATE_LOST

HERE = TP("in", 0)


class Clock:
    def __init__(self) -> None:
        self.at = 1_000_000_000_000

    def now(self) -> int:
        return self.at


class World:
    """One partition with state, a changelog that answers as it is told, and an application of a generation."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.state, self.clock = PartitionedState(), Clock()
        config = EngineConfig("127.0.0.1:1", **options)
        self.restoring = Restoring("probe", config, "probe-state", self.state, self.clock, {"in"})
        self.answers: list[Any] = []
        self.asked: list[dict[int, Held]] = []
        self.troubles: list[str | None] = []
        self.committed: dict[TP, int | None] = {}
        self.away: list[Exception] = []
        self.turns = 1 << 20
        self.app: Any = SimpleNamespace(
            consumer_generation_id=3, batches=SimpleNamespace(committed_now=self._committed)
        )
        monkeypatch.setattr(module, "read_state", self._read)
        monkeypatch.setattr(module, "RETRY_S", 0.001)
        monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.003)

    async def _read(self, _config: Any, _changelog: str, _owned: Any, kept: Any) -> dict[int, Held]:
        self.asked.append(dict(kept))
        self.troubles.append(self.restoring.trouble)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return {0: answer}

    async def _committed(self) -> dict[TP, int | None]:
        if self.away:
            raise self.away.pop(0)
        return self.committed

    def current(self) -> bool:
        self.turns -= 1
        return self.turns >= 0

    async def restored(self) -> tuple[bool, list[Any]]:
        with capture_logs() as logs:
            return await self.restoring.restore(self.app, [0], self.current), logs


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def held(position: int = 2, **rows: bytes) -> Held:
    return Held(dict(rows), position=position, begin=0, mark=0)


async def test_a_changelog_that_cannot_be_read_is_waited_for_and_each_trouble_told_once(world):
    world.answers = [RetryableError("away"), RetryableError("away"), RetryableError("still"), held(a=b'{"n":1}')]
    done, logs = await world.restored()
    assert (done, world.state.get(0, "a")) == (True, {"n": 1})
    assert [line.get("error") for line in logs] == ["away", "still", None]
    assert world.troubles == [None, "away", "away", "still"]
    assert world.restoring.trouble is None


async def test_committed_offsets_that_are_not_known_are_waited_for_where_state_is_empty(world):
    world.answers, world.away = [held(position=0)], [KafkaConnectionError("away")]
    done, logs = await world.restored()
    assert (done, world.away) == (True, [])
    assert "committed offsets are not known" in logs[0]["error"]


@pytest.mark.parametrize(
    ("committed", "lost"),
    [({HERE: 5}, True), ({HERE: None}, False), ({HERE: 0}, False), ({TP("in", 1): 5}, False), ({TP("x", 0): 5}, False)],
)
async def test_state_is_lost_where_events_of_that_partition_were_handled_and_nothing_is_there(world, committed, lost):
    world.answers, world.committed, world.turns = [held(position=0)], committed, 9
    done, logs = await world.restored()
    assert done is not lost
    assert [line["event"] for line in logs] == (["state.lost"] if lost else ["state.restored"]), "told once"
    assert world.state.partitions == ([] if lost else [0])
    if lost:
        assert "state lost: probe-state [0]" in world.troubles


async def test_a_changelog_that_begins_later_than_it_did_is_lost_also_where_something_is_left(world):
    world.answers, world.turns = [Held({"a": b"{}"}, position=9, begin=5, mark=0)], 5
    counted = STATE_LOST.labels("probe")
    before = counted._value.get()
    done, logs = await world.restored()
    assert (done, logs[0]["event"], logs[0]["partitions"]) == (False, "state.lost", [0])
    assert counted._value.get() == before + 1, "a rule wakes somebody at the first"


async def test_who_was_told_to_go_on_without_what_is_lost_does(monkeypatch):
    world = World(monkeypatch, state_lost="empty")
    world.answers, world.committed = [held(position=0)], {HERE: 5}
    done, logs = await world.restored()
    assert (done, [line["event"] for line in logs]) == (True, ["state.lost", "state.restored"])
    assert "take the setting back" in logs[0]["error"]


async def test_partitions_that_were_given_to_somebody_else_meanwhile_are_not_taken(world):
    world.answers, world.turns = [held()], 1
    assert (await world.restored())[0] is False
    assert world.state.partitions == []
    world.turns = 0
    asked = len(world.asked)
    assert (await world.restored())[0] is False
    assert len(world.asked) == asked


async def test_what_was_kept_is_read_on_right_after_it_was_given_up_and_for_an_hour(world):
    first = held(a=b"{}")
    world.answers = [first]
    await world.restored()
    assert first.at == world.clock.at
    for generation, later, kept in ((4, 10 * KEPT_US, True), (6, KEPT_US - 1, True), (8, KEPT_US, False)):
        world.restoring.release(3 if generation == 4 else 0)
        world.app.consumer_generation_id = generation
        world.clock.at += later
        await world.restored()
        assert (world.asked[-1] == {0: first}) is kept, generation
        first.at = world.clock.at
        world.state.restore({0: first})


async def test_a_broker_that_is_away_is_told_as_something_that_passes_and_nothing_is_asked_for_nothing():
    config = EngineConfig("127.0.0.1:1")
    assert await read_state(config, "probe-state", [], {}) == {}
    with pytest.raises(RetryableError, match="probe-state cannot be read"):
        await read_state(config, "probe-state", [0], {})


def test_the_newest_value_of_a_key_counts_and_none_deletes_it():
    found = held(old=b"{}")
    rows = [(b"a", b"1"), (b"a", b"2"), (b"old", None), (b"never", None)]
    _fold(found, [SimpleNamespace(key=key, value=value) for key, value in rows])
    assert found.rows == {"a": b"2"}


@pytest.mark.parametrize("ends", [[KafkaConnectionError("away"), {HERE: 5}], [{HERE: 5}]])
async def test_up_to_where_a_partition_is_read_first_is_asked_until_it_is_known(monkeypatch, ends):
    monkeypatch.setattr(backlog_module, "RETRY_S", 0.0)
    backlog, asked = Backlog(), []

    async def ends_with_open(partitions: Any) -> dict[TP, int]:
        asked.append(list(partitions))
        answer = ends.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    app: Any = SimpleNamespace(
        batches=SimpleNamespace(
            assignment=lambda: {HERE, TP("first", 0)}, group=SimpleNamespace(ends_with_open=ends_with_open)
        )
    )
    tries = len(ends)
    with capture_logs() as logs:
        await backlog.find(app, {"in": {"first"}}, lambda: True)
    assert (asked, backlog.held) == ([[HERE]] * tries, {TP("first", 0)})
    assert [line["event"] for line in logs] == ["backlog.unknown"] * (tries - 1)
    await backlog.find(app, {"in": {"first"}}, lambda: False)
    assert (len(asked), backlog.held) == (tries, frozenset())
