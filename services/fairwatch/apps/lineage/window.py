"""Finds records of a topic by ids that they hold, within a time, without decoding the rest."""

from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import closing, suppress
from typing import Any, Protocol

from aiokafka.errors import KafkaError

from fairwatch.apps.iterated import iterated
from fairwatch.apps.kafka import client_options, codec, require_broker, unreachable
from fairwatch.apps.lineage.writers import Writers
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import RejectedError
from fairwatch.engine.reader import TopicReader
from fairwatch.engine.record_batches import Unreadable
from fairwatch.wire.topics import topics

CLIENT = "fairwatch-explain"
MILLISECOND = 1_000  # microseconds
MOST = 500  # records of one topic that are shown: an alert of a whole day may have more


class Find(Protocol):
    """Looks up records."""

    def __call__(
        self, topic: str, ids: Collection[str], since: int | None = None, until: int | None = None
    ) -> list[dict[str, Any]]:
        """Return at most `MOST` records that hold one of the ids, written between two times in microseconds UTC."""
        ...


class Finder:
    """Looks records up on Kafka. What cannot be decoded is left out.

    An id is looked for among the bytes of a record as it lies there (Avro writes text as it is), and only what has it
    is decoded: 300,000 records a second instead of 60,000. So is what nobody of the hub wrote, where only processors
    write and their secret is here.

    Attributes:
        writers: Say what of that was left out.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self.writers = settings, Writers(settings)
        self._decode = codec(settings).decode

    def __call__(
        self, topic: str, ids: Collection[str], since: int | None = None, until: int | None = None
    ) -> list[dict[str, Any]]:
        """Return them.

        Raises:
            ConfigurationError: The topic is not on the broker.
            RetryableError: No broker answers.
        """
        if not ids:
            return []
        require_broker(self._settings)
        wanted, found = [one.encode() for one in ids], list[dict[str, Any]]()
        try:
            with closing(iterated(_runs(self._settings, topic, since, until))) as runs:
                for run in runs:
                    for one in run:
                        if any(word in one.value for word in wanted) and self.writers.believe(topic, one):
                            with suppress(RejectedError):
                                found.append(self._decode(one.value, topics()[topic].record)[1])
                    if len(found) >= MOST:
                        break
        except KafkaError as error:
            raise unreachable(self._settings, error) from error
        return found[:MOST]


def everything(settings: Settings, topic: str, since: int, until: int) -> Iterator[dict[str, Any]]:
    """Yield every record of a topic that was written between two times in microseconds UTC; errors as `Finder`."""
    decode = codec(settings).decode
    require_broker(settings)
    try:
        with closing(iterated(_runs(settings, topic, since, until))) as runs:
            for one in (one for run in runs for one in run):
                with suppress(RejectedError):
                    yield decode(one.value, topics()[topic].record)[1]
    except KafkaError as error:
        raise unreachable(settings, error) from error


async def _runs(
    settings: Settings, topic: str, since: int | None, until: int | None
) -> AsyncGenerator[Sequence[Any], None]:
    """Yield runs of records that have a value, of one partition, up to where every partition is past `until`.

    The broker's own look-up by time only says where to begin: not every broker has one that is right.
    """
    options = {**client_options(settings), "client_id": CLIENT}
    name = settings.topic_prefix + topic
    first, last = (since or 0) // MILLISECOND, None if until is None else until // MILLISECOND
    async with TopicReader(settings.kafka_bootstrap, options, name, lenient=True) as reader:
        ends = {partition: bounds.end for partition, bounds in (await reader.bounds()).items()}
        await reader.seek_to_time(first)
        left = {partition for partition, at in (await reader.positions()).items() if at < ends[partition]}
        async for run in reader.runs_to_end():
            inside = [one for one in run if one.timestamp >= first and (last is None or one.timestamp <= last)]
            yield [one for one in inside if one.value is not None and not isinstance(one, Unreadable)]
            past = last is not None and run[-1].timestamp > last
            if past or run[-1].offset >= ends[run[0].partition] - 1:
                left.discard(run[0].partition)
                if not left:
                    return
