"""Reads records from files, in JSON or framed Avro, and writes them to a topic."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from fairwatch.domain.errors import RejectedError
from fairwatch.wire.avro import SINGLE_OBJECT, Codec
from fairwatch.wire.json_form import from_json
from fairwatch.wire.producer import Producer
from fairwatch.wire.schemas import newest
from fairwatch.wire.topics import Topic

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one input: `name` is its file, with the number of the document where there are several."""

    name: str
    outcome: Literal["published", "skipped", "rejected"]
    reason: str = ""


def documents(name: str, content: bytes, codec: Codec) -> Iterator[tuple[str, Any]]:
    """Yield `(name, document or RejectedError)` for each record of a file.

    A file holds one framed Avro record, one JSON document, or one JSON document a line. Lines that `fairwatch
    translate --json` or `fairwatch tail --json` wrote are understood too.
    """
    if content[:2] == SINGLE_OBJECT or content[:1] == b"\0":
        yield name, _rejection(lambda: codec.decode(content))
        return
    try:
        yield name, json.loads(content)
    except ValueError:
        for number, line in enumerate(content.splitlines(), 1):
            if line.strip():
                yield f"{name}:{number}", _rejection(lambda line=line: _parsed(line))


async def publish(
    producer: Producer, topic: Topic, found: Iterator[tuple[str, Any]], key: str | None = None
) -> AsyncIterator[Result]:
    """Publish each document under `key`, or the field that the topic is keyed by; yield what became of it, in order.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    while batch := list(islice(found, _AT_ONCE)):
        for result in await asyncio.gather(*(_publish(producer, topic, name, item, key) for name, item in batch)):
            yield result


async def _publish(producer: Producer, topic: Topic, name: str, item: Any, key: str | None) -> Result:
    try:
        record = _record(topic, item)
        if record is None:
            return Result(name, "skipped", f"holds no {topic.record}")
        await producer.publish(topic.name, key_of(topic, record) if key is None else key, record)
    except RejectedError as error:
        return Result(name, "rejected", str(error))
    return Result(name, "published")


def _record(topic: Topic, item: Any) -> dict[str, Any] | None:
    """Return the record that a document means for the topic, or None where it is about something else."""
    if isinstance(item, RejectedError):
        raise item
    if isinstance(item, tuple):
        kind, record = item
        return record if kind == topic.record else None
    if isinstance(item, dict) and {"type", "record"} <= item.keys():
        if item["type"] != topic.record or item["record"] is None:
            return None
        item = item["record"]
    return from_json(newest()[topic.record], item)


def key_of(topic: Topic, record: Any) -> str:
    """Return the key that a record has in its topic."""
    for name in topic.key.split("."):
        record = record[name]
    return record.decode() if isinstance(record, bytes) else str(record or "")


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise RejectedError("malformed", f"not JSON: {error}") from None


def _rejection(call: Any) -> Any:
    try:
        return call()
    except RejectedError as error:
        return error
