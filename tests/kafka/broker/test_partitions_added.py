"""Partitions that are added while everything runs."""

import asyncio
import time
from contextlib import closing

from kafka.admin import KafkaAdminClient, NewPartitions

from fairwatch.apps import messages
from fairwatch.apps.settings import Settings
from fairwatch.engine import application, reader
from tests.engine.test_recovery import working
from tests.engine.test_reference import following, newest
from tests.support.engine_lab import PLAIN, SPEC, Lab, observation, until
from tests.support.load import load, outcome


def grow(lab: Lab, topic: str, partitions: int) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=lab.bootstrap)) as admin:
        admin.create_partitions({lab.prefix + topic: NewPartitions(partitions)})


async def test_a_reference_notices_new_partitions_and_holds_the_newest_value_of_each_key(lab: Lab, monkeypatch):
    monkeypatch.setattr(reader, "NOTICED_MS", 500)
    keys = [f"key{number}" for number in range(20)]
    await lab.create()
    await lab.send([(key, observation("old")) for key in keys], "ref")
    async with following(lab) as reference:
        await until(reference.complete.is_set)
        grow(lab, "ref", 4)
        await lab.send([(key, observation("new")) for key in keys], "ref")
        await until(lambda: {newest(reference, key) for key in keys} == {"new"})
    async with following(lab) as again:  # in whatever order the partitions are read
        await until(again.complete.is_set)
        assert {newest(again, key) for key in keys} == {"new"}


async def test_who_follows_a_topic_sees_what_comes_into_new_partitions_and_nothing_twice(lab: Lab, monkeypatch):
    monkeypatch.setattr(reader, "NOTICED_MS", 500)
    await lab.create()
    keys = [f"key{number}" for number in range(20)]
    await lab.send([(key, b"old") for key in keys], "ref")
    seen: list[tuple[bytes, bytes]] = []
    settings = Settings(kafka_bootstrap=lab.bootstrap)

    async def follow() -> None:
        async for run in messages._runs(settings, lab.prefix + "ref", True, True, None):
            seen.extend((record.key, record.value) for record in run)

    following_it = asyncio.create_task(follow())
    try:
        await until(lambda: len(seen) == 20)
        grow(lab, "ref", 4)
        await lab.send([(key, b"new") for key in keys], "ref")
        await until(lambda: len(seen) >= 40)
    finally:
        following_it.cancel()
        await asyncio.gather(following_it, return_exceptions=True)
    assert sorted(seen) == sorted((key.encode(), value) for key in keys for value in (b"old", b"new"))


async def test_partitions_are_added_under_load_and_every_device_keeps_its_order(
    lab: Lab, monkeypatch, record_property
) -> None:
    monkeypatch.setattr(application, "FOUND_MS", 2000)
    await lab.create(partitions=2)
    async with working(lab, PLAIN) as (first, probes), working(lab, PLAIN) as (_, more):
        async with load(lab) as sending:
            await until(lambda: sending.rounds > 50)
            grow(lab, "in", 6)
            began = time.monotonic()
            await until(lambda: len(first.parts[0].owned) == 3, 60)
            seconds = time.monotonic() - began
            grown = sending.rounds
            await until(lambda: sending.rounds > grown + 100, 60)
        found = await outcome(lab, sending.sent)
    record_property(
        f"partitions 2 to 6 under load, {len(sending.sent)} events", f"all six in use after {seconds:.1f} s"
    )
    assert (found.lost, found.doubled, found.disordered) == (set(), {}, set())
    assert probes[0].handled
    assert more[0].handled


async def test_a_stateful_worker_waits_for_the_partitions_of_its_state_and_says_so(lab: Lab, monkeypatch) -> None:
    monkeypatch.setattr(application, "FOUND_MS", 1000)
    await lab.create(partitions=2)
    async with working(lab, SPEC) as (worker, probes):
        await lab.send([(f"key{number}", observation(str(number))) for number in range(20)])
        await until(lambda: len(probes[0].handled) == 20)
        grow(lab, "in", 4)
        await until(lambda: "lacks partitions [2, 3]" in (worker.unready() or ""), 60)
        assert "fairwatch topics apply --move-keys" in str(worker.unready())
        await lab.send([(f"key{number}", observation(str(20 + number))) for number in range(20)])
        grow(lab, "fairwatch-probe-state", 4)
        await until(lambda: worker.unready() is None and worker.parts[0].owned == [0, 1, 2, 3], 60)
        await until(lambda: len(probes[0].handled) == 40, 60)
