"""Puts a backup into a cluster that has lost everything; what is there already is never overwritten.

The audit chain goes on where it ended: its keeper's state is written too, so that the next record follows from the
last one of the backup. The same import again changes nothing, which is how one that was cut off is finished.
"""

import asyncio
from collections.abc import Collection, Container, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from fairwatch.apps import kafka
from fairwatch.apps.erasure import erased_entries
from fairwatch.apps.export import (
    CHAIN,
    CREDENTIALS,
    ENTRIES,
    RULES,
    Say,
    Summary,
    audit,
    last_values,
    member,
    reference_topics,
)
from fairwatch.apps.export_archive import ArchiveReader
from fairwatch.apps.export_signature import require_vouched
from fairwatch.apps.keys import administrator, anchors
from fairwatch.apps.media import media_store
from fairwatch.apps.processors import engine_config
from fairwatch.apps.publishing import key_of
from fairwatch.apps.reading import latest, read_topic
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import present
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.memory import KEEP, Memory
from fairwatch.engine.outbox import Outbox
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.engine.submission import Output
from fairwatch.engine.topics import changelog_of, ensure_changelog
from fairwatch.policy.audit_chain import Head, identity, verify
from fairwatch.policy.erasure import enrolled_with
from fairwatch.processors.audit import HEAD, head_value
from fairwatch.stores.media import SCHEME, MediaStore
from fairwatch.stores.media_seal import key_name
from fairwatch.wire.avro import check
from fairwatch.wire.headers import cloud_event
from fairwatch.wire.schemas import newest
from fairwatch.wire.topics import Topic, topics

KEEPER = "audit"
ERASURES = "erasures"
PEOPLE = "people.yaml"
_AT_ONCE = 5_000
_TOGETHER = 500


async def restore(
    settings: Settings,
    path: Path,
    key: bytes | None,
    say: Say,
    *,
    people: bool = False,
    admin_key: Path | None = None,
    trusted: Collection[str] = (),
    unsigned: bool = False,
) -> Summary:
    """Read a backup into this cluster; everything that can be wrong is found before anything is written.

    Args:
        settings: Of the cluster.
        path: The backup.
        key: That sealed it.
        say: Told how it goes.
        people: An administrator says that those who could sign in then may again: people.yaml is written too.
        admin_key: Of that administrator; needed where `trust.yaml` names any.
        trusted: Public keys of installations whose backups are taken, beside those that are known here.
        unsigned: Somebody says that a backup may be read that nobody signed, or an unknown key.

    Raises:
        ConfigurationError: The backup is altered or of another key, or the cluster is not one to read it into.
        RetryableError: The broker or the media store does not answer.
    """
    summary = Summary()
    if people and anchors(settings):
        if admin_key is None:
            raise ConfigurationError("--people: an administrator brings people back: name the key with --admin-key")
        administrator(admin_key, settings)
    with ArchiveReader(path, key) as archive:
        say("checking the backup")
        signer = require_vouched(settings, archive, trusted, unsigned=unsigned)
        summary.remarks += _check(archive)
        await _check_keeper(settings)
        known = _check_cluster(settings, archive)
        receipts = [*latest(settings, ERASURES).values(), *_records(archive, ERASURES)]
        times, pictures = erased_entries(receipts), set[str]()
        for topic in reference_topics():
            say(f"writing {topic.name}")
            pictures |= await _bring(settings, archive, topic, times, summary)
        await _pictures(archive, settings, summary, pictures)
        say(f"writing {CHAIN}")
        await _chain(archive, settings, known, summary)
        _configuration(archive, settings.config_dir, summary, people=people)
        said = {"made_at": str(archive.manifest["created_at"]), "signer": signer or "none"}
        await audit(settings, "backup.imported", path.name, {**said, "people": str(people).lower()}, summary)
    return summary


async def _bring(
    settings: Settings, archive: ArchiveReader, topic: Topic, times: Mapping[str, int], summary: Summary
) -> set[str]:
    """Write the records of a topic that are not there yet; return the pictures that its entries refer to."""
    pictures: set[str] = set()
    there = {key_of(topic, record): record for record in last_values(settings, topic, summary)}
    records = {key_of(topic, record): record for record in _records(archive, topic.name)}
    if topic.name == ENTRIES:
        records, before = _without_erased(records, times), len(records)
        if before > len(records):
            summary.remarks.append(f"{before - len(records)} entries were erased since, and stay so")
        pictures = {media["uri"] for record in records.values() for media in enrolled_with(record)}
    differing = [key for key in records if key in there and there[key] != records[key]]
    if differing:
        summary.remarks.append(f"{topic.name}: {len(differing)} differ from the backup and stay as they are")
    new = {key: record for key, record in records.items() if key not in there}
    await _publish(settings, topic.name, new)
    summary.counts[topic.name] = len(new)
    return pictures


async def _publish(settings: Settings, topic: str, records: dict[str, Any]) -> None:
    rest = iter(records.items())
    async with kafka.producer(settings, "cli") as producer:
        while some := list(islice(rest, _TOGETHER)):
            await asyncio.gather(*(producer.publish(topic, key, record) for key, record in some))


def _records(archive: ArchiveReader, topic: str) -> Iterator[Any]:
    schema = newest()[topics()[topic].record]
    for name in archive.names(member(topic)):
        yield from archive.records(name, schema)


def _check(archive: ArchiveReader) -> list[str]:
    """Return the faults that the chain has already had when it was exported; they are evidence and stay in it."""
    for topic in reference_topics():
        for record in _records(archive, topic.name):
            check(topic.record, record)
    heads = {
        chain: (head["sequence"], head["hash"]) for chain, head in archive.manifest.get("heads", {}).items()
    }  # fmt: skip
    report = verify(_records(archive, CHAIN), from_start=False, anchors=heads)
    if {chain: (head.sequence, head.hash) for chain, head in report.heads.items()} != heads:
        raise ConfigurationError("the audit chain in the backup does not end as its manifest says")
    return [f"{fault.chain} record {fault.sequence} {fault.kind}: {fault.detail}" for fault in report.faults]


async def _check_keeper(settings: Settings) -> None:
    """Refuse while an audit keeper runs: it would go on from what it remembers."""
    group = f"{settings.topic_prefix}fairwatch-{KEEPER}"
    # Not kafka-python's: it fails on rights that it does not know.
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap, **kafka.client_options(settings))
    try:
        await admin.start()
        [answer] = await admin.describe_consumer_groups([group])
    except KafkaError as error:
        raise kafka.unreachable(settings, error) from error
    finally:
        await admin.close()
    if answer.to_object()["groups"][0]["members"]:
        raise ConfigurationError(f"{group} has members: stop all processors before an import, and wait half a minute")


def _check_cluster(settings: Settings, archive: ArchiveReader) -> dict[tuple[str, int], str]:
    """Return the hashes of chained records that are there already; refuse a cluster that goes on by itself."""
    with closing(kafka.admin(settings)) as admin:
        names = [settings.topic_prefix + name for name in (KEEPER, CHAIN)]
        there = present(admin, names)
        if missing := [name for name in names if name not in there]:
            raise ConfigurationError(f"{', '.join(missing)}: not on the broker: run `fairwatch topics apply` first")
    partitions = int(there[names[0]]["partitions"])
    for chain in archive.manifest.get("heads", {}):
        if _partition(chain) >= partitions:
            raise ConfigurationError(f"{names[0]} has {partitions} partitions, too few for the chain {chain}")
    known = {(r["chain"], r["sequence"]): r["hash"] for _, _, r in read_topic(settings, CHAIN)}
    kept = (
        {(record["chain"], record["sequence"], record["hash"]) for record in _records(archive, CHAIN)} if known else ()
    )
    if any((*place, digest) not in kept for place, digest in known.items()):
        raise ConfigurationError(f"{names[1]} holds records that are not in the backup: import into an empty cluster")
    return known


def _partition(chain: str) -> int:
    try:
        return int(chain.removeprefix(f"{KEEPER}-"))
    except ValueError:
        raise ConfigurationError(f"{chain!r} is no chain of an audit keeper") from None


def _without_erased(entries: dict[str, Any], times: Mapping[str, int]) -> dict[str, Any]:
    """Return the entries that were not erased after they were last changed."""
    return {
        entry_id: entry
        for entry_id, entry in entries.items()
        if entry_id not in times or (entry.get("updated_at") or 0) > times[entry_id]
    }


async def _pictures(archive: ArchiveReader, settings: Settings, summary: Summary, wanted: Container[str]) -> None:
    """Write the pictures of the entries that came back, and no other."""
    names = [name for name in archive.names("media/") if SCHEME + name.removeprefix("media/") in wanted]
    store = media_store(settings) if names else None
    summary.counts["pictures"] = 0
    for name in names:
        assert store is not None
        uri, kept = SCHEME + name.removeprefix("media/"), archive.data(name)
        try:
            if key_name(kept) is None:
                await _put_plain(store, archive, name, uri)
            else:
                await store.put_kept(uri, kept)
        except RejectedError as error:
            summary.remarks.append(f"picture left out: {error.detail}")
            continue
        summary.counts["pictures"] += 1


async def _put_plain(store: MediaStore, archive: ArchiveReader, name: str, uri: str) -> None:
    mime = archive.manifest["members"][name]["mime"]
    if await store.put(archive.data(name), mime, own=True) != uri:
        raise ConfigurationError(f"{name} is not the picture that it is named after")


async def _chain(
    archive: ArchiveReader, settings: Settings, known: dict[tuple[str, int], str], summary: Summary
) -> None:
    """Write what is missing of the chain, in its order, then where its keeper goes on."""
    config, codec, prefix = engine_config(settings), kafka.codec(settings), settings.topic_prefix
    await ensure_changelog(config, changelog_of(prefix, KEEPER), prefix + KEEPER)
    keepers: dict[str, _Keeper] = {}
    outbox = Outbox(config.bootstrap, config.client_options, idempotent=not settings.embedded)
    try:
        outputs: list[Output] = []
        for record in _records(archive, CHAIN):
            chain, sequence = record["chain"], record["sequence"]
            keepers.setdefault(chain, _Keeper()).follow(record)
            if (chain, sequence) not in known:
                value = codec.encode("AuditRecord", record)
                outputs.append(Output(prefix + CHAIN, chain.encode(), value, _headers(record)))
                summary.counts[CHAIN] = summary.counts.get(CHAIN, 0) + 1
            if len(outputs) == _AT_ONCE:
                await outbox.write(outputs)
                outputs = []
        changelog = changelog_of(prefix, KEEPER)
        for chain, keeper in keepers.items():
            rows = keeper.rows().items()
            outputs += [Output(changelog, key.encode(), row, [], partition=_partition(chain)) for key, row in rows]
        await outbox.write(outputs)
    finally:
        await outbox.close()


class _Keeper:
    """What the keeper of a chain has in its state, as it follows from the chain."""

    def __init__(self) -> None:
        self._state = PartitionedState()
        self._state.restore({0: Held({}, mark=0)})
        self._now = SystemClock().now()
        self._memory = Memory(self._state, 0, self._now)
        self._told = 0

    def follow(self, record: Mapping[str, Any]) -> None:
        """Go on to the next record; what is not long ago may come again."""
        self._told = max(self._told, min(record["at"], self._now)) if record.get("deed") else self._told
        self._state.put(0, HEAD, head_value(Head(record["sequence"], record["hash"]), self._told))
        if record["at"] >= self._now - KEEP:
            self._memory.note(identity(record))

    def rows(self) -> dict[str, bytes | None]:
        """Return the rows of the changelog."""
        self._memory.save()
        return {key: value for _, key, value in self._state.changes()}


def _headers(record: Any) -> list[tuple[str, bytes]]:
    event_id = stable_id("import", record["audit_id"], record["hash"])
    described = cloud_event("AuditRecord", source="fairwatch/import", event_id=event_id, at=SystemClock().now())
    return list(described.items())


def _configuration(archive: ArchiveReader, folder: Path, summary: Summary, *, people: bool) -> None:
    """Write files that are not there; where configuration comes from elsewhere, that is the truth."""
    summary.counts["configuration"] = 0
    for name in archive.names("config/"):
        if Path(name).name not in (*RULES, *CREDENTIALS):
            raise ConfigurationError(f"{name} is no file of a backup of ours")
        if Path(name).name in CREDENTIALS and not archive.manifest["encrypted"]:
            raise ConfigurationError(f"{name} comes in a backup that nobody sealed: it may name anybody")
        if Path(name).name == PEOPLE and not people:
            summary.remarks.append(f"{PEOPLE} is left out: --people brings back who could sign in then")
            continue
        path, content = folder / Path(name).name, archive.data(name)
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(content)
            summary.counts["configuration"] += 1
        elif path.read_bytes() != content:
            summary.remarks.append(f"{path} differs from the backup and stays as it is")
