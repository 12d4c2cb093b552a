"""Offsets that people set by hand, and topics that they delete and make anew, under workers and between them."""

import asyncio
from collections.abc import Mapping
from contextlib import closing

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from kafka import TopicPartition as Place
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import UnknownMemberIdError
from kafka.structs import OffsetAndMetadata

from tests.engine.test_recovery import ids, numbered, working
from tests.support.engine_lab import PLAIN, SPEC, Lab, until

EVENTS = 40


def set_offsets(lab: Lab, offset: int | None) -> set[type]:
    """Set the group's offsets as kafka-consumer-groups does, None for the end; return the errors that Kafka answers."""
    places = [Place(lab.prefix + "in", number) for number in (0, 1)]
    with closing(KafkaAdminClient(bootstrap_servers=lab.bootstrap)) as admin:
        if offset is not None:
            rows = {place: OffsetAndMetadata(offset, "set by hand", None) for place in places}
        else:
            found = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
            rows = {place: OffsetAndMetadata(found[place].offset, "", None) for place in places}
        answers = admin.alter_group_offsets(lab.prefix + "fairwatch-probe", rows)
    return set(answers.values())


async def committed(lab: Lab, name: str = "probe") -> Mapping[int, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.bootstrap)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(lab.prefix + "fairwatch-" + name)
    finally:
        await admin.close()
    return {tp.partition: row.offset for tp, row in found.items() if tp.topic == lab.prefix + "in"}


async def handled(lab: Lab, first: int, count: int) -> list[str]:
    """Send events to a worker and return those that it handled until it had handled the last of them."""
    async with working(lab, SPEC) as (_, probes):
        await lab.send(numbered(first, count))
        await until(lambda: {str(n) for n in range(first, first + count)} <= set(probes[0].handled))
        return sorted(probes[0].handled, key=int)


async def counts(lab: Lab) -> dict[str, list[int]]:
    """Return the counts of each event in the order in which they came out."""
    found: dict[str, list[int]] = {}
    for output in await lab.outputs():
        found.setdefault(output["observation_id"], []).append(int(output["extensions"]["count"]))
    return found


@pytest.fixture
async def stopped_group(lab: Lab) -> Lab:
    """Give a laboratory whose worker has handled events and gone."""
    await lab.create()
    assert len(await handled(lab, 0, EVENTS)) == EVENTS
    return lab


async def test_offsets_set_to_the_beginning_bring_every_event_again_and_state_counts_on(stopped_group: Lab) -> None:
    assert {error.__name__ for error in await asyncio.to_thread(set_offsets, stopped_group, 0)} == {"NoError"}
    again = await handled(stopped_group, EVENTS, 8)
    assert again == [str(n) for n in range(EVENTS + 8)], "each once more"
    found = await counts(stopped_group)
    assert [found[str(n)] for n in (0, 8, 16)] == [[1, 6], [2, 7], [3, 8]], "key0 had five events"
    assert sum((await committed(stopped_group)).values()) >= EVENTS + 8


async def test_offsets_set_to_the_end_leave_what_lies_before_them_unhandled(stopped_group: Lab) -> None:
    await stopped_group.send(numbered(EVENTS, 16))  # nobody is there
    await asyncio.to_thread(set_offsets, stopped_group, None)
    assert await handled(stopped_group, EVENTS + 16, 8) == [str(n) for n in range(56, 64)]


@pytest.mark.parametrize("offset", [10_000, 1 << 40])
async def test_offsets_set_beyond_the_end_bring_every_event_again_rather_than_none(
    stopped_group: Lab, offset: int
) -> None:
    """Kafka takes them; nobody knows what was meant, and reading again loses nothing."""
    await asyncio.to_thread(set_offsets, stopped_group, offset)
    again = await handled(stopped_group, EVENTS, 8)
    assert again == [str(n) for n in range(EVENTS + 8)]
    assert max((await committed(stopped_group)).values()) < EVENTS, "offsets are those of what is there"
    assert await handled(stopped_group, EVENTS + 8, 8) == [str(n) for n in range(48, 56)]


async def test_offsets_of_a_worker_that_runs_are_not_to_be_set(lab: Lab) -> None:
    await lab.create()
    async with working(lab, SPEC) as (_, probes):
        await lab.send(numbered(0, EVENTS))
        await until(lambda: len(probes[0].handled) == EVENTS)
        for offset in (0, 5, 10_000):
            assert await asyncio.to_thread(set_offsets, lab, offset) == {UnknownMemberIdError}
        await lab.send(numbered(EVENTS, 8))
        await until(lambda: len(probes[0].handled) == EVENTS + 8)
    assert set(ids(await lab.outputs()).values()) == {1}
    assert await handled(lab, EVENTS + 8, 8) == [str(n) for n in range(EVENTS + 8, EVENTS + 16)]


async def make_anew(lab: Lab, topic: str = "in", partitions: int = 2) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([lab.prefix + topic])
        await until(lambda: _gone(admin, lab.prefix + topic))
        await admin.create_topics([NewTopic(lab.prefix + topic, partitions, 1)])
    finally:
        await admin.close()


async def _gone(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return topic not in await admin.list_topics()


@pytest.mark.parametrize("events", [8, 80], ids=["fewer events than before", "more events than before"])
async def test_events_of_a_topic_made_anew_under_its_worker_are_handled_each_once(lab: Lab, events: int) -> None:
    await lab.create()
    async with working(lab, PLAIN) as (_, probes):
        await lab.send(numbered(0, EVENTS))
        await until(lambda: len(probes[0].handled) == EVENTS)
        await make_anew(lab)
        await lab.send(numbered(1000, events))
        await until(lambda: len(probes[0].handled) >= EVENTS + events, 90)
    async with working(lab, PLAIN) as (_, probes):
        await lab.send(numbered(2000, 8))
        await until(lambda: len(probes[0].handled) >= 8, 60)
        await asyncio.sleep(1.0)
    found = ids(await lab.outputs())
    assert len(found) == EVENTS + events + 8
    assert set(found.values()) == {1}
