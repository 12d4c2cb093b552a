"""What holds for the very first event of a worker, and where outputs go."""

import asyncio
from contextlib import closing
from typing import Any

import pytest
from kafka import KafkaProducer

from fairwatch.domain.errors import RetryableError
from fairwatch.engine import pauses
from fairwatch.engine.config import Resources
from fairwatch.engine.worker import Worker
from fairwatch.wire.avro import Codec
from tests.engine.test_recovery import working
from tests.support.engine_lab import CODEC, PLAIN, RECORDS, SPEC, Lab, Probe, observation, stopped, until

pytestmark = pytest.mark.broker

KEYS = 60
PARTITIONS = 5


class RegistryAway(Codec):
    """A codec whose schema registry is away until somebody says otherwise; counts who asked meanwhile."""

    away = True
    asked = 0

    def decode(self, data: bytes, expect: str | None = None) -> tuple[str, Any]:
        if self.away:
            self.asked += 1
            raise RetryableError("the registry is away")
        return super().decode(data, expect)


async def test_references_are_there_from_the_first_event_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "FIRST_S", 0.02)
    await lab.create()
    rows = [(f"other{number}", observation(f"o{number}")) for number in range(2000)]
    await lab.send([*rows, ("r1", observation("last"))], "ref")
    await lab.send([(f"key{number}", observation(str(number))) for number in range(KEYS)])
    known_when_built: list[bool] = []
    codec = RegistryAway()

    def build(resources: Resources) -> Probe:
        known_when_built.append(resources.references["ref"].get("r1") is not None)
        return Probe(resources, SPEC)

    worker = Worker({SPEC: build}, lab.config(), codec, records=RECORDS)
    task = asyncio.create_task(worker.run())

    async def all_there() -> bool:
        return len(await lab.outputs()) == KEYS

    try:
        await until(lambda: codec.asked > 4 or known_when_built)
        assert (worker.unready(), known_when_built) == ("reading ref", []), "built before its references were read"
        codec.away = False
        await until(all_there)
    finally:
        code = await stopped(worker, task)
    assert code == 0
    assert known_when_built == [True]
    assert {output["extensions"]["known"] for output in await lab.outputs()} == {"last"}


def sent_by_another_client(lab: Lab) -> dict[bytes, int]:
    """Write events wherever, and their keys to another topic where another client puts them; return that."""
    with closing(KafkaProducer(bootstrap_servers=lab.bootstrap, enable_idempotence=False)) as producer:
        places = {}
        for number in range(KEYS):
            key, value = f"key{number}".encode(), CODEC.encode("Observation", observation(str(number)))
            producer.send(lab.prefix + "in", value, key, partition=number % PARTITIONS)
            places[key] = producer.send(lab.prefix + "mid", value, key)
        return {key: place.get(10).partition for key, place in places.items()}


async def test_keys_go_where_another_kafka_client_puts_them(lab: Lab) -> None:
    await lab.create(partitions=PARTITIONS)
    wanted = await asyncio.to_thread(sent_by_another_client, lab)

    async def all_there() -> bool:
        return len(await lab.read()) == KEYS

    async with working(lab, PLAIN):
        await until(all_there)
    assert {record.key: record.partition for record in await lab.read()} == wanted
    assert set(wanted.values()) == set(range(PARTITIONS))
