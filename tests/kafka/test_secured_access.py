"""Every processor signs in as itself, and may touch exactly what its files name."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, closing

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError
from kafka.admin import ACL, ACLOperation, ACLPermissionType, KafkaAdminClient, ResourcePattern, ResourceType
from pydantic import SecretStr

from fairwatch.apps.demo.stage import CHAINED
from fairwatch.apps.kafka import client_options, producer
from fairwatch.apps.messages import read
from fairwatch.apps.topics import apply, differences
from fairwatch.apps.topics_access import deployments, flows
from fairwatch.apps.topics_acls import access_differences, apply_access
from fairwatch.domain.errors import ConfigurationError, FairwatchError
from fairwatch.engine.reader import TopicReader
from fairwatch.parts import CHAINS
from fairwatch.wire.topics import topics
from tests.kafka.broker.test_gallery_shards import PARTS, TITLES, found_by, passages
from tests.kafka.pipeline import DEVICE, PROCESSORS, pipeline
from tests.kafka.secured import Secured, secured_fixture  # noqa: F401
from tests.support.kafka_cluster import one_broker
from tests.support.records import observation

pytestmark = pytest.mark.kafka
PATTERN = "User:fairwatch-{component}"


@pytest.fixture(scope="module")
def hub(secured: Secured) -> Iterator[Secured]:
    """Give the broker with all topics, users, rights and quotas."""
    with closing(secured.admin()) as admin:
        apply(admin, differences(admin, "", 2), "", 2)
        planned = access_differences(admin, PATTERN)
        apply_access(admin, planned)
        assert {change.action for change in planned} == {"allow", "limit"}
        settled(admin, [])
        apply_access(admin, access_differences(admin, PATTERN, list_parts=len(PARTS)))
    for name in deployments(len(PARTS)):
        secured.add_user(f"fairwatch-{name}")
    return secured


def settled(admin, expected):
    """Wait until the broker that we ask has heard, and return the differences."""
    for _ in range(50):
        found = access_differences(admin, PATTERN)
        if [(change.resource, change.action, change.what) for change in found] == expected:
            break
        time.sleep(0.1)
    assert [(change.resource, change.action, change.what) for change in found] == expected
    return found


@asynccontextmanager
async def reading(hub: Secured, user: str, topic: str, **options):
    login = client_options(hub.settings(user))
    consumer = AIOKafkaConsumer(bootstrap_servers=hub.address, auto_offset_reset="earliest", **login, **options)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        yield consumer
    finally:
        await consumer.stop()


async def test_a_stolen_credential_of_notify_opens_nothing_but_what_notify_needs(hub):
    thief = "fairwatch-notify"
    async with producer(hub.settings(), "test") as publisher:
        for _ in range(20):
            await publisher.send("raw-events", None, b"a face", {})
    with pytest.raises(ConfigurationError, match="raw-events: the broker does not let our user know of it"):
        async with TopicReader(hub.address, client_options(hub.settings(thief)), "raw-events"):
            pass
    with pytest.raises(ConfigurationError, match="raw-events: the broker does not let our user know of it"):
        await asyncio.to_thread(next, read(hub.settings(thief), "raw-events"))
    async with reading(hub, thief, "raw-events") as consumer:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(consumer.getone(), 5)
    async with reading(hub, thief, "alerts") as consumer:
        await consumer.getmany(timeout_ms=500)  # its own topic it may read, whatever is in it
        assert await consumer.position(TopicPartition("alerts", 0)) >= 0
    async with reading(hub, "admin", "raw-events") as consumer:
        assert (await asyncio.wait_for(consumer.getone(), 5)).value == b"a face", "there was something to steal"
    with closing(hub.admin(thief)) as admin:
        state = {"fairwatch-notify-state"}  # there once it ran
        needed = {right.name for right in deployments()["notify"].rights() if right.kind == "topic"} - state
        assert set(admin.list_topics()) - state == needed
        assert needed.isdisjoint({"raw-events", "observations", "sightings", "candidates", "verifications"})
    async with producer(hub.settings(thief), "test") as publisher:
        for topic in ("watchlist-entries", "authorisations", "silences", "people", "signing-keys"):
            with pytest.raises(FairwatchError, match="Authorization"):
                await publisher.send(topic, b"x", b"x", {})  # names and roles it reads, to check who signed
    async with reading(hub, thief, "alerts", group_id="fairwatch-group") as consumer:
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.committed(TopicPartition("alerts", 0))


async def test_nobody_writes_a_topic_that_does_not_name_him_as_a_producer(hub):
    with closing(hub.admin()) as admin:
        there = {name for name in admin.list_topics() if not name.startswith("_")}
    written: dict[str, set[str]] = {}
    for name, flow in deployments().items():
        async with producer(hub.settings(f"fairwatch-{name}"), "test") as publisher:
            states = {right.name for right in flow.rights() if right.kind == "topic" and right.name.endswith("-state")}
            foreign = sorted(there - set(flow.writes) - states)
            tried = (publisher.send(topic, b"x", b"x", {}) for topic in foreign)
            answers = await asyncio.gather(*tried, return_exceptions=True)
        let_in = {topic for topic, answer in zip(foreign, answers, strict=True) if "Authorization" not in repr(answer)}
        if let_in:
            written[name] = let_in
    assert written == {}
    names = {topic.name: set(topic.producers) for topic in topics().values()}
    for name, flow in flows().items():
        by_hand = {topic for topic in flow.writes if name not in names.get(topic, set())}
        assert by_hand == set(), f"{name} may write what does not name it"


def test_rights_too_many_are_shown_and_taken_away_only_when_told(hub):
    stray = ACL(
        "User:fairwatch-notify", "*", ACLOperation.READ, ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType.TOPIC, "raw-events"),
    )  # fmt: skip
    with closing(hub.admin()) as admin:
        admin.create_acls([stray])
        [found] = settled(admin, [("User:fairwatch-notify", "by hand", "topic raw-events")])
        assert "--revoke" in found.advice
        apply_access(admin, [found])
        told = access_differences(admin, PATTERN, revoke=True)
        assert [change.action for change in told] == ["revoke"]
        apply_access(admin, told)
        settled(admin, [])


def test_who_may_not_change_rights_is_told_what_is_missing(hub):
    with closing(hub.admin("fairwatch-notify")) as admin, pytest.raises(ConfigurationError, match="needs Alter"):
        access_differences(admin, PATTERN)


def test_a_pattern_that_names_no_component_is_refused(hub):
    with closing(hub.admin()) as admin, pytest.raises(ConfigurationError, match="FAIRWATCH_KAFKA_PRINCIPALS"):
        access_differences(admin, "User:fairwatch")


@pytest.mark.parametrize(
    ("workers", "title", "text"),
    [(PROCESSORS, "Car A", "B MK 7734"), (CHAINED, "Car B", "HH XT 1902"), (PROCESSORS, "Car C", "M AV 5561")],
    ids=["apart", "then chains", "apart again"],
)
async def test_an_alert_comes_out_with_each_worker_on_its_own_principal(hub, valkey, tmp_path, workers, title, text):
    settings = hub.settings(redis_url=SecretStr(valkey), max_partitions=2)
    users = {"+".join(parts): name for name, parts in CHAINS.items()}
    login = {name: hub.environment(f"fairwatch-{users.get(name, name)}") for name in workers}
    async with pipeline(settings, tmp_path, {title: text}, login.__getitem__, workers) as pipes:
        plate = {"text": text, "raw": text}
        at = time.time_ns() // 1000
        record = observation("plate.read", DEVICE, n=ord(title[-1]), at=at, object_class="PLATE", plates=[plate])
        async with producer(settings, "test") as publisher:
            await publisher.publish("observations", DEVICE, record)
        alert = await pipes.alert(title)
    assert alert["device_ids"] == [DEVICE]


async def test_each_part_of_the_lists_works_on_its_own_principal(hub, valkey, tmp_path):
    settings = hub.settings(redis_url=SecretStr(valkey), max_partitions=2)
    seen = passages()
    found = await found_by(settings, tmp_path, PARTS, seen, lambda name: hub.environment(f"fairwatch-{name}"))
    assert len(found) == 2 * len(TITLES)


def test_a_broker_without_authorizer_is_named_as_such():
    with one_broker() as server:
        admin = KafkaAdminClient(bootstrap_servers=[server.address])
        with closing(admin), pytest.raises(ConfigurationError, match="no authorizer"):
            access_differences(admin, PATTERN)
