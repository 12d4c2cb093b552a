"""What a worker does before, between and after its events, told without a broker."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from structlog.testing import capture_logs

from fairwatch.domain.errors import RestartError, RetryableError
from fairwatch.engine import worker as module
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.guard import TooManyDeadError
from fairwatch.engine.turns import ReleasedError
from fairwatch.engine.worker import EXIT_DEAD_LETTERS, EXIT_FAILURE, EXIT_RESTART, Worker
from fairwatch.wire.avro import Codec
from tests.support.engine_lab import PLAIN, RECORDS, SPEC, Probe, until


class Registry(Codec):
    """A codec whose registry answers from the fourth question on."""

    asked: list[set[str]]

    def __init__(self) -> None:
        super().__init__()
        self.asked = []

    def prepare(self, records: Any) -> None:
        self.asked.append(set(records))
        if len(self.asked) < 4:
            raise RetryableError("the registry is away")


class Written:
    """What a worker writes through, as far as it is there."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.resets = self.closed = 0

    async def start(self) -> None:
        self.away -= 1
        if self.away >= 0:
            raise RetryableError("no producer")

    def reset(self) -> None:
        self.resets += 1

    async def close(self) -> None:
        self.closed += 1


def made(spec: Any = PLAIN, codec: Codec | None = None, **options: Any) -> Any:
    config = EngineConfig("127.0.0.1:1", embedded=True, web_host="127.0.0.1", **options)
    return Worker({spec: lambda found: Probe(found, spec)}, config, codec or Codec(), records=RECORDS)


@pytest.fixture
def worker() -> Any:
    return made()


def events(logs: Any) -> list[str]:
    return [line["event"] for line in logs]


async def test_a_broker_that_is_away_is_waited_for_with_growing_pauses(worker, monkeypatch):
    pauses: list[float] = []
    reached: list[str] = []

    async def pause(seconds: float = 1.0) -> None:
        pauses.append(seconds)

    async def reach() -> None:
        reached.append("asked")
        if len(reached) == 1:
            raise RetryableError("no name")

    monkeypatch.setattr(worker, "_pause", pause)
    worker._writer, worker.config = Written(away=2), made(reach=reach).config
    with capture_logs() as logs:
        await worker._broker()
    assert pauses == [1.0, 2.0, 4.0]
    assert events(logs) == ["broker.away"] * 3 + ["broker.back"]
    assert [line["error"] for line in logs[:3]] == ["no name", "no producer", "no producer"]


async def test_a_broker_that_is_there_is_nothing_to_tell(worker):
    worker._writer = Written()
    with capture_logs() as logs:
        await worker._broker()
    assert logs == []


async def test_a_registry_that_is_away_is_waited_for_and_told_once(monkeypatch):
    codec = Registry()
    worker, pauses = made(codec=codec), []

    async def pause(seconds: float = 1.0) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(worker, "_pause", pause)
    with capture_logs() as logs:
        await worker._framing()
    assert codec.asked == [{"Observation", "DeadLetter"}] * 4
    assert (events(logs), len(pauses)) == (["registry.away", "registry.back"], 3)


async def test_a_worker_that_is_stopped_while_it_waits_ends_its_pause(worker):
    pausing = asyncio.create_task(worker._pause(60))
    await asyncio.sleep(0)
    worker.stop(EXIT_RESTART)
    worker.stop(EXIT_FAILURE)
    await asyncio.wait_for(pausing, 5)
    assert (worker.unready(), worker._exit_code) == ("stopping", EXIT_RESTART), "the first code counts"
    worker._writer = Written(away=99)
    await worker._broker()
    await worker._framing()


async def test_why_no_events_are_handled_is_told_in_the_order_in_which_it_matters():
    worker = made(SPEC)
    assert worker.unready() == "reading ref"
    worker._references["ref"].complete.set()
    assert worker.unready() == "waiting for partitions"
    worker._forms = SimpleNamespace(trouble="waiting for another form")
    assert worker.unready() == "waiting for another form"
    worker.parts[0].restoring.trouble = "state lost"
    assert worker.unready() == "state lost"
    worker._assigned = True
    assert worker.unready() is None
    worker._app = SimpleNamespace(batches=SimpleNamespace(connected=False))
    assert worker.unready() == "broker away"
    worker._app.batches.connected = True
    assert worker.unready() is None
    assert await worker._why_unready() is None


def working(worker: Any, trouble: Exception | None) -> list[Any]:
    """Let the worker's batches, ticks and commits end so; return what it was asked."""
    asked: list[Any] = []

    async def work(*given: Any) -> None:
        asked.append(given)
        if trouble is not None:
            raise trouble

    worker._pipeline = SimpleNamespace(batch=work, tick=work, settle=work)
    worker._turns.open()
    worker._assigned = True
    return asked


@pytest.mark.parametrize(
    ("trouble", "code", "said"),
    [
        (TooManyDeadError("all of them"), EXIT_DEAD_LETTERS, "worker.too_many_dead_letters"),
        (RestartError("what was there is gone"), EXIT_RESTART, "worker.starts_anew"),
        (ZeroDivisionError(), EXIT_FAILURE, "worker.failed"),
    ],
)
async def test_a_batch_that_cannot_be_handled_is_not_acknowledged_and_ends_the_worker(worker, trouble, code, said):
    asked = working(worker, trouble)
    with capture_logs() as logs:
        assert not await worker._receive(None, ["record"])
        assert not await worker._receive(None, ["what follows it"])
    assert (events(logs), worker._exit_code, asked) == ([said], code, [(["record"],)])


async def test_a_batch_that_was_handled_is_acknowledged_and_wakes_who_waits_for_what_is_due(worker):
    working(worker, None)
    looks: list[bool] = []
    worker.parts[0].alarm = SimpleNamespace(look_again=lambda: looks.append(True))
    assert await worker._receive(None, ["record"])
    assert looks == [True]
    await worker._turns.close()
    assert not await worker._receive(None, ["record"]), "the partitions are given up"


async def test_who_gives_a_batch_up_though_nobody_took_its_partitions_asks_for_them_again(worker):
    """Else the next batch is read, and its offsets cover those of the one that was given up."""
    asked, rejoined = working(worker, ReleasedError()), []

    async def rejoin() -> None:
        rejoined.append(worker._assigned)

    worker._app = SimpleNamespace(batches=SimpleNamespace(group=SimpleNamespace(rejoin=rejoin)))
    with capture_logs() as logs:
        assert not await worker._receive(None, ["record"])
        assert not await worker._receive(None, ["what follows it"])
    assert (events(logs), rejoined, asked) == (["worker.joins_anew"], [False], [(["record"],)])
    assert worker._released_at is not None


async def test_a_batch_that_is_given_up_since_its_partitions_are_taken_away_asks_for_nothing(worker):
    working(worker, ReleasedError())
    worker._assigned, worker._app = False, SimpleNamespace()
    assert not await worker._receive(None, ["record"])


async def test_a_tick_that_cannot_be_written_ends_the_worker(monkeypatch):
    worker = made(SPEC)
    asked = working(worker, ValueError("state is too large"))
    worker.parts[0].owned = [0, 2]
    link = SimpleNamespace(due_at=lambda: None)
    with capture_logs() as logs:
        await asyncio.wait_for(worker._ticks(worker.parts[0], link, 0.01), 5)
    assert (events(logs), worker._exit_code, asked) == (["worker.failed"], EXIT_FAILURE, [(link, [0, 2])])


async def test_nothing_ticks_and_nothing_is_committed_without_partitions():
    worker = made(SPEC, commit_interval_s=0.001)
    asked = working(worker, None)
    worker._assigned = False
    tasks = [
        asyncio.create_task(worker._ticks(worker.parts[0], SimpleNamespace(due_at=lambda: 1 / 0), 0.001)),
        asyncio.create_task(worker._settling()),
    ]
    await asyncio.sleep(0.02)
    assert (asked, [task.done() for task in tasks]) == ([], [False, False])
    worker._assigned = True
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_offsets_of_what_needed_nothing_written_are_committed_again_and_again():
    worker = made(commit_interval_s=0.001)
    asked = working(worker, None)
    task = asyncio.create_task(worker._settling())
    await until(lambda: len(asked) > 2)
    task.cancel()
    working(worker, ZeroDivisionError())
    with capture_logs() as logs:
        await asyncio.wait_for(worker._settling(), 5)
    assert (events(logs), worker._exit_code) == (["worker.failed"], EXIT_FAILURE)


async def test_a_group_that_has_another_form_as_well_ends_the_worker_so_that_it_starts_anew(worker):
    with capture_logs() as logs:
        worker._collided("fairwatch-a+b began at the same time")
    assert (events(logs), worker._exit_code) == (["worker.starts_anew"], EXIT_RESTART)


async def test_partitions_are_given_up_once_what_runs_has_ended_or_been_abandoned():
    worker = made(SPEC, drain_s=0.01)
    worker._writer, released = Written(), []
    worker.parts[0].restoring = SimpleNamespace(release=released.append)
    worker._turns.open()
    worker._assigned = True
    worker._app = SimpleNamespace(consumer_generation_id=7)
    stuck = asyncio.create_task(worker._turns.run(asyncio.Event().wait()))
    await asyncio.sleep(0)
    with capture_logs() as logs:
        await worker._release()
    assert (events(logs), worker._assigned, worker._writer.resets, released) == (["batch.abandoned"], False, 1, [7])
    assert worker._released_at is not None
    assert not await stuck
    worker._app = None
    await worker._release()
    assert released == [7, -1]


class App:
    """Faust's application, as far as it is stopped."""

    def __init__(self, trouble: Exception | None = None, *, hangs: bool = False) -> None:
        self.did: list[str] = []
        self.crashed, self.consumer_generation_id = False, 7
        self.flow_control = SimpleNamespace(suspend=lambda: self.did.append("suspend"))
        self.batches = SimpleNamespace(connected=True, stop_flow=lambda: None, commit_now=self._commit)
        self._trouble, self._hangs = trouble, hangs

    async def _commit(self) -> None:
        self.did.append("commit")
        if self._trouble is not None:
            raise self._trouble

    async def stop(self) -> None:
        self.did.append("stop")
        if self._hangs:
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("app", "did", "said"),
    [
        (App(), ["suspend", "commit", "stop"], []),
        (App(KafkaConnectionError("gone")), ["suspend", "commit"], ["worker.stop_failed"]),
        (App(hangs=True), ["suspend", "commit", "stop"], ["worker.stop_incomplete"]),
    ],
    ids=["in good order", "the broker is gone", "a client hangs"],
)
async def test_stopping_commits_first_and_never_hangs(monkeypatch, app, did, said):
    monkeypatch.setattr(module, "STOP_S", 0.05)
    worker = made(drain_s=0.01)
    worker._writer, worker._app = Written(), app
    with capture_logs() as logs:
        await worker._shut_down([])
    assert (app.did, events(logs), worker._writer.closed) == (did, said, 1)


@pytest.mark.parametrize(("crashed", "connected"), [(True, True), (False, False)])
async def test_who_crashed_or_has_no_coordinator_commits_nothing_at_the_end(crashed, connected):
    worker, app = made(), App()
    app.crashed, app.batches.connected = crashed, connected
    worker._writer, worker._app = Written(), app
    await worker._shut_down([])
    assert app.did == ["suspend", "stop"]


async def test_partitions_that_changed_hands_while_state_was_read_are_not_worked_on(monkeypatch):
    worker = made(SPEC)

    async def restored(*_: Any) -> bool:
        return False

    worker.parts[0].restore = restored
    await worker._restored(SimpleNamespace(consumer_generation_id=7, batches=SimpleNamespace(ownership=None)))
    assert not worker._assigned


async def test_partitions_are_worked_on_once_they_are_restored_and_their_owner_is_us():
    worker, order = made(SPEC), []

    async def restored(_: Any, current: Any) -> bool:
        order.append("state")
        worker.parts[0].owned = [2, 0]
        return bool(current())

    async def take_over() -> None:
        order.append("owner")

    async def find(*_: Any) -> None:
        order.append("backlog")

    async def counts(_: Any) -> dict[str, int]:
        if leaves:
            app.consumer_generation_id = 8
        return {"in": 2}

    group = SimpleNamespace(partition_counts=counts)
    batches = SimpleNamespace(
        ownership=SimpleNamespace(take_over=take_over), backlog=SimpleNamespace(find=find), group=group
    )
    app = SimpleNamespace(consumer_generation_id=7, batches=batches)
    worker.parts[0].restore = restored
    worker._chain = SimpleNamespace(upstream={}, counts={})
    leaves = True
    await worker._restored(app)
    assert (worker._assigned, order) == (False, ["owner", "state", "backlog"]), "they are somebody else's by now"
    leaves, worker._released_at = False, time.monotonic() - 1.0
    with capture_logs() as logs:
        await worker._restored(app)
    assert (worker._assigned, worker._chain.counts) == (True, {"in": 2})
    assert [(line["event"], line["partitions"]) for line in logs] == [("worker.ready", [0, 2])]
    assert 1.0 <= logs[0]["paused_s"] < 60.0


async def test_who_waits_goes_on_with_the_first_that_comes_or_when_it_is_stopped(worker):
    await asyncio.wait_for(worker._unless_stopping(asyncio.sleep(0), asyncio.sleep(60)), 5)
    waiting = asyncio.create_task(worker._unless_stopping(asyncio.sleep(60)))
    await asyncio.sleep(0)
    worker.stop()
    await asyncio.wait_for(waiting, 5)
