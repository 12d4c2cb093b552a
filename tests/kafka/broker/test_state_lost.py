"""State that is lost, on Apache Kafka: deleted, truncated, badly configured, and gone under a worker that runs."""

import asyncio
from contextlib import closing
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from structlog.testing import capture_logs

from fairwatch.domain.errors import ConfigurationError
from fairwatch.engine.topics import ensure_changelog
from tests.engine.test_recovery import numbered, working
from tests.engine.test_state_lost import *  # noqa: F403
from tests.engine.test_state_lost import STATE, forget, trying
from tests.support.engine_lab import SPEC, Lab, until


def truncate(lab: Lab, partition: int, before: int) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=lab.bootstrap)) as admin:
        admin.delete_records({TopicPartition(lab.prefix + STATE, partition): before})


def keep_only(lab: Lab, policy: str) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=lab.bootstrap)) as admin:
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, lab.prefix + STATE, {"cleanup.policy": policy})],
            raise_on_unknown=False,
        )


async def test_a_changelog_whose_beginning_was_deleted_is_noticed(lab: Lab) -> None:
    await lab.create(partitions=2)
    async with working(lab, SPEC) as (_, probes):
        await lab.send(numbered(0, 40))
        await until(lambda: len(probes[0].handled) == 40)
    await asyncio.to_thread(keep_only, lab, "delete")  # the only way to make Kafka do it
    await asyncio.to_thread(truncate, lab, 1, 2)
    await asyncio.to_thread(keep_only, lab, "compact")
    async with trying(lab) as (worker, _):
        await until(lambda: worker.unready() == f"state lost: {lab.prefix}{STATE} [1]")
    told = []
    for _ in range(2):  # once it was accepted it is not told again
        with capture_logs() as logs:
            async with working(lab, SPEC, state_lost="empty"):
                await asyncio.sleep(1.0)  # a tick, which marks it
        told.append([line["partitions"] for line in logs if line["event"] == "state.lost"])
    assert told == [[[1]], []]


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
async def test_a_changelog_that_forgets_is_named_before_anything_is_handled(lab: Lab, policy: str) -> None:
    await lab.create(partitions=1)
    config = lab.config()
    await ensure_changelog(config, lab.prefix + STATE, lab.prefix + "in")
    await asyncio.to_thread(keep_only, lab, policy)
    with pytest.raises(ConfigurationError, match=rf"={policy},.*must be compact: `fairwatch topics apply`"):
        await ensure_changelog(config, lab.prefix + STATE, lab.prefix + "in")
    worker, _ = lab.worker(SPEC)
    with pytest.raises(ConfigurationError, match="which forgets state"):
        await asyncio.wait_for(worker.run(), 30)


async def test_a_changelog_that_goes_while_its_worker_runs_gets_everything_again(lab: Lab) -> None:
    await lab.create(partitions=1)
    with capture_logs() as logs:
        async with working(lab, SPEC) as (_, probes):
            await lab.send(numbered(0, 80))
            await until(lambda: len(probes[0].handled) == 80)
            await until(lambda: _committed(lab), 10)
            await forget(lab)
            await lab.send(numbered(80, 8))
            await asyncio.sleep(3.0)
            await ensure_changelog(lab.config(), lab.prefix + STATE, lab.prefix + "in")
            await lab.send(numbered(88, 8))
            await until(lambda: len(probes[0].handled) == 96, 60)
            await until(lambda: [line for line in logs if line["event"] == "state.written_anew"], 60)
    async with working(lab, SPEC) as (_, probes):
        await lab.send(numbered(96, 8))
        await until(lambda: len(probes[0].handled) == 8)
    counts = [int(output["extensions"]["count"]) for output in await lab.outputs()]
    assert max(counts) == 13, "96 events of 8 keys, counted on by whoever came next"


async def _committed(lab: Lab) -> bool:
    return len(await lab.read("fairwatch-probe-state")) > 1


async def test_a_worker_of_an_earlier_version_handles_and_overwrites_nothing(lab: Lab) -> None:
    await lab.create(partitions=1)
    newer = replace(SPEC, state_version=2)
    for spec, first in ((SPEC, 0), (newer, 8)):  # an upgrade
        async with working(lab, spec) as (_, probes):
            await lab.send(numbered(first, 8))
            await until(lambda: len(probes[0].handled) == 8)
    await lab.send(numbered(16, 8))
    written = [(record.key, record.value) for record in await lab.read(STATE)]
    async with trying(lab) as (worker, probes):  # and back
        named = f"state of a later version: {lab.prefix}{STATE} [0] is of version 2, this program reads 1"
        await until(lambda: worker.unready() == named)
        await asyncio.sleep(0.5)
        assert probes[0].handled == []
    assert [(record.key, record.value) for record in await lab.read(STATE)] == written
    async with working(lab, newer) as (_, probes):
        await until(lambda: len(probes[0].handled) == 8)
    counts = [int(output["extensions"]["count"]) for output in await lab.outputs()]
    assert sorted(counts) == sorted([1, 2, 3] * 8)


async def test_state_of_which_this_program_knows_nothing_is_left_alone(lab: Lab) -> None:
    await lab.create(partitions=1)
    async with working(lab, SPEC):
        pass
    async with AIOKafkaProducer(bootstrap_servers=lab.bootstrap) as producer:
        await producer.send_and_wait(lab.prefix + STATE, b"\x00packed", key=b"\xff\x00\x01", partition=0)
    async with trying(lab) as (worker, probes):
        await until(lambda: "holds what this program does not know" in (worker.unready() or ""))
        assert probes[0].handled == []
