"""Reads a topic as it lies there: raw records with their place and time, to the end or for ever."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaError

from fairwatch.apps.iterated import iterated
from fairwatch.apps.kafka import client_options, require_broker, unreachable
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.engine.reader import TopicReader
from fairwatch.engine.record_batches import Unreadable
from fairwatch.wire.dead_letter import Raw
from fairwatch.wire.headers import from_kafka
from fairwatch.wire.topics import Topic, topics

CLIENT = "fairwatch-tail"


@dataclass(frozen=True, slots=True)
class Message:
    """One record.

    Attributes:
        at: The broker's time in milliseconds since 1970 UTC.
        unreadable: What is wrong with its record batch, in words, where that cannot be opened; there is no value then.
    """

    raw: Raw
    at: int
    unreadable: str | None = None


def topic_named(name: str) -> Topic:
    """Return a topic of schemas/topics.

    Raises:
        ConfigurationError: There is none of that name; lists the names.
    """
    if name not in topics():
        raise ConfigurationError(f"there is no topic {name!r}: choose one of {', '.join(topics())}")
    return topics()[name]


def read(
    settings: Settings, name: str, *, beginning: bool = True, follow: bool = False, since_ms: int | None = None
) -> Iterator[Message]:
    """Yield the records of a topic, each partition in order.

    Args:
        settings: Where the broker is.
        name: Logical topic.
        beginning: Start at the oldest record; else at those that are written from now on.
        since_ms: Start at what the broker took since then, in milliseconds since 1970 UTC, whatever `beginning` says.
        follow: Wait for more for ever; else stop at the end as it is now.

    Raises:
        ConfigurationError: The topic is unknown, or not on the broker.
        RetryableError: No broker answers.
    """
    topic = settings.topic_prefix + topic_named(name).name
    require_broker(settings)
    try:
        with closing(iterated(_runs(settings, topic, beginning, follow, since_ms))) as runs:
            for run in runs:
                yield from (_message(name, record) for record in run)
    except KafkaError as error:
        raise unreachable(settings, error) from error


async def _runs(
    settings: Settings, topic: str, beginning: bool, follow: bool, since_ms: int | None
) -> AsyncGenerator[list[Any], None]:
    servers, options = settings.kafka_bootstrap, {**client_options(settings), "client_id": CLIENT}
    read_to: dict[int, int] = {}
    while True:
        async with TopicReader(servers, options, topic, lenient=True) as reader:
            if read_to:  # partitions were added: they are read from their beginning
                reader.seek({number: bounds.begin for number, bounds in (await reader.bounds()).items()} | read_to)
            elif since_ms is not None:
                await reader.seek_to_time(since_ms)
            elif not beginning:
                await reader.seek_to_end()
            async for run in reader.runs_to_end():
                yield run
            if not follow:
                return
            async for run in reader.follow_runs():
                yield run
            read_to = await reader.positions()


def _message(topic: str, record: Any) -> Message:
    headers = from_kafka(record.headers)
    raw = Raw(topic, record.partition, record.offset, record.key, record.value, headers)
    return Message(raw, record.timestamp, str(record) if isinstance(record, Unreadable) else None)
