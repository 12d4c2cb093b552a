"""Reads records from files, in JSON or framed Avro, and writes them to a topic."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, Final, Literal

import orjson

from fairwatch.apps.telling import told
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import RejectedError
from fairwatch.policy.likeness import disguise
from fairwatch.policy.second_line import questions
from fairwatch.wire.avro import SINGLE_OBJECT, Codec
from fairwatch.wire.cleaning import Cleaner
from fairwatch.wire.json_form import from_json
from fairwatch.wire.kinds.checking import misfit
from fairwatch.wire.producer import Producer
from fairwatch.wire.schemas import newest
from fairwatch.wire.topics import Topic

_AT_ONCE = 500
# Fields that name a person.
_PEOPLE: Final[Mapping[str, tuple[str, ...]]] = {
    "Authorisation": ("requested_by", "approved_by"),
    "WatchlistEntry": ("created_by", "approved_by"),
    "Verification": ("reviewer",),
}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one input: `name` is its file, with the number of the document where there are several."""

    name: str
    outcome: Literal["published", "skipped", "rejected"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says when asked about a word: why it is there, who says so, and when in microseconds."""

    reason: str
    actor: str
    at: int


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
    producer: Producer,
    topic: Topic,
    found: Iterator[tuple[str, Any]],
    key: str | None = None,
    answer: Answer | None = None,
    actor: str = "",
) -> AsyncIterator[Result]:
    """Publish each document under `key`, or the field that the topic is keyed by; yield what became of it, in order.

    What is written to a topic of reference data by an `actor` is in the audit log before.

    A name or a title with a word for a people or a faith is asked about: without an answer it is rejected, with one it
    is published and the answer is audited.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    while batch := list(islice(found, _AT_ONCE)):
        if actor and topic.cleanup == "compact":
            await producer.publish("audit", topic.name, _offered(topic, [item for _, item in batch], actor))
        for result in await asyncio.gather(
            *(_publish(producer, topic, name, item, key, answer) for name, item in batch)
        ):
            yield result


async def _publish(
    producer: Producer, topic: Topic, name: str, item: Any, key: str | None, answer: Answer | None
) -> Result:
    try:
        record = _record(topic, item)
        if record is None:
            return Result(name, "skipped", f"holds no {topic.record}")
        chosen = key_of(topic, record) if key is None else key
        _refuse_disguises(topic, record)
        _refuse_other_key(topic, record, chosen)
        _refuse_other_kinds(topic, record)
        asked = list(questions(topic.record, record))
        if asked and answer is None:
            field, term = asked[0]
            return Result(name, "rejected", f"{field} speaks of {term!r}: is that meant? Then say why with --reason")
        await producer.publish(topic.name, chosen, record)
        if asked and answer is not None:
            await producer.publish("audit", chosen, _audited(topic, chosen, asked, answer))
    except RejectedError as error:
        return Result(name, "rejected", str(error))
    return Result(name, "published")


def _refuse_disguises(topic: Topic, record: Mapping[str, Any]) -> None:
    """Refuse a name of a person that passes for another's."""
    for field in _PEOPLE.get(topic.record, ()):
        given = record.get(field) or ()
        for name in (given,) if isinstance(given, str) else given:
            if what := disguise(name):
                raise RejectedError("invalid_field", f"{field} {name!r} {what}", field)


def _refuse_other_kinds(topic: Topic, record: Mapping[str, Any]) -> None:
    """Refuse an observation that `enrich` would not take."""
    if topic.record == "Observation" and (field := misfit(topic.record, Cleaner().clean(topic.record, record))):
        raise RejectedError("invalid_field", f"{field} is not of the kind of its field", field)


def _refuse_other_key(topic: Topic, record: Mapping[str, Any], key: str) -> None:
    """Refuse to let a record speak for another, where the last record of a key is what holds."""
    if topic.cleanup == "compact" and key != topic.key_of(record):
        raise RejectedError("invalid_field", f"the key {key!r} is not its {topic.key} {topic.key_of(record)!r}")


def _offered(topic: Topic, items: list[Any], actor: str) -> dict[str, Any]:
    """Return what the audit keeps of reference data that somebody changes: how many records, and their hash."""
    said = sha256(orjson.dumps(items, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).hexdigest()
    at = SystemClock().now()
    details = {"offered": str(len(items)), "sha256": said}
    return told("records.published", f"topic:{topic.name}", actor=actor, at=at, details=details)


def _audited(topic: Topic, key: str, asked: list[tuple[str, str]], answer: Answer) -> dict[str, Any]:
    """Return what the audit keeps of a word that somebody was asked about."""
    details = {"topic": topic.name, "reason": answer.reason, **dict(asked)}
    return told("word.registered", key, actor=answer.actor, at=answer.at, details=details)


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
    return topic.key_of(record)


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
