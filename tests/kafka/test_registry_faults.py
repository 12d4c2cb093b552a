"""The registry away: at the start, in the middle, while ids are known and while they are not."""

import asyncio
import json

import pytest

from fairwatch.engine.config import Resources
from fairwatch.engine.worker import Worker
from fairwatch.wire.avro import Codec, schema
from fairwatch.wire.registry import Registry
from tests.kafka.registry import Apicurio, apicurio
from tests.support.engine_lab import PLAIN, RECORDS, Lab, Probe, observation, stopped, until

pytestmark = [pytest.mark.kafka, pytest.mark.broker]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    with apicurio(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
async def lab(broker: str, topic_prefix: str) -> Lab:
    lab = Lab(broker, topic_prefix)
    await lab.create()
    return lab


@pytest.fixture
def registry(shared: Apicurio):
    """Give the registry, up, and leave it so."""
    yield shared
    shared.start()


def _worker(lab: Lab, registry: Apicurio) -> tuple[Worker, "asyncio.Task[int]"]:
    def build(resources: Resources) -> Probe:
        return Probe(resources, PLAIN)

    config = lab.config(retry_s=(0.1, 0.5), commit_interval_s=0.3)
    worker = Worker({PLAIN: build}, config, Codec(Registry(registry.url)), records=RECORDS)
    return worker, asyncio.create_task(worker.run())


async def _out(lab: Lab, codec: Codec, *numbers: str) -> None:
    async def there() -> bool:
        return {codec.decode(record.value)[1]["observation_id"] for record in await lab.read()} >= set(numbers)

    await until(there, 60)


async def _writes(lab: Lab, codec: Codec, *numbers: str, key: str = "k") -> None:
    await lab.send([(key, codec.encode("Observation", observation(number))) for number in numbers])


async def test_down_at_the_start_is_waited_for(lab, registry):
    codec = Codec(Registry(registry.url))
    await _writes(lab, codec, "1")
    registry.kill()
    worker, task = _worker(lab, registry)
    await asyncio.sleep(3)
    assert not task.done()
    assert worker.unready() is not None, "not ready before it can write"
    await asyncio.to_thread(registry.start)
    await until(lambda: worker.unready() is None, 60)
    await _out(lab, codec, "1")
    assert await stopped(worker, task) == 0
    assert await lab.read("in-dlq") == []


async def test_down_in_the_middle_known_ids_go_on(lab, registry):
    codec = Codec(Registry(registry.url))
    worker, task = _worker(lab, registry)
    await until(lambda: worker.unready() is None, 60)
    await _writes(lab, codec, "1")
    await _out(lab, codec, "1")
    registry.kill()
    await _writes(lab, codec, "2", "3")
    await _out(lab, codec, "2", "3")
    await lab.send([("bad", b"junk")])

    async def buried() -> bool:
        return len(await lab.read("in-dlq")) == 1

    await until(buried)  # needs no registry either: the id of dead letters was asked for at the start
    assert await stopped(worker, task) == 0


async def test_unknown_ids_wait_in_order_and_are_no_dead_letters(lab, registry):
    codec = Codec(Registry(registry.url))
    worker, task = _worker(lab, registry)
    await until(lambda: worker.unready() is None, 60)
    await _writes(lab, codec, "1")
    await _out(lab, codec, "1")
    strange = _registered_by_somebody_else(registry)
    registry.kill()
    await lab.send([("k", strange + codec.encode("Observation", observation("2"))[5:])])
    await _writes(lab, codec, "3")
    await asyncio.sleep(3)
    assert not task.done()
    assert [codec.decode(record.value)[1]["observation_id"] for record in await lab.read()] == ["1"]
    await asyncio.to_thread(registry.start)
    await _out(lab, codec, "1", "2", "3")
    assert [codec.decode(record.value)[1]["observation_id"] for record in await lab.read()] == ["1", "2", "3"]
    assert await stopped(worker, task) == 0
    assert await lab.read("in-dlq") == []


async def test_an_id_that_the_registry_does_not_know_is_a_dead_letter_and_holds_nobody_up(lab, registry):
    codec = Codec(Registry(registry.url))
    worker, task = _worker(lab, registry)
    await until(lambda: worker.unready() is None, 60)
    await lab.send([("k", b"\0\0\0\x03\xe7" + codec.encode("Observation", observation("1"))[5:])])
    await _writes(lab, codec, "2")
    await _out(lab, codec, "2")
    assert await stopped(worker, task) == 0
    [letter] = [codec.decode(record.value, "DeadLetter")[1] for record in await lab.read("in-dlq")]
    assert letter["reason"] == "unknown_schema"


def _registered_by_somebody_else(registry: Apicurio) -> bytes:
    """Return the head of a record whose schema is ours, but registered under a subject and id of its own."""
    theirs = {**schema("Observation"), "doc": "As our generator writes it."}
    status, answer = registry.ask("/subjects/observations-value/versions", {"schema": json.dumps(theirs)})
    assert status == 200
    return b"\0" + int(answer["id"]).to_bytes(4, "big")
