"""Partitions that are added while everything runs."""

from contextlib import closing

from kafka.admin import KafkaAdminClient, NewPartitions

from fairwatch.engine import reader
from tests.engine.test_reference import following, newest
from tests.support.engine_lab import Lab, observation, until


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
