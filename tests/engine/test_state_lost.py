"""State that is read again, only as far as needed, and state that is lost: noticed, said, and never taken for empty."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from structlog.testing import capture_logs

from fairwatch.engine import restoring
from fairwatch.engine.restoring import read_state
from fairwatch.engine.state import MARK, Held, PartitionedState
from fairwatch.engine.worker import Worker
from tests.engine.test_recovery import numbered, working
from tests.support.engine_lab import SPEC, Lab, Probe, observation, stopped, until

pytestmark = pytest.mark.broker
STATE = "fairwatch-probe-state"


async def write(lab: Lab, rows: list[tuple[str, bytes | None]]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=lab.bootstrap) as producer:
        for key, value in rows:
            await producer.send_and_wait(lab.prefix + STATE, value, key=key.encode(), partition=0)


async def changelog(lab: Lab) -> None:
    """Let a worker make everything."""
    await lab.create(partitions=1)
    async with working(lab, SPEC):
        pass


async def forget(lab: Lab) -> None:
    """Delete the changelog."""
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.bootstrap)
    await admin.start()
    await admin.delete_topics([lab.prefix + STATE])
    await admin.close()


@asynccontextmanager
async def trying(lab: Lab, **options) -> AsyncIterator[tuple[Worker, list[Probe]]]:
    """Run a worker that need not become ready."""
    worker, probes = lab.worker(SPEC, **options)
    task = asyncio.create_task(worker.run())
    try:
        yield worker, probes
    finally:
        assert await stopped(worker, task) == 0


async def test_what_was_kept_is_only_read_on(lab: Lab) -> None:
    await changelog(lab)
    await write(lab, [("a", b"1"), ("b", b"2"), ("c", b"3")])
    [held] = (await read_state(lab.config(), lab.prefix + STATE, [0], {})).values()
    assert {key: held.rows[key] for key in "abc"} == {"a": b"1", "b": b"2", "c": b"3"}
    held.rows["witness"] = b"not in the changelog"
    await write(lab, [("a", b"4"), ("b", None)])
    found = await read_state(lab.config(), lab.prefix + STATE, [0], {0: held})
    assert found[0] is held
    assert (held.rows["a"], "b" in held.rows, held.rows["witness"]) == (b"4", False, b"not in the changelog")

    held.position += 1000  # as if the topic had been made anew since
    [again] = (await read_state(lab.config(), lab.prefix + STATE, [0], {0: held})).values()
    assert {key: again.rows.get(key) for key in ("a", "b", "c", "witness")} == {
        "a": b"4", "b": None, "c": b"3", "witness": None,
    }  # fmt: skip


async def test_a_rebalance_keeps_what_stays(lab: Lab) -> None:
    await lab.create(partitions=4)
    async with working(lab, SPEC) as (worker, probes):
        await lab.send(numbered(0, 100))
        await until(lambda: len(probes[0].handled) == 100)
        before = dict(worker.parts[0].state._partitions)
        async with working(lab, SPEC) as (guest, _):
            await until(lambda: worker.unready() is None and len(worker.parts[0].owned) == 2)
            kept = worker.parts[0].state._partitions
            if not lab.embedded:  # which tells ends that are before what it acknowledged: read anew then
                assert all(kept[number] is before[number] for number in kept)
            assert set(guest.parts[0].owned) | set(kept) == {0, 1, 2, 3}
        await until(lambda: worker.unready() is None and len(worker.parts[0].owned) == 4)
        await lab.send(numbered(100, 100))
        await until(lambda: len(probes[0].handled) == 200)
    counts = [int(output["extensions"]["count"]) for output in await lab.outputs()]
    assert sum(counts) == 8 * sum(range(1, 26)), "each key counted on, 1 to 25"


async def test_a_changelog_that_was_deleted_is_noticed_and_nothing_is_handled_until_people_say_so(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "LOOK_AGAIN_S", 1.0)
    await lab.create(partitions=2)
    async with working(lab, SPEC) as (_, probes):
        await lab.send(numbered(0, 20))
        await until(lambda: len(probes[0].handled) == 20)
    await forget(lab)
    await lab.send(numbered(20, 20))
    with capture_logs() as logs:
        async with trying(lab) as (worker, probes):
            await until(lambda: (worker.unready() or "").startswith("state lost"))
            assert worker.unready() == f"state lost: {lab.prefix}{STATE} [0, 1]"
            await asyncio.sleep(1.0)
            assert probes[0].handled == []
    [said] = [line for line in logs if line["event"] == "state.lost"]
    assert (said["partitions"], said["log_level"]) == ([0, 1], "critical")
    assert "FAIRWATCH_STATE_LOST=empty" in said["error"]

    with capture_logs() as logs:
        async with working(lab, SPEC, state_lost="empty") as (_, probes):
            await until(lambda: len(probes[0].handled) == 20)
    assert [line["partitions"] for line in logs if line["event"] == "state.lost"] == [[0, 1]]
    with capture_logs() as logs:
        async with working(lab, SPEC):
            pass
    assert [line for line in logs if line["event"] == "state.lost"] == [], "said once: it has begun anew"


async def test_an_unused_partition_is_not_taken_for_a_lost_one(lab: Lab) -> None:
    await lab.create(partitions=2)
    for _ in range(2):
        async with working(lab, SPEC) as (_, probes):
            await lab.send([("skip", observation("s1", "skip"))])
            await until(lambda probes=probes: probes[0].batches)
            started = time.monotonic()
            await until(lambda started=started: time.monotonic() - started > 0.3)


def test_what_did_not_reach_the_changelog_is_not_kept() -> None:
    state = PartitionedState()
    state.restore({0: Held({}, mark=0), 1: Held({}, mark=0)})
    state.put(0, "a", {"n": 1})
    state.put(1, "b", {"n": 1})
    state.savepoint()
    assert state.flushed([(0, 0), (1, 0)], 5) == {}
    state.put(1, "b", {"n": 2})
    state.release()
    assert {number: (held.position, held.at) for number, held in state.kept.items()} == {0: (1, 5)}
    assert state.partitions == []


def test_a_partition_that_is_not_marked_yet_is_kept_and_marked_later() -> None:
    state = PartitionedState()
    state.restore({0: Held({"a": b"{}"}, 7)})
    assert [key for _, key, _ in state.changes()] == [MARK]
    state.release()
    state.restore(state.kept)
    assert [key for _, key, _ in state.changes()] == [MARK]
    state.flushed([(0, 7)], 5)
    state.release()
    state.restore(state.kept)
    assert state.changes() == []


@pytest.mark.parametrize("offset", [7, -1], ids=["somebody wrote before us", "not known"])
def test_a_place_that_is_not_the_next_is_read_again(offset: int) -> None:
    state = PartitionedState()
    state.restore({0: Held({}, 4, mark=0)})
    state.put(0, "a", {"n": 1})
    state.flushed([(0, offset)], 5)
    assert state.changes() == []
    state.release()
    assert state.kept[0].position == 4


def test_a_changelog_that_begins_anew_under_its_writer_gets_everything_again() -> None:
    state = PartitionedState()
    state.restore({0: Held({"a": b"{}", "b": b"{}"}, 40, mark=0)})
    state.put(0, "a", {"n": 1})
    assert list(state.flushed([(0, 0)], 5)) == [0]
    assert state.changes() == [(0, MARK, b'{"begin":0,"version":1}'), (0, "a", b'{"n":1}'), (0, "b", b"{}")]
    assert state.flushed([(0, 1), (0, 2), (0, 3)], 6) == {}
    assert state._partitions[0].position == 4
