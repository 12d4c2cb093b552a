"""Reads a topic as it lies there: raw records with their place and time, to the end or for ever."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from fairwatch.apps.kafka import client_options, require_broker, unreachable
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.dead_letter import Raw
from fairwatch.wire.headers import from_kafka
from fairwatch.wire.topics import Topic, topics

_POLL_MS = 500
_BOOTSTRAP_MS = 8000


@dataclass(frozen=True, slots=True)
class Message:
    """One record; `at` is the broker's time in milliseconds since 1970 UTC."""

    raw: Raw
    at: int


def topic_named(name: str) -> Topic:
    """Return a topic of schemas/topics.

    Raises:
        ConfigurationError: There is none of that name; lists the names.
    """
    if name not in topics():
        raise ConfigurationError(f"there is no topic {name!r}: choose one of {', '.join(topics())}")
    return topics()[name]


def read(settings: Settings, name: str, *, beginning: bool = True, follow: bool = False) -> Iterator[Message]:
    """Yield the records of a topic, each partition in order.

    Args:
        settings: Where the broker is.
        name: Logical topic.
        beginning: Start at the oldest record; else at those that are written from now on.
        follow: Wait for more for ever; else stop at the end as it is now.

    Raises:
        ConfigurationError: The topic is unknown, or not on the broker.
        RetryableError: No broker answers.
    """
    topic = settings.topic_prefix + topic_named(name).name
    require_broker(settings)
    try:
        with closing(_consumer(settings)) as consumer:
            ends = dict(_assign(consumer, topic, beginning=beginning))
            sure: set[TopicPartition] = set()
            while follow or any(consumer.position(partition) < end for partition, end in ends.items()):
                for partition, records in consumer.poll(timeout_ms=_POLL_MS).items():
                    if partition in ends and partition not in sure:
                        # The embedded broker's end is the beginning of the last batch; what it fetches says more.
                        ends[partition] = max(ends[partition], consumer.highwater(partition) or 0)
                        sure.add(partition)
                    yield from (_message(name, record) for record in records)
    except KafkaError as error:
        raise unreachable(settings, error) from error


def _consumer(settings: Settings) -> KafkaConsumer:
    return KafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap.split(","),
        bootstrap_timeout_ms=_BOOTSTRAP_MS,
        allow_auto_create_topics=False,
        enable_auto_commit=False,
        client_id="fairwatch-tail",
        **client_options(settings),
    )


def _assign(consumer: KafkaConsumer, topic: str, *, beginning: bool) -> Mapping[TopicPartition, int]:
    """Take every partition and return where those end now that hold anything to read."""
    numbers = consumer.partitions_for_topic(topic)
    if not numbers:
        raise ConfigurationError(f"topic {topic} is not on the broker: run `fairwatch topics apply`")
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(partitions)
    ends: Mapping[TopicPartition, int] = consumer.end_offsets(partitions)
    if beginning:
        consumer.seek_to_beginning()
        starts = consumer.beginning_offsets(partitions)
        return {partition: end for partition, end in ends.items() if end > starts[partition]}
    for partition, end in ends.items():
        consumer.seek(partition, max(end, 0))
    return {}


def _message(topic: str, record: Any) -> Message:
    headers = from_kafka(record.headers)
    return Message(Raw(topic, record.partition, record.offset, record.key, record.value, headers), record.timestamp)
