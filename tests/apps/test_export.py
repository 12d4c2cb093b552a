"""A backup: what is in it with a key and without, and that an altered one is refused before anything is written."""

import asyncio
import base64
import io
import json
import zipfile

import fastavro
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.export import CREDENTIALS, export
from fairwatch.apps.export_archive import MANIFEST, ArchiveReader, ArchiveWriter, read_key
from fairwatch.apps.export_bounds import unpacked
from fairwatch.apps.export_restore import restore
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings, settings
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_chain import Head, link, verify
from fairwatch.stores.media import MediaStore, media_uri
from fairwatch.wire.schemas import newest
from tests.support.records import AT, device, site

KEY, OTHER = bytes(range(32)), bytes(32)
PICTURE = b"\xff\xd8\xff\xe0 a face"
MARK = "marked-value"


def _entry(entry_id="e1", **fields):
    return {
        "entry_id": entry_id, "kind": "FACE", "title": "Missing child", "reason": "missing", "valid_from": AT,
        "valid_until": AT + 1, "created_by": "inspector.ray", "updated_at": AT,
        "references": [{"uri": media_uri(PICTURE), "mime": "image/png", "role": "REFERENCE"}],
        "extensions": {"ethnicity": MARK, "case": "118"}, **fields,
    }  # fmt: skip


def _chained(count, chain="audit-0", head=None):
    head = head or Head()
    for number in range(head.sequence, head.sequence + count):
        said = {"audit_id": f"{number:036}", "action": "x", "actor": "a", "at": AT, "subject": "s"}
        record = link(said, chain, head)
        head = Head(record["sequence"], record["hash"])
        yield record


@pytest.fixture
def cluster(broker, tmp_path_factory):
    """Give a function that makes settings of a fresh cluster with all topics."""

    def make(prefix):
        folder = tmp_path_factory.mktemp(prefix)
        made = Settings(
            kafka_bootstrap=broker, redis_url=SecretStr("redis://127.0.0.1:1"), topic_prefix=prefix, embedded=True,
            max_partitions=2, media_url=f"file://{folder / 'media'}", config_dir=folder / "config",
        )  # fmt: skip
        make_topics(made)
        return made

    return make


@pytest.fixture
async def full(cluster, topic_prefix):
    """Give a cluster with something of everything."""
    made = cluster(topic_prefix)
    await MediaStore.open(made.media_url).put(PICTURE, "image/png")
    made.config_dir.mkdir()
    for name in ("routes.yaml", *CREDENTIALS):
        (made.config_dir / name).write_text(f"name: {name}\n", encoding="utf-8")
    async with producer(made, "test") as publisher:
        await publisher.publish("sites", "old", site())
        await publisher.publish("sites", "old", None)
        await publisher.publish("sites", "harbour", site())
        await publisher.publish("devices", "cam-1", device() | {"name": "before"})
        await publisher.publish("devices", "cam-1", device())
        await publisher.publish("watchlist-entries", "e1", _entry())
        for record in _chained(700):
            await publisher.publish("audit-chain", "audit-0", record)
    return made


def _names(path):
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


async def _quiet(call, *arguments, **options):
    return await call(*arguments, lambda _: None, **options)


@pytest.mark.broker
async def test_a_sealed_backup_brings_everything_back(full, cluster, topic_prefix, tmp_path):
    path = tmp_path / "backup"
    made = await _quiet(export, full, path, KEY)
    one_each = ("devices", "sites", "watchlist-entries", "pictures")
    none = ("authorisations", "device-lists", "rule-sets", "erasures", "export-orders", "legal-holds", "site-armings",
            "trust-heads")  # fmt: skip
    assert made.counts == dict.fromkeys(one_each, 1) | {
        **dict.fromkeys(none, 0), "audit-chain": 700, "configuration": 3,
    }  # fmt: skip
    assert (made.remarks, path.stat().st_mode & 0o777) == ([], 0o600)
    for secret in (b"Missing child", b"marked-value", PICTURE, b"people"):
        assert secret not in path.read_bytes().replace(b"config/people.yaml", b"")
    new = cluster(f"{topic_prefix}new-")
    done = await _quiet(restore, new, path, KEY, people=True)
    assert done.counts == made.counts
    assert [record["name"] for _, _, record in read_topic(new, "devices")] == [device()["name"]]
    [entry] = [record for _, _, record in read_topic(new, "watchlist-entries")]
    assert entry["extensions"] == {"case": "118"}, "a backup holds nothing that policy forbids"
    assert await MediaStore.open(new.media_url).get(media_uri(PICTURE)) == PICTURE
    assert (new.config_dir / "people.yaml").read_text(encoding="utf-8") == "name: people.yaml\n"
    report = verify(record for _, _, record in read_topic(new, "audit-chain"))
    assert (report.records, report.faults) == (700, [])
    again = await _quiet(restore, new, path, KEY, people=True)
    assert set(again.counts.values()) <= {0, 1}, "the same again writes nothing but the picture, which is the same"
    assert sum(1 for _ in read_topic(new, "audit-chain")) == 700
    actions = [record["action"] for one in (full, new) for _, _, record in read_topic(one, "audit")]
    assert actions == ["backup.exported", "backup.imported", "backup.imported"]


@pytest.mark.broker
async def test_without_a_key_neither_faces_nor_credentials_leave(full, tmp_path):
    path = tmp_path / "backup"
    made = await _quiet(export, full, path, None)
    assert len(made.remarks) == 2
    names = _names(path)
    assert "config/routes.yaml" in names
    assert not [name for name in names if name.startswith("media/") or name.removeprefix("config/") in CREDENTIALS]
    assert PICTURE not in path.read_bytes()


@pytest.mark.broker
async def test_what_is_there_stays_and_a_cluster_that_goes_on_is_refused(full, cluster, topic_prefix, tmp_path):
    path = tmp_path / "backup"
    await _quiet(export, full, path, KEY)
    new = cluster(f"{topic_prefix}new-")
    async with producer(new, "test") as publisher:
        await publisher.publish("sites", "harbour", site() | {"name": "Renamed since"})
    done = await _quiet(restore, new, path, KEY, people=True)
    assert done.counts["sites"] == 0
    assert done.remarks == ["sites: 1 differ from the backup and stay as they are"]
    [last] = list(_chained(1, "audit-0", Head(700, "0" * 64)))
    async with producer(new, "test") as publisher:
        await publisher.publish("audit-chain", "audit-0", last)
    with pytest.raises(ConfigurationError, match="records that are not in the backup"):
        await _quiet(restore, new, path, KEY, people=True)


def _archive(path, key, **members):
    with ArchiveWriter(path, key, {"version": "1", "created_at": AT}) as archive:
        archive.records("topics/sites/0.avro", newest()["Site"], [site()])
        for name, data in members.items():
            archive.data(name, data)
    return path


def _altered(path, name, change):
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(path, "w") as archive:
        for one, data in members.items():
            archive.writestr(one, data)


@pytest.mark.parametrize("key", [KEY, None], ids=["sealed", "plain"])
def test_a_member_that_was_altered_is_refused(tmp_path, key):
    path = _archive(tmp_path / "backup", key)
    _altered(path, "topics/sites/0.avro", lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    with ArchiveReader(path, key) as archive, pytest.raises(ConfigurationError, match="was altered"):
        archive.data("topics/sites/0.avro")


def test_a_sealed_manifest_that_was_altered_is_refused(tmp_path):
    def without_members(text):
        return json.dumps(json.loads(text) | {"members": {}}).encode()

    path = _archive(tmp_path / "backup", KEY)
    _altered(path, MANIFEST, without_members)
    with pytest.raises(ConfigurationError, match="another key, or altered"):
        ArchiveReader(path, KEY)


def test_members_cannot_be_exchanged(tmp_path):
    path = _archive(tmp_path / "backup", KEY, a=b"one", b=b"two")
    with ArchiveReader(path, KEY) as archive:
        assert archive.data("a") == b"one"
        kept = archive._zip.read("b")
        with pytest.raises(ConfigurationError, match="another key, or altered"):
            archive._seal.open("a", kept)


@pytest.mark.parametrize(("key", "said"), [(None, "is encrypted: name the key"), (OTHER, "another key, or altered")])
def test_without_the_key_nothing_is_read(tmp_path, key, said):
    with pytest.raises(ConfigurationError, match=said):
        ArchiveReader(_archive(tmp_path / "backup", KEY), key)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x05\x06" + bytes(18)])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "backup"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is no backup of fairwatch"):
        ArchiveReader(path, None)


def test_a_backup_is_never_overwritten_and_a_failed_one_leaves_nothing(tmp_path):
    path = _archive(tmp_path / "backup", None)
    with pytest.raises(ConfigurationError, match="never overwritten"):
        _archive(path, None)
    broken = ArchiveWriter(tmp_path / "other", None, {})
    with pytest.raises(ZeroDivisionError), broken:
        raise ZeroDivisionError
    assert [file.name for file in tmp_path.iterdir()] == ["backup"]


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(bytes(16)).decode(), "ü"])
def test_other_keys_are_refused(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="key"):
        read_key(path)


@pytest.mark.broker
async def test_the_commands_do_it(full, tmp_path, monkeypatch):
    (tmp_path / "key").write_text(base64.b64encode(KEY).decode() + "\n", encoding="ascii")
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", full.kafka_bootstrap)
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", full.topic_prefix)
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    monkeypatch.setenv("FAIRWATCH_MEDIA_URL", full.media_url)
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(full.config_dir))
    settings.cache_clear()
    try:
        for command in ("export", "import"):
            words = [command, str(tmp_path / "backup"), "--key-file", str(tmp_path / "key")]
            done = await asyncio.to_thread(CliRunner().invoke, build([command]), words)
            assert done.exit_code == 0, done.output
            said = " ".join(done.output.split())
            assert "1 watchlist-entries" in said or "0 watchlist-entries" in said
    finally:
        settings.cache_clear()


@pytest.mark.broker
async def test_people_come_back_only_where_somebody_says_so(full, cluster, topic_prefix, tmp_path):
    path = tmp_path / "backup"
    await _quiet(export, full, path, KEY)
    new = cluster(f"{topic_prefix}alone-")
    done = await _quiet(restore, new, path, KEY)
    assert not (new.config_dir / "people.yaml").exists()
    assert any("--people" in remark for remark in done.remarks)


def test_an_unsealed_backup_in_the_place_of_a_sealed_one_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="is not sealed, though a key is given"):
        ArchiveReader(_archive(tmp_path / "backup", None), KEY)


def test_a_small_file_that_becomes_a_large_one_is_refused(tmp_path):
    bombs = [site(name="x" * 4_000_000) for _ in range(70)]
    with ArchiveWriter(tmp_path / "backup", None, {}) as archive:
        archive.records("topics/sites/0.avro", newest()["Site"], bombs)
    assert (tmp_path / "backup").stat().st_size < 1 << 20
    with ArchiveReader(tmp_path / "backup", None) as archive, pytest.raises(ConfigurationError, match="becomes more"):
        list(archive.records("topics/sites/0.avro", newest()["Site"]))


def test_a_member_that_zip_packed_is_refused(tmp_path):
    path = _archive(tmp_path / "backup", None, a=bytes(1 << 20))
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, data in members.items():
            archive.writestr(one, data)
    with pytest.raises(ConfigurationError, match="is compressed by ZIP"):
        ArchiveReader(path, None)


@pytest.mark.parametrize("cut", [0, 1, 20, -1, -17])
def test_a_container_that_is_cut_short_is_refused_by_its_name(cut):
    out = io.BytesIO()
    fastavro.writer(out, newest()["Site"].parsed, [site()], codec="deflate")
    whole = out.getvalue()
    assert unpacked("whole", whole) > 0
    with pytest.raises(ConfigurationError, match="cut"):
        unpacked("cut", whole[: len(whole) + cut] if cut < 0 else whole[:cut])
