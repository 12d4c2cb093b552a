"""Makes the changelog topic of a stateful processor when it is missing, and says what is wrong with one."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from fairwatch.domain.errors import ConfigurationError
from fairwatch.engine.config import EngineConfig

KNOWN_WITHIN_S = 10
COMPACT = "compact"
POLICY = "cleanup.policy"
VALUE_MAX = 8 << 20  # what a key holds may be larger than the broker's default, as of a receiver that was away for long


def changelog_of(topic_prefix: str, processor: str) -> str:
    """Return the name of the topic that keeps a processor's state."""
    return f"{topic_prefix}fairwatch-{processor}-state"


async def ensure_changelog(config: EngineConfig, changelog: str, source: str) -> None:
    """Make a compacted topic with as many partitions as `source` has.

    Raises:
        ConfigurationError: It has another number of partitions, forgets what is old, or cannot be made.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=config.bootstrap, **config.client_options)
    await admin.start()
    try:
        wanted = await _partitions(admin, source)
        if not wanted:
            raise ConfigurationError(f"topic {source} does not exist: run `fairwatch topics apply`")
        # Made before it is described: some brokers make a topic that is asked for, with a number of their own.
        await _create(admin, changelog, wanted, config.replication)
        found = await _partitions(admin, changelog)
        for _ in range(KNOWN_WITHIN_S * 5):  # brokers hear of a new topic a moment after it was made
            if found:
                break
            await asyncio.sleep(0.2)
            found = await _partitions(admin, changelog)
        if found != wanted:
            raise ConfigurationError(
                f"{changelog} has {found} partitions but {source} has {wanted}: make them equal: `fairwatch topics "
                "apply --move-keys` adds what is missing"
            )
        policy = await _policy(admin, changelog)
        if policy not in {"", COMPACT}:
            raise ConfigurationError(
                f"{changelog} has cleanup.policy={policy}, which forgets state that is still needed: it must be "
                f"{COMPACT}: `fairwatch topics apply` sets it"
            )
    finally:
        await admin.close()


async def _partitions(admin: AIOKafkaAdminClient, topic: str) -> int:
    [row] = await admin.describe_topics([topic])
    return len(row["partitions"])


async def _policy(admin: AIOKafkaAdminClient, topic: str) -> str:
    """Return the topic's cleanup policy; empty where we may not ask, or the broker does not say."""
    try:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {POLICY: None})])
    except (KafkaError, ValueError):
        return ""
    return next((entry[1] or "" for row in answer.resources for entry in row[4] if entry[0] == POLICY), "")


async def _create(admin: AIOKafkaAdminClient, changelog: str, partitions: int, replication: int) -> None:
    topic = NewTopic(
        changelog, partitions, replication, topic_configs={POLICY: COMPACT, "max.message.bytes": str(VALUE_MAX)}
    )
    by_hand = f"make it, compacted, with {partitions} partitions"
    try:
        response = await admin.create_topics([topic])
    except TopicAlreadyExistsError:
        return
    except KafkaError as error:
        raise ConfigurationError(f"{changelog} cannot be made: {error!r}; {by_hand}") from error
    for row in response.topic_errors:
        error_type = for_code(row[1])
        if row[1] and error_type is not TopicAlreadyExistsError:
            raise ConfigurationError(f"{changelog} cannot be made: {error_type.__name__}; {by_hand}")
