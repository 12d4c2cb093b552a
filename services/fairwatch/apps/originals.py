"""Fetches what dead letters only refer to, for as long as its topic keeps it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

from fairwatch.apps.kafka import client_options
from fairwatch.apps.settings import Settings
from fairwatch.domain.records import DeadLetter
from fairwatch.engine.reader import TopicReader
from fairwatch.wire.dead_letter import is_reference

CLIENT = "fairwatch-originals"
_PLACE = itemgetter("topic", "partition", "offset")
_PARTITION = itemgetter("topic", "partition")


async def whole(settings: Settings, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Return the letters with what they refer to; those whose original is gone are left out.

    Raises:
        RetryableError: A partition is not there, or no broker answers.
    """
    found = [letter for letter in letters if not is_reference(letter)]
    referring = sorted(filter(is_reference, letters), key=_PLACE)
    for (topic, partition), group in groupby(referring, key=_PARTITION):
        options = {**client_options(settings), "client_id": CLIENT}
        name = settings.topic_prefix + topic
        async with TopicReader(settings.kafka_bootstrap, options, name, {partition}, lenient=True) as reader:
            originals = [(letter, await _at(reader, partition, letter["offset"])) for letter in group]
        found += [{**letter, "value": value} for letter, value in originals if value is not None]
    return found


async def _at(reader: TopicReader, partition: int, offset: int) -> bytes | None:
    reader.seek({partition: offset})
    async with aclosing(cast("AsyncGenerator[list[Any], None]", reader.runs_to_end())) as runs:
        async for run in runs:
            value: bytes | None = run[0].value if run[0].offset == offset else None
            return value
    return None
