"""What holds for the very first event of a worker, and where outputs go."""

import asyncio

import pytest

from fairwatch.engine.config import Resources
from fairwatch.engine.worker import Worker
from tests.engine.test_recovery import working
from tests.support.engine_lab import CODEC, PLAIN, RECORDS, SPEC, Lab, Probe, observation, stopped, until

pytestmark = pytest.mark.broker

KEYS = 60


async def test_references_are_there_from_the_first_event_on(lab: Lab) -> None:
    await lab.create()
    rows = [(f"other{number}", observation(f"o{number}")) for number in range(2000)]
    await lab.send([*rows, ("r1", observation("last"))], "ref")
    await lab.send([(f"key{number}", observation(str(number))) for number in range(KEYS)])
    known_when_built: list[bool] = []

    def build(resources: Resources) -> Probe:
        known_when_built.append(resources.references["ref"].get("r1") is not None)
        return Probe(resources, SPEC)

    worker = Worker({SPEC: build}, lab.config(), CODEC, records=RECORDS)
    task = asyncio.create_task(worker.run())

    async def all_there() -> bool:
        return len(await lab.outputs()) == KEYS

    await until(all_there)
    assert await stopped(worker, task) == 0
    assert known_when_built == [True]
    assert {output["extensions"]["known"] for output in await lab.outputs()} == {"last"}


async def test_keys_go_where_another_kafka_client_puts_them(lab: Lab) -> None:
    await lab.create(partitions=5)
    await lab.send([(f"key{number}", observation(str(number))) for number in range(KEYS)])  # by aiokafka's own choice

    async with working(lab, PLAIN) as (_, probes):
        await until(lambda: len(probes[0].handled) == KEYS)

        async def all_there() -> bool:
            return len(await lab.read()) == KEYS

        await until(all_there)
    sent = {record.key: record.partition for record in await lab.read("in")}
    assert {record.key: record.partition for record in await lab.read()} == sent
    assert set(sent.values()) == set(range(5))
