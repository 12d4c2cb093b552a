"""Whether what an alert, its verdict and its candidate name by partition and offset is what lies there."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, Final

from fairwatch.apps.iterated import iterated
from fairwatch.apps.kafka import client_options, codec
from fairwatch.apps.lineage.collect import Gathered, Record
from fairwatch.apps.lineage.window import CLIENT
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import RejectedError
from fairwatch.engine.reader import TopicReader
from fairwatch.wire.topics import topics

# What tells a record of a topic from others. What came into a chain is known by the hash of its bytes.
NAMES: Final[Mapping[str, str]] = {
    "raw-events": "sha256", "observations": "observation_id", "sightings": "sighting_id", "candidates": "candidate_id",
    "verifications": "verification_id", "verdicts": "verdict_id",
}  # fmt: skip
FITS, OTHER, GONE, NOTHING, UNREAD = (
    "fits", "ANOTHER RECORD LIES THERE", "past its lifetime", "NOTHING LIES THERE", "not read here",
)  # fmt: skip

ReadAt = Callable[[str, int, int], "Record | str"]  # topic, partition, offset: the record, or why there is none


def placed(found: Gathered, read_at: ReadAt, closed: Collection[str] = ()) -> dict[str, Any]:
    """Return the step of a chain that tells of each named place what lies there."""
    facts = []
    for of, place in _claims(found):
        topic, partition, offset = place["topic"], int(place["partition"]), int(place["offset"])
        seen = (
            UNREAD if topic in closed or topic not in NAMES else _seen(found, topic, read_at(topic, partition, offset))
        )
        facts.append({"of": of, "place": f"{topic}/{partition}/{offset}", "there": seen})
    return {"step": "places", "topic": "alerts", "status": "found" if facts else "none", "facts": facts}


def reader_at(settings: Settings) -> ReadAt:
    """Return what reads one record from Kafka."""

    def read_at(topic: str, partition: int, offset: int) -> Record | str:
        with closing(iterated(_read(settings, topic, partition, offset))) as found:
            return next(found, NOTHING)

    return read_at


async def _read(settings: Settings, topic: str, partition: int, offset: int) -> AsyncGenerator[Record | str, None]:
    options = {**client_options(settings), "client_id": CLIENT}
    name = settings.topic_prefix + topic
    async with TopicReader(settings.kafka_bootstrap, options, name, [partition], lenient=True) as reader:
        bounds = (await reader.bounds())[partition]
        if not bounds.begin <= offset < bounds.end:
            yield GONE if offset < bounds.begin else NOTHING
            return
        reader.seek({partition: offset})
        async for one in reader.to_end():
            if one.offset == offset and one.value is not None:
                with suppress(RejectedError):
                    yield codec(settings).decode(one.value, topics()[topic].record)[1]
            return


def _claims(found: Gathered) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for of, record in (("candidate", found.candidate), ("verdict", found.verdict), ("alert", found.alert)):
        for place in (record or {}).get("follows") or ():
            yield of, place


def _seen(found: Gathered, topic: str, record: Record | str) -> str:
    """Return whether a record is one of those that the chain is made of."""
    if isinstance(record, str):
        return record
    candidate, verdict = found.candidate or {}, found.verdict or {}
    known = {
        "raw-events": {one["observation"].get("raw_sha256") for one in found.sightings},
        "observations": {one["observation"]["observation_id"] for one in found.sightings},
        "sightings": {candidate.get("sighting_id"), *found.triggers},
        "candidates": {found.alert.get("candidate_id")},
        "verifications": {one["verification_id"] for one in verdict.get("verifications", ())},
        "verdicts": {verdict.get("verdict_id"), *found.triggers},
    }
    return FITS if record[NAMES[topic]] in known[topic] else OTHER
