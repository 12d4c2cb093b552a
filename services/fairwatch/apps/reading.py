"""Reads whole topics, once, from their beginning to where they end now."""

from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from fairwatch.apps.kafka import client_options, codec
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import RejectedError
from fairwatch.wire.topics import topics

POLL_MS = 500


def read_everything(settings: Settings) -> Iterator[tuple[str, str, Any]]:
    """Yield (logical topic, record type, record) of every record of every topic; tombstones are left out."""
    for name in topics():
        yield from read_topic(settings, name)


def read_topic(settings: Settings, name: str) -> Iterator[tuple[str, str, Any]]:
    """Yield (logical topic, record type, record) of one topic; what cannot be decoded is left out."""
    decode = codec(settings).decode
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap.split(","), enable_auto_commit=False, **client_options(settings)
    )
    try:
        physical = settings.topic_prefix + name
        partitions = [TopicPartition(physical, number) for number in consumer.partitions_for_topic(physical) or ()]
        consumer.assign(partitions)
        ends = {tp: end for tp, end in consumer.end_offsets(partitions).items() if end > 0}
        consumer.seek_to_beginning()
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for messages in consumer.poll(timeout_ms=POLL_MS).values():
                for message in messages:
                    if message.value is None:
                        continue
                    try:
                        kind, record = decode(message.value)
                    except RejectedError:
                        continue
                    yield name, kind, record
    finally:
        consumer.close()
