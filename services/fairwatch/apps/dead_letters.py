"""Reads dead letters and sends them back to where they came from."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence

import structlog

from fairwatch.apps import kafka
from fairwatch.apps.messages import read, topic_named
from fairwatch.apps.originals import whole
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import told
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.domain.records import DeadLetter
from fairwatch.wire.dead_letter import redrivable, redriven
from fairwatch.wire.producer import Producer
from fairwatch.wire.topics import DEAD_LETTERS, topics

log = structlog.get_logger()


def letters(
    settings: Settings, names: Collection[str] = (), *, ids: Collection[str] = (), reason: str | None = None
) -> list[DeadLetter]:
    """Return the dead letters, oldest first, each once however often it was written.

    Args:
        settings: Where the broker is.
        names: Topics that they came from; all when empty.
        ids: Only these; the beginning of an id is enough. All when empty.
        reason: Only those that were rejected for this reason.

    Raises:
        ConfigurationError: A topic has no dead letters, or is not on the broker.
        RetryableError: No broker answers.
    """
    found: dict[str, DeadLetter] = {}
    for name in names or [topic.name for topic in topics().values() if topic.dead_letters]:
        if not topic_named(name).dead_letters:
            raise ConfigurationError(f"topic {name} has no dead letters")
        for letter in _decoded(settings, name + DEAD_LETTERS):
            matches = not ids or any(letter["dead_letter_id"].startswith(chosen) for chosen in ids)
            if matches and reason in {None, letter["reason"]}:
                found[letter["dead_letter_id"]] = letter
    return sorted(found.values(), key=lambda letter: letter["at"])


async def redrive(settings: Settings, chosen: Sequence[DeadLetter]) -> AsyncIterator[DeadLetter]:
    """Write each letter's original bytes to its topic under its original key, and yield it once the broker has them.

    Each is sent once, its count of redrives grows by one, and the audit trail says who did it. Those that hold no
    bytes (`redrivable`) are left out, and so are those that refer to what its topic no longer keeps.
    """
    found = await whole(settings, list(filter(redrivable, chosen)))
    async with kafka.producer(settings, "cli") as producer:
        for letter in found:
            key, value, headers = redriven(letter)
            await producer.send(letter["topic"], key, value, headers)
            await _audit(producer, letter)
            yield letter


def _decoded(settings: Settings, topic: str) -> Iterator[DeadLetter]:
    decode = kafka.codec(settings).decode
    for message in read(settings, topic):
        where = {"partition": message.raw.partition, "offset": message.raw.offset}
        if message.unreadable is not None:
            log.warning("dead_letter.unreadable", topic=topic, error=message.unreadable, **where)
            continue
        try:
            letter: DeadLetter = decode(message.raw.value or b"", "DeadLetter")[1]  # type: ignore[assignment]
        except RejectedError as error:
            log.warning("dead_letter.unreadable", topic=topic, error=str(error), **where)
        else:
            yield letter


async def _audit(producer: Producer, letter: DeadLetter) -> None:
    count = letter.get("redrives", 0) + 1
    details = {"topic": letter["topic"], "reason": letter["reason"], "redrives": str(count)}
    record = told("dead_letter.redriven", letter["dead_letter_id"], details=details)
    await producer.publish("audit", letter["dead_letter_id"], record)
