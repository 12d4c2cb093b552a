"""What `doctor` looks at inside of Kafka: version, rights, schemas, consumer groups, clocks. Nothing is changed."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError

from fairwatch import __version__
from fairwatch.apps import kafka
from fairwatch.apps.doctor_finding import Finding, some
from fairwatch.apps.kafka_reach import addresses
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import Change
from fairwatch.apps.topics_access import deployments
from fairwatch.domain.errors import ConfigurationError
from fairwatch.stores.health import Health
from fairwatch.wire.registry import Registry
from fairwatch.wire.schemas import released

EVERYBODY = "User:*"  # as topics_acls has it
TESTED, _TESTED_API = "4.0", 68  # the new group protocol came with it
APART_S = 15.0  # more than a heartbeat's life: less is not told from a late one
_OFFSETS = "__consumer_offsets"
_PROTOCOLS = ("range", "")  # ours; none yet


async def version(settings: Settings) -> Finding:
    """Look at how old the brokers are."""
    await kafka.reach(settings)
    old = []
    for host, port in addresses(settings):
        connection = await create_conn(host, port, client_id="fairwatch-doctor", **kafka.client_options(settings))
        if _TESTED_API not in connection._versions:  # noqa: SLF001  # nobody else asks
            old.append(f"{host}:{port}")
        ended = connection.close()
        if ended is not None:
            await ended
    if not old:
        return Finding("version", "good", f"Kafka {TESTED} or newer")
    if settings.embedded:
        return Finding("version", "good", "the embedded broker")
    return Finding(
        "version", "warning", f"{some(old)}: older than Kafka {TESTED}, which is what we test on", "upgrade the brokers"
    )


async def access(settings: Settings) -> Finding:
    """Look at ACLs and quotas."""
    if not settings.kafka_principals:
        seen = "not checked: FAIRWATCH_KAFKA_PRINCIPALS is empty, so components have no principals of their own"
        if settings.embedded:
            return Finding("access", "good", f"{seen}; the embedded broker is reached from this machine alone")
        unsafe = settings.kafka_security not in {"SSL", "SASL_SSL"}
        seen += f"; {settings.kafka_security}: whoever reaches Kafka can write" if unsafe else ""
        return Finding(
            "access", "bad", seen, "TLS, a user for each component, FAIRWATCH_KAFKA_PRINCIPALS, topics apply"
        )

    def compare() -> list[Change]:
        from fairwatch.apps.topics_acls import access_differences  # noqa: PLC0415  kafka-python is slow to import

        with closing(kafka.admin(settings)) as client:
            pattern, prefix = settings.kafka_principals, settings.topic_prefix
            return access_differences(client, pattern, prefix, list_parts=settings.list_part.of)

    try:
        found = await asyncio.to_thread(compare)
    except ConfigurationError as error:
        return Finding("access", "warning", str(error), "run it as a user who may look")
    return _compared(found, len(deployments(settings.list_part.of)))


def _compared(found: Sequence[Change], principals: int) -> Finding:
    """Say how rights and quotas differ from what is wanted, the worst first."""
    if everybody := [f"{one.before} {one.what}" for one in found if one.resource == EVERYBODY]:
        return Finding("access", "bad", f"everybody may {some(everybody)}", "take those ACLs away: ours mean nothing")
    lacking = [f"{one.resource} lacks {one.after} on {one.what}" for one in found if one.action == "allow"]
    if lacking:
        return Finding("access", "bad", some(lacking), "fairwatch topics apply")
    other = [f"{one.resource}: {one.action} {one.what}" for one in found]
    if other:
        return Finding("access", "warning", some(other), "fairwatch topics apply, with --revoke for rights too many")
    seen = f"{principals} principals may do what schemas/topics says, and nothing else"
    return Finding("access", "good", seen)


async def registry(settings: Settings) -> Finding:
    """Look for our schemas in the schema registry."""
    if not settings.registry_url:
        return Finding("registry", "good", "none: single-object encoding")
    missing = await asyncio.to_thread(Registry(settings.registry_url).missing, released())
    if missing:
        return Finding("registry", "warning", f"not registered: {some(missing)}", "fairwatch schemas register")
    return Finding("registry", "good", f"knows all {len(released())} schemas")


async def groups(settings: Settings) -> Finding:
    """Look for consumer groups of another version, of another release, and of nobody we know."""
    flows = deployments(settings.list_part.of).values()
    known = {f"{settings.topic_prefix}fairwatch-{flow.name}" for flow in flows if flow.reads}
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap, **kafka.client_options(settings))
    try:
        await client.start()
        there = {row[0] for row in await client.list_consumer_groups()}
        mine = {name for name in there if name.startswith(f"{settings.topic_prefix}fairwatch-")}
        # One by one: aiokafka takes what follows the first for garbage.
        answers = [await client.describe_consumer_groups([name]) for name in sorted(mine & known)]
    except KafkaError as error:
        return Finding("groups", "warning", f"cannot be looked at: {error!r}", "allow Describe on the cluster")
    finally:
        await client.close()
    described = [group for [answer] in answers for group in answer.to_object()["groups"]]
    beats = {beat["instance"] for beat in await _beats(settings)}
    return judge(described, sorted(mine - known), beats)


def judge(described: Iterable[dict[str, Any]], unknown: Sequence[str], beats: set[str]) -> Finding:
    """Say what is wrong with groups, the worst first.

    Args:
        described: As the broker describes them.
        unknown: Names like ours of groups that no processor has.
        beats: Instances whose heartbeat we see.
    """
    protocols, versions, strangers, members = [], [], [], 0
    for group in described:
        if group["protocol"] not in _PROTOCOLS:
            protocols.append(f"{group['group']} shares its partitions by {group['protocol']}")
        for member in group["members"]:
            members += 1
            instance, _, release = member["client_id"].rpartition("@")
            if release != __version__ or not instance:
                versions.append(f"{member['client_id']} in {group['group']}")
            elif beats and instance not in beats:
                strangers.append(f"{instance} ({member['client_host'].strip('/')}) in {group['group']}")
    if protocols:
        advice = "stop those programs: one group name is used by one version of one processor"
        return Finding("groups", "bad", some(protocols), advice)
    if strangers:
        advice = "two releases on the same topics take each other's events: give one another topics.prefix (values), "
        advice += "FAIRWATCH_TOPIC_PREFIX; or they use another Redis than we"
        return Finding("groups", "bad", f"not of this release: {some(strangers)}", advice)
    if versions:
        advice = f"finish the upgrade to {__version__}, or run the doctor of their version"
        return Finding("groups", "warning", f"of another version: {some(versions)}", advice)
    if unknown:
        advice = "of another version? Delete them once nobody needs them"
        return Finding("groups", "warning", f"of no processor: {some(unknown)}", advice)
    return Finding("groups", "good", f"{members} members, all of version {__version__} and of this release")


async def clocks(settings: Settings) -> Finding:
    """Compare our clock with those of the broker and of the components."""
    now = time.time()
    dated = [beat for beat in await _beats(settings) if "at" in beat]
    apart = {f"{beat['component']} {beat['instance']}": beat["at"] / 1e6 - now for beat in dated}
    looked = f"{len(apart)} components"
    try:
        apart["the broker"] = await _broker_ahead(settings)
        looked = f"the broker and {looked}"
    except (KafkaError, ValueError) as error:
        looked += f" (not the broker: {type(error).__name__})"
    wrong = [
        f"{who} {abs(by):.0f} s {'ahead' if by > 0 else 'behind'}" for who, by in apart.items() if abs(by) > APART_S
    ]
    if wrong:
        advice = "synchronise the clocks (NTP): what is valid when, and in which order, is judged by them"
        return Finding("clocks", "bad", f"compared with ours: {some(wrong)}", advice)
    return Finding("clocks", "good", f"{looked} agree with ours")


async def _broker_ahead(settings: Settings) -> float:
    """Return by how many seconds the broker's clock is ahead: it stamps a commit, of a group made for that."""
    group = f"{settings.topic_prefix}fairwatch-doctor-clock"
    topic = TopicPartition(f"{settings.topic_prefix}audit", 0)
    options = {"bootstrap_servers": settings.kafka_bootstrap, **kafka.client_options(settings)}
    consumer = AIOKafkaConsumer(group_id=group, enable_auto_commit=False, **options)
    try:
        await consumer.start()
        consumer.assign([topic])
        before = time.time()
        async with asyncio.timeout(10):
            await consumer.commit({topic: 0})
        after = time.time()
    finally:
        await consumer.stop()  # also where it did not start
    stamped = await asyncio.to_thread(_last_commit, settings, group)
    return stamped - min(max(stamped, before), after)


def _last_commit(settings: Settings, group: str) -> float:
    from kafka import TopicPartition as Partition  # noqa: PLC0415  kafka-python is slow to import
    from kafka.admin import OffsetSpec  # noqa: PLC0415
    from kafka.errors import KafkaError as Failed  # noqa: PLC0415

    with closing(kafka.admin(settings)) as client:
        try:
            [row] = client.describe_topics([_OFFSETS])
            places = [Partition(_OFFSETS, found["partition_index"]) for found in row["partitions"]]
            newest = client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.MAX_TIMESTAMP))
            client.delete_groups([group])
        except Failed as error:
            raise KafkaError(repr(error)) from error
    return float(max(found.timestamp for found in newest.values())) / 1000


async def _beats(settings: Settings) -> list[dict[str, Any]]:
    health = Health(settings.redis_url.get_secret_value())
    try:
        return await health.read_all()
    finally:
        await health.close()
