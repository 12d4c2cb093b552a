"""Takes out of the cluster what it cannot be built from again: reference data, rules and the audit chain.

Everything else follows from events and ages out. Templates are in no backup because they are nowhere at rest: `match`
makes them from the enrolment pictures. Those are biometric data, and people.yaml and devices.yaml hold what people and
devices sign in with, so both go into sealed backups only.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from fairwatch import __version__
from fairwatch.apps import kafka
from fairwatch.apps.export_archive import ArchiveWriter
from fairwatch.apps.export_window import within
from fairwatch.apps.exporting import Window, demanded, known, people_of, standing
from fairwatch.apps.keys import signing_key
from fairwatch.apps.media import media_store
from fairwatch.apps.messages import read
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import tell, told
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.policy.audit_chain import verify
from fairwatch.policy.erasure import enrolled_with
from fairwatch.stores.media import SCHEME, MediaStore
from fairwatch.wire.cleaning import Cleaner
from fairwatch.wire.schemas import newest
from fairwatch.wire.topics import Topic, topics

CHAIN = "audit-chain"
ENTRIES = "watchlist-entries"
VOUCHED = ("people", "signing-keys")
RULES = ("routes.yaml", "receivers.yaml", "quiet.yaml", "escalations.yaml", "models.yaml", "retention.yaml")
CREDENTIALS = ("people.yaml", "devices.yaml")
_AT_ONCE = 20_000  # records in memory
Say = Callable[[str], None]


@dataclass(slots=True)
class Summary:
    """What a backup holds, or what became of it: numbers by name, and what somebody should look at."""

    counts: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def reference_topics() -> list[Topic]:
    """Return the topics that are kept for ever: nothing brings their records back.

    People and keys are not among them: an old backup would bring back who has left, and a key that was revoked since.
    An administrator vouches for them anew.
    """
    kept = [topic for topic in topics().values() if topic.cleanup == "compact" and topic.retention_hours < 0]
    return [topic for topic in kept if topic.name not in VOUCHED]


def member(topic: str) -> str:
    """Return the folder of a topic in a backup."""
    return f"topics/{topic}/"


async def export(settings: Settings, path: Path, key: bytes | None, say: Say, *, order_id: str = "") -> Summary:
    """Write a backup, signed by this installation's key where it has one, and leave an audit record of it.

    Args:
        settings: Of the cluster.
        path: Of the backup.
        key: Seals it.
        say: Told how it goes.
        order_id: The order under which data leaves, where `trust.yaml` demands one; one that allows it by default.

    Raises:
        ConfigurationError: The file is there already or cannot be written; a topic is missing; no order allows it.
        RetryableError: The broker or the media store does not answer.
    """
    summary = Summary()
    at, signer, order = SystemClock().now(), signing_key(settings), None
    if order_id or demanded(settings):
        order = await _ordered(settings, path, order_id, at, sealed=key is not None)
    if demanded(settings) and signer is None:
        raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: a backup is signed, and there is no key here")
    about = {"version": __version__, "created_at": at, **({"order": order} if order else {})}
    with ArchiveWriter(path, key, about, signer) as archive:
        for topic in reference_topics():
            say(f"reading {topic.name}")
            latest = last_values(settings, topic, summary)
            deque(_stored(archive, topic.name, latest, summary), maxlen=0)
            if topic.name == ENTRIES:
                await _pictures(archive, settings, latest, summary, sealed=key is not None)
        say(f"reading {CHAIN}")
        span = _chain(archive, settings, summary, Window.of(order))
        _configuration(archive, settings.config_dir, summary, sealed=key is not None)
    said = {
        "encrypted": str(key is not None).lower(),
        "sha256": await asyncio.to_thread(_digest, path),
        "from": str(span.since or 0),
        "until": str(min(at, span.until or at)),
        "signer": signer.public.key_id if signer else "none",
        **people_of(order),
    }
    await audit(settings, "backup.exported", path.name, said, summary)
    return summary


async def _ordered(settings: Settings, path: Path, order_id: str, at: int, *, sealed: bool) -> dict[str, Any]:
    try:
        return standing(known(settings), order_id, at, sealed=sealed)
    except ConfigurationError as error:
        await audit(settings, "export.refused", path.name, {"order": order_id, "reason": str(error)}, Summary())
        raise


def last_values(settings: Settings, topic: Topic, summary: Summary) -> list[Any]:
    """Return the newest record under each key of a compacted topic, without what policy forbids."""
    codec, cleaner = kafka.codec(settings), Cleaner(soft_biometrics=settings.soft_biometrics)
    found: dict[bytes | None, Any] = {}
    for message in read(settings, topic.name):
        if message.unreadable is not None:
            summary.remarks.append(f"left out: {message.unreadable}")
            continue
        found.pop(message.raw.key, None)
        if message.raw.value is None:
            continue
        try:
            found[message.raw.key] = cleaner.clean(topic.record, codec.decode(message.raw.value, topic.record)[1])
        except RejectedError:
            continue  # processors do not read it either
    return list(found.values())


async def audit(settings: Settings, action: str, subject: str, details: dict[str, str], summary: Summary) -> None:
    """Write down who made or read a backup, and what it held."""
    counts = {name: str(count) for name, count in summary.counts.items()}
    await tell(settings, told(action, subject, details={**details, **counts}))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stored(archive: ArchiveWriter, topic: str, records: Iterable[Any], summary: Summary) -> Iterator[Any]:
    """Store the records of a topic, a bounded number in each member, and hand them on."""
    schema, rest = newest()[topics()[topic].record], iter(records)
    summary.counts[topic] = 0
    while some := list(islice(rest, _AT_ONCE)):
        archive.records(f"{member(topic)}{summary.counts[topic]:09}.avro", schema, some)
        summary.counts[topic] += len(some)
        yield from some


def _chain(archive: ArchiveWriter, settings: Settings, summary: Summary, window: Window) -> Window:
    """Store the records of the audit log that lie in a window; return the window, from the oldest of them at least."""
    oldest: list[int] = []

    def records() -> Iterator[Any]:
        for record in within(window, lambda: (one for _, _, one in read_topic(settings, CHAIN))):
            oldest[:] = [min(record["at"], *oldest)] if oldest else [record["at"]]
            yield record

    report = verify(
        _stored(archive, CHAIN, records(), summary), from_start=False
    )  # retention may have cut its beginning
    summary.remarks += [
        f"{fault.chain} record {fault.sequence} {fault.kind}: {fault.detail}" for fault in report.faults
    ]
    heads = {chain: {"sequence": head.sequence, "hash": head.hash} for chain, head in sorted(report.heads.items())}
    archive.say(heads=heads)
    return Window(window.since or next(iter(oldest), None), window.until)


async def _pictures(
    archive: ArchiveWriter, settings: Settings, entries: list[Any], summary: Summary, *, sealed: bool
) -> None:
    """Add the enrolment pictures; without a key they stay out, and so faces are not found again after an import."""
    pictures = {ref["uri"]: ref["mime"] for entry in entries for ref in enrolled_with(entry)}
    uris = sorted(uri for uri in pictures if uri.startswith(SCHEME))
    summary.counts["pictures"] = 0
    if not uris or not sealed:
        if uris:
            summary.remarks.append(f"{len(uris)} enrolment pictures are left out: they need --key-file")
        return
    store = media_store(settings)
    for uri in uris:
        try:
            archive.data(f"media/{uri.removeprefix(SCHEME)}", await _checked(store, uri), mime=pictures[uri])
        except RejectedError as error:
            summary.remarks.append(f"picture left out: {error.detail}")
        else:
            summary.counts["pictures"] += 1


async def _checked(store: MediaStore, uri: str) -> bytes:
    """Return a picture as it lies in the store, sealed there where it is; RejectedError where it cannot be read."""
    await store.get(uri)
    return await store.kept(uri)


def _configuration(archive: ArchiveWriter, folder: Path, summary: Summary, *, sealed: bool) -> None:
    summary.counts["configuration"] = 0
    calendars = sorted(path.name for path in folder.glob("*.ics"))
    for name in (*RULES, *calendars, *(CREDENTIALS if sealed else ())):
        path = folder / name
        if path.is_file():
            archive.data(f"config/{name}", path.read_bytes())
            summary.counts["configuration"] += 1
    if not sealed and any((folder / name).is_file() for name in CREDENTIALS):
        summary.remarks.append(f"{' and '.join(CREDENTIALS)} are left out: they need --key-file")
