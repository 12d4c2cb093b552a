"""References over real topics: outages come and go, partitions are added."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from fairwatch.apps.embedded import free_port
from fairwatch.domain.errors import RetryableError
from fairwatch.engine import pauses
from fairwatch.engine.reference import TopicReference
from tests.support.engine_lab import CODEC, observation, until

pytestmark = pytest.mark.broker


class SometimesAway:
    """A codec whose schema registry can be away."""

    away = False

    def decode(self, value, record):
        if self.away:
            raise RetryableError("the registry is away")
        return CODEC.decode(value, record)


@asynccontextmanager
async def following(lab, codec=CODEC):
    reference = TopicReference("probe", "ref", "Observation", codec)
    task = asyncio.create_task(reference.run(lab.bootstrap, {}, lab.prefix))
    try:
        yield reference
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def newest(reference, key):
    return (reference.get(key) or {}).get("observation_id")


async def test_every_outage_is_logged_once_and_its_end(lab_at, empty_broker, topic_prefix, monkeypatch):
    monkeypatch.setattr(pauses, "FIRST_S", 0.05)
    port, codec = free_port(), SometimesAway()
    lab = lab_at(topic_prefix, f"127.0.0.1:{port}")
    with capture_logs() as logs:
        async with following(lab, codec) as reference:

            def said():
                return [line["event"] for line in logs]

            await until(said)
            await asyncio.sleep(0.5)  # a few more tries, of which nothing is said
            with empty_broker(port):
                await lab.create()
                await until(reference.complete.is_set, 60)
                codec.away = True
                await lab.send([("r1", observation("1"))], "ref")
                await until(lambda: len(said()) > 3)
                await asyncio.sleep(0.5)
                assert newest(reference, "r1") is None
                codec.away = False
                await until(lambda: newest(reference, "r1") == "1")
                await until(lambda: len(said()) == 6)
    assert said() == ["reference.away", "reference.complete", "reference.back"] * 2


class Watched(SometimesAway):
    """Looks, while each record is read, at what the reference says just then."""

    def __init__(self):
        self.seen = []
        self.reference = None

    def decode(self, value, record):
        if self.reference is not None:
            self.seen.append(newest(self.reference, "r1"))
        return super().decode(value, record)


async def test_nobody_sees_an_old_value_while_a_topic_is_read_again(lab):
    await lab.create()
    await lab.send([("r1", observation(str(number))) for number in range(500)], "ref")
    codec = Watched()
    async with following(lab, codec) as reference:
        await until(reference.complete.is_set)
        codec.reference, codec.away = reference, True
        await lab.send([("r1", observation("500"))], "ref")
        await until(lambda: codec.seen)  # it came upon the new value, could not read it, and starts over
        codec.away = False
        await until(lambda: newest(reference, "r1") == "500")
    assert len(codec.seen) > 500, "all of it was read again"
    assert set(codec.seen) == {"499"}
