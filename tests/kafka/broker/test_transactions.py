"""Outputs, state and offsets of a batch take effect together; a worker that lost its partitions changes nothing."""

import asyncio
import json
import signal
from collections import Counter
from itertools import count
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from fairwatch.engine.consumer_thread import BatchThread
from fairwatch.engine.fenced_producer import FencedProducer
from fairwatch.engine.group_ownership import GroupOwnership
from fairwatch.engine.ownership import HANDLED, PRODUCERS, Note, Place
from tests.engine.test_recovery import ids, numbered, started, working
from tests.support.engine_lab import CODEC, SPEC, Lab, observation, until

EVENTS = 400


async def counts_by_key(lab: Lab) -> dict[str, list[int]]:
    """Return the counts that each key's outputs bear, in the order of the topic."""
    found: dict[str, list[int]] = {}
    for record in await lab.read():
        output = CODEC.decode(record.value)[1]
        found.setdefault(record.key.decode(), []).append(int(output["extensions"]["count"]))
    return found


async def everything_once(lab: Lab, events: int = EVENTS) -> bool:
    """Tell whether every event has its output."""
    return len(ids(await lab.outputs())) == events


async def assert_exactly_once(lab: Lab, events: int = EVENTS) -> None:
    """Every event has one output, and each key counts 1, 2, 3 … without a gap or a repeat."""
    assert set(ids(await lab.outputs()).values()) == {1}
    counts = await counts_by_key(lab)
    assert sum(map(len, counts.values())) == events
    for key, values in counts.items():
        assert values == list(range(1, len(values) + 1)), key


async def test_killed_workers_leave_every_count_whole(lab: Lab) -> None:
    await lab.create()
    await lab.send([("r1", observation("ref"))], "ref")
    await lab.send(numbered(0, EVENTS))
    for pause_s in (0.05, 0.11, 0.17):  # killed at another place in its work each time
        victim = await started(lab, pause_s)
        await asyncio.sleep(pause_s / 2)
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
    async with working(lab, SPEC):
        await until(lambda: everything_once(lab), 60)
    await assert_exactly_once(lab)


async def test_a_worker_that_stood_still_longer_than_its_session_changes_nothing_any_more(lab: Lab) -> None:
    await lab.create()
    await lab.send([("r1", observation("ref"))], "ref")
    await lab.send(numbered(0, EVENTS))
    frozen = await started(lab, pause_s=0.3)
    frozen.send_signal(signal.SIGSTOP)
    try:
        async with working(lab, SPEC):
            await until(lambda: everything_once(lab), 60)
            state = await lab.read("fairwatch-probe-state")
            frozen.send_signal(signal.SIGCONT)  # its batch is handled and it writes what it had in hand
            await asyncio.sleep(3.0)
            later = (await lab.read("fairwatch-probe-state"))[len(state) :]
            assert [record for record in later if b"count" in (record.value or b"")] == []
    finally:
        frozen.kill()
        await frozen.wait()
    await assert_exactly_once(lab)


async def test_state_reads_the_same_as_the_outputs_at_every_moment(lab: Lab) -> None:
    await lab.create()
    await lab.send([("r1", observation("ref"))], "ref")
    await lab.send(numbered(0, EVENTS))
    victim = await started(lab, pause_s=0.05)
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    told = {key: max(values) for key, values in (await counts_by_key(lab)).items()}
    kept: Counter[Any] = Counter()
    for record in await lab.read("fairwatch-probe-state"):
        value = record.value and json.loads(record.value)
        if value and "count" in value:
            kept[record.key.decode()] = value["count"]
    assert dict(kept) == told


async def test_a_transaction_whose_end_nobody_heard_of_is_not_written_a_second_time(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the third commit is lost, and the broker is away when it is asked what became of it."""
    commit, places, commits = FencedProducer.commit_transaction, GroupOwnership.places, count(1)
    unheard: list[bool] = []

    async def commits_and_says_nothing(producer: FencedProducer) -> None:
        await commit(producer)
        if next(commits) == 3:
            unheard.append(True)
            raise KafkaConnectionError

    async def is_away_once(ownership: GroupOwnership) -> Any:
        if unheard:
            unheard.clear()
            raise KafkaConnectionError
        return await places(ownership)

    monkeypatch.setattr(FencedProducer, "commit_transaction", commits_and_says_nothing)
    monkeypatch.setattr(GroupOwnership, "places", is_away_once)
    await lab.create()
    await lab.send([("r1", observation("ref"))], "ref")
    async with working(lab, SPEC, batch_max=20):
        await lab.send(numbered(0, EVENTS))
        await until(lambda: everything_once(lab), 60)
        await until(lambda: next(commits) > 3)
    await assert_exactly_once(lab)


async def test_a_broker_that_is_away_while_a_dead_owner_is_shut_out_ends_nobody(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, ours, times = FencedProducer.start, set[str](), count(1)

    async def is_away_twice(producer: FencedProducer) -> None:
        name = producer._txn_manager.transactional_id
        if len(ours) < PRODUCERS:
            ours.add(name)
        if name not in ours and next(times) <= 2:
            raise KafkaConnectionError
        await start(producer)

    monkeypatch.setattr(FencedProducer, "start", is_away_twice)
    await lab.create()
    await lab.send([("r1", observation("ref"))], "ref")
    await lab.send(numbered(0, EVENTS))
    victim = await started(lab, pause_s=0.1)
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    async with working(lab, SPEC):
        await until(lambda: everything_once(lab), 60)
    assert next(times) > 3, "the dead owner was shut out in the end"
    await assert_exactly_once(lab)


@pytest.mark.parametrize("answer", ["nothing", "another owner"])
async def test_a_worker_that_is_told_its_partitions_are_gone_and_keeps_them_leaves_nothing_out(
    answer: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third commit fails; then a coordinator that is still loading names no partition, or names a stranger."""
    commit, places, commits = FencedProducer.commit_transaction, BatchThread.places, count(1)
    failed: list[bool] = []

    async def fails_once(producer: FencedProducer) -> None:
        if next(commits) == 3:
            failed.append(True)
            raise KafkaConnectionError
        await commit(producer)

    async def strange_once(group: BatchThread) -> Any:
        found = await places(group)
        if not failed:
            return found
        failed.clear()
        others = {tp: Place(place.offset, Note("stranger", HANDLED)) for tp, place in found.items()}
        return others if answer == "another owner" else {}

    monkeypatch.setattr(FencedProducer, "commit_transaction", fails_once)
    monkeypatch.setattr(BatchThread, "places", strange_once)
    await lab.create()
    await lab.send([("r1", observation("ref"))], "ref")
    async with working(lab, SPEC, batch_max=20):
        await lab.send(numbered(0, EVENTS))
        await until(lambda: everything_once(lab), 60)
    await assert_exactly_once(lab)
