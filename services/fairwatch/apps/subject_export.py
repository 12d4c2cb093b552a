"""Writes everything that is held of one person or plate into a file that people can read."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairwatch import __version__
from fairwatch.apps import exporting
from fairwatch.apps.export_archive import ArchiveWriter
from fairwatch.apps.kafka import codec
from fairwatch.apps.keys import signing_key
from fairwatch.apps.media import media_store
from fairwatch.apps.reading import latest, read_topic
from fairwatch.apps.settings import Settings
from fairwatch.apps.subject_walk import RAW, Record, Subject, walk
from fairwatch.apps.telling import tell, told
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.stores.media import SCHEME
from fairwatch.wire.json_form import to_json
from fairwatch.wire.topics import DEAD_LETTERS, topics

KIND = "subject-export/1"
BEGINNINGS = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png", b"RIFF": "webp", b"GIF8": "gif"}
NOT_GIVEN = {
    RAW: "which bytes they were and when they came; the bytes may tell of others",
    "galleries": "a template of each reference picture, made of that: in the memory of match and its sealed file",
    "read-model": "the same candidates and alerts as on topics, for the console",
    "dead letters": "searched, where they can be read; those of raw-events say where bytes lie, and hold none",
    "audit": "the same as audit-chain, where it is chained",
    "backups": "out of reach: each holds reference data as it was when it was made",
}


@dataclass(slots=True)
class Exported:
    """What a file holds.

    Attributes:
        counts: Records by topic.
        pictures: How many.
        gone: Pictures that records refer to and that are not there any more.
    """

    counts: dict[str, int]
    pictures: int = 0
    gone: list[str] = field(default_factory=list)


async def export_subject(
    settings: Settings, name: str, path: Path, *, reason: str, actor: str, now: int, order_id: str = ""
) -> Exported:
    """Search every store, leave an audit record, then write the file.

    Args:
        settings: Of the hub.
        name: Id of an entry or a candidate, `fw-media:...`, or a plate.
        path: Of the file, a ZIP; must not be there.
        reason: Which request this answers.
        actor: Who does it.
        now: Microseconds UTC.
        order_id: The order under which data leaves, where `trust.yaml` demands one; one that allows it by default.

    Raises:
        ConfigurationError: Nothing is known; no order allows it; the file is there already.
        RetryableError: The broker or the media store does not answer.
    """
    order = await _ordered(settings, name, actor, order_id, now)
    subject = walk(lambda topic: _records(settings, topic), name)
    exported = Exported({topic: len(records) for topic, records in subject.records.items() if records})
    said = {**{topic: str(count) for topic, count in exported.counts.items()}, "reason": reason, "from": "0"}
    said |= {"until": str(now)} | exporting.people_of(order)
    await _audit(settings, "subject.exported", name, actor, now, said)
    if subject.empty:
        raise ConfigurationError(f"{name}: nothing is known of it; that somebody asked is in the audit log")
    about = {"kind": KIND, "version": __version__, "subject": name, "reason": reason, "created_at": now, "by": actor}
    with ArchiveWriter(path, None, {**about, **({"order": order} if order else {})}, signing_key(settings)) as archive:
        for topic, records in subject.records.items():
            if records:
                archive.data(f"records/{topic}.json", _listed(records), records=len(records))
        shown = await _pictures(archive, settings, subject, exported)
        archive.say(searched=[*subject.records, "media"], pictures=shown, gone=exported.gone, not_given=NOT_GIVEN)
    return exported


async def _ordered(settings: Settings, name: str, actor: str, order_id: str, now: int) -> dict[str, Any] | None:
    if not (order_id or exporting.demanded(settings)):
        return None
    try:
        return exporting.standing(exporting.known(settings), order_id, now, sealed=True, whole=True)
    except ConfigurationError as error:
        await _audit(settings, "export.refused", name, actor, now, {"order": order_id, "reason": str(error)})
        raise


def _records(settings: Settings, topic: str) -> Iterable[Record]:
    """Return the latest record of each key where a topic keeps those, else all that are there; see `walk`."""
    if topic.endswith(DEAD_LETTERS):
        return _refused(settings, topic)
    if topics()[topic].cleanup == "compact":
        return list(latest(settings, topic).values())
    return (record for _, _, record in read_topic(settings, topic))


def _refused(settings: Settings, topic: str) -> Iterator[Record]:
    """Yield dead letters of a topic with the records that were refused, as far as these can be read."""
    decode, kind = codec(settings).decode, topics()[topic.removesuffix(DEAD_LETTERS)].record
    for _, _, letter in read_topic(settings, topic):
        with suppress(RejectedError):
            record = decode(letter["value"], kind)[1]
            yield {"reason": letter["reason"], "at": letter["at"], "record": record}


def _listed(records: Iterable[Record]) -> bytes:
    return ("[\n" + ",\n".join(to_json(dict(record)) for record in records) + "\n]\n").encode()


async def _pictures(
    archive: ArchiveWriter, settings: Settings, subject: Subject, exported: Exported
) -> dict[str, Mapping[str, str]]:
    """Add the pictures, and return by file which they are; those of a scene may show others."""
    store, shown = media_store(settings), dict[str, Mapping[str, str]]()
    for uri, what in sorted(subject.pictures.items()):
        try:
            data = await store.get(uri)
        except RejectedError:
            exported.gone.append(uri)
            continue
        kind = next((word for start, word in BEGINNINGS.items() if data.startswith(start)), "bin")
        file = f"pictures/{what.replace(' ', '-')}/{uri.removeprefix(SCHEME)}.{kind}"
        archive.data(file, data)
        shown[file] = {"uri": uri, "what": what}
    exported.pictures = len(shown)
    return shown


async def _audit(settings: Settings, action: str, name: str, actor: str, at: int, details: dict[str, str]) -> None:
    await tell(settings, told(action, name, actor=actor, at=at, details=details))
