"""Workers that come, go, die and lose their broker: no event may be lost."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import pytest

from fairwatch.apps.embedded import free_port
from fairwatch.domain.processor import Spec
from fairwatch.engine.worker import EXIT_RESTART, Worker
from tests.support.engine_lab import PLAIN, SPEC, Lab, Probe, observation, stopped, until

pytestmark = pytest.mark.broker
ROOT = Path(__file__).parents[2]
KEYS = 8
EmptyBroker = Callable[[int], AbstractContextManager[object]]


def numbered(first: int, count: int) -> list[tuple[str, dict]]:
    return [(f"key{n % KEYS}", observation(str(n))) for n in range(first, first + count)]


def ids(outputs: list[dict]) -> Counter:
    return Counter(output["observation_id"] for output in outputs)


@asynccontextmanager
async def working(lab: Lab, spec: Spec, **options) -> AsyncIterator[tuple[Worker, list[Probe]]]:
    worker, probes = lab.worker(spec, **options)
    task = asyncio.create_task(worker.run())
    try:
        await until(lambda: worker.unready() is None)
        yield worker, probes
    finally:
        code = await stopped(worker, task)
    assert code == 0


async def test_workers_that_join_and_leave_under_load_lose_and_repeat_nothing(lab: Lab) -> None:
    await lab.create(partitions=4)
    sent = 0
    done = asyncio.Event()

    async def load() -> None:
        nonlocal sent
        while not done.is_set():
            await lab.send(numbered(sent, 20))
            sent += 20
            await asyncio.sleep(0.05)

    async with working(lab, PLAIN, batch_max=20) as (_, first):
        loading = asyncio.create_task(load())
        async with working(lab, PLAIN, batch_max=20) as (_, second):
            await until(lambda: second[0].handled)
        before = len(first[0].handled)
        await until(lambda: len(first[0].handled) > before + 100)
        done.set()
        await loading

        async def all_there() -> bool:
            return len(ids(await lab.outputs())) == sent

        await until(all_there)
        repeated = {number: times for number, times in ids(await lab.outputs()).items() if times > 1}
    assert second[0].handled
    assert repeated == {}


async def started(lab: Lab, pause_s: float) -> asyncio.subprocess.Process:
    """Start a slow worker as a process of its own; its third batch runs when this returns."""
    process = await asyncio.create_subprocess_exec(
        *lab.program(pause_s), stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "services"), str(ROOT)])},
    )  # fmt: skip
    assert process.stdout is not None
    batches = 0
    while batches < 3:
        batches += (await asyncio.wait_for(process.stdout.readline(), 60)).startswith(b"batch")
    return process


async def test_a_killed_worker_loses_nothing_and_its_state_lives_on(lab: Lab) -> None:
    await lab.create()
    await lab.send([("r1", observation("ref"))], "ref")
    await lab.send(numbered(0, 300))
    victim = await started(lab, pause_s=0.3)
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    written = len(await lab.read())
    assert written

    async def all_there() -> bool:
        return len(ids(await lab.outputs())) == 300

    async with working(lab, SPEC) as (_, probes):
        await until(all_there, 60)
        repeated = 0 if not lab.embedded else written  # without transactions, what was not committed comes again
        await until(lambda: len(probes[0].handled) == 300 - written + repeated)
    outputs = await lab.read()
    effects = Counter(dict(record.headers)["ce_id"] for record in outputs)
    assert len(effects) == 300  # what was written twice is the same effect under the same id
    assert sum(effects.values()) == 300 + repeated
    # Events whose batch was written before the kill were counted before it; the state went on from there.
    counts = Counter(output["device_id"] for output in await lab.outputs())
    assert sum(counts.values()) == 300 + repeated
    highest = max(int(output["extensions"]["count"]) for output in await lab.outputs())
    assert highest > 300 // KEYS if repeated else highest >= 300 // KEYS


async def test_a_broker_that_goes_away_and_comes_back_finds_its_worker(
    lab_at: Callable[..., Lab], empty_broker: EmptyBroker, topic_prefix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    lab = lab_at(topic_prefix, bootstrap=f"127.0.0.1:{port}")
    worker, probes = lab.worker(PLAIN)
    task = asyncio.create_task(worker.run())  # before there is any broker
    try:
        await asyncio.sleep(0.5)
        with empty_broker(port):
            await lab.create()
            await lab.send(numbered(0, 10))
            await until(lambda: probes and len(set(probes[0].handled)) == 10)
        await until(lambda: worker.unready() == "broker away")
        await asyncio.sleep(2.0)
        assert not task.done()
        with empty_broker(port):  # empty: it keeps nothing
            await lab.create()
            await lab.send(numbered(10, 10))
            await until(lambda: len(set(probes[0].handled)) == 20, 40)
            assert await stopped(worker, task) == 0
    finally:
        worker.stop()
        await asyncio.wait({task}, timeout=30)
    captured = capfd.readouterr()
    lines = (captured.out + captured.err).splitlines()
    assert len(lines) < 60, "\n".join(lines)


async def test_too_many_dead_letters_stop_the_worker_without_emptying_the_topic(lab: Lab) -> None:
    await lab.create(partitions=1)
    await lab.send([("k", b"junk")] * 300)
    worker, _ = lab.worker(PLAIN, dead_letter_run=50, batch_max=20)
    assert await asyncio.wait_for(worker.run(), 30) == 3
    assert len(await lab.letters()) == 40


async def test_a_worker_that_has_to_start_anew_ends_and_leaves_its_event_to_the_next(lab: Lab) -> None:
    await lab.create()
    await lab.send([("a", observation("1", do="restart")), *(("a", observation(str(n))) for n in range(2, 9))])
    worker, probes = lab.worker(SPEC, batch_max=1)
    assert await asyncio.wait_for(worker.run(), 60) == EXIT_RESTART
    assert await lab.letters() == []
    assert probes[0].handled == [], "what follows it waits as well: offsets of later events cover its own"
    worker, _ = lab.worker(SPEC)
    assert await asyncio.wait_for(worker.run(), 60) == EXIT_RESTART, "the event is still there"


async def test_replay_reads_from_the_beginning_whenever_partitions_are_given(lab: Lab) -> None:
    await lab.create()
    await lab.send(numbered(0, 50))
    spec = Spec("replayer", ("in",), ("out",), replay=True)
    async with working(lab, spec) as (_, first):
        await until(lambda: len(first[0].handled) == 50)
        async with working(lab, spec) as (_, second):
            await until(lambda: len(first[0].handled) + len(second[0].handled) == 100)
            assert 0 < len(second[0].handled) < 50
