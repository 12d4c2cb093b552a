"""The media store keeps what it was given, once, and never anything else."""

import asyncio
import time

import pytest
from obstore.store import MemoryStore

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.stores.media import MediaStore, media_uri, raw_url


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return MediaStore.open(f"file://{tmp_path}/m") if request.param == "folder" else MediaStore(MemoryStore())


async def test_what_was_put_comes_back(store):
    uri = await store.put(b"picture", "image/jpeg")
    assert uri == media_uri(b"picture")
    assert await store.get(uri) == b"picture"


async def test_the_same_bytes_put_twice_or_at_once_are_one_object(tmp_path):
    store = MediaStore.open(f"file://{tmp_path}")
    uris = await asyncio.gather(*(store.put(b"picture", "image/jpeg") for _ in range(20)))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    digest = uris[0].removeprefix("fw-media:")
    assert len(set(uris)) == 1
    assert [str(path.relative_to(tmp_path)) for path in files] == [f"{digest[:2]}/{digest[2:4]}/{digest}"]


@pytest.mark.parametrize(
    "uri",
    [
        media_uri(b"never put"),
        "http://user:secret@10.0.0.1/snap.jpg",
        "fw-media:../../etc/passwd",
        "",
        "fw-media:" + "G" * 64,
    ],
)
async def test_what_is_not_there_is_unavailable_and_no_credential_is_told(store, uri):
    with pytest.raises(RejectedError) as caught:
        await store.get(uri)
    assert caught.value.reason == "media_unavailable"
    assert "secret" not in str(caught.value)


async def test_an_altered_object_is_unavailable(tmp_path):
    store = MediaStore.open(f"file://{tmp_path}")
    uri = await store.put(b"picture", "image/jpeg")
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(b"another")
    with pytest.raises(RejectedError, match="altered"):
        await store.get(uri)


async def test_a_too_large_object_is_refused():
    store = MediaStore(MemoryStore(), limit_bytes=4)
    with pytest.raises(RejectedError) as caught:
        await store.put(b"12345", "image/jpeg")
    assert caught.value.reason == "too_large"


async def test_retention_deletes_the_old_and_keeps_what_it_must(store):
    old, kept = await store.put(b"old", "image/jpeg"), await store.put(b"enrolment", "image/jpeg")
    clock = ManualClock(int(time.time() * 1_000_000))
    assert await store.delete_older_than(60, clock) == 0
    clock.advance(seconds=3600)
    assert await store.delete_older_than(60, clock, keep={kept}) == 1
    assert await store.get(kept) == b"enrolment"
    with pytest.raises(RejectedError):
        await store.get(old)


def test_an_unknown_store_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="FAIRWATCH_MEDIA_URL"):
        MediaStore.open("gopher://nowhere/x")


async def test_nobody_but_its_owner_may_look_into_a_folder(tmp_path):
    store = MediaStore.open(f"file://{tmp_path}/m/e")
    await store.put(b"picture", "image/jpeg")
    places = [tmp_path / "m" / "e", *(tmp_path / "m" / "e").rglob("*")]
    modes = {oct(path.stat().st_mode & 0o777) for path in places if path.is_dir()}
    assert modes == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in places if path.is_file()} == {"0o600"}


async def test_raw_bodies_are_no_media_though_they_lie_below_them(tmp_path):
    url = f"file://{tmp_path}/media"
    media, bodies = MediaStore.open(url), MediaStore.open(raw_url(url))
    uri = await bodies.put(b"a body", "application/xml")
    with pytest.raises(RejectedError):
        await media.get(uri)
    assert await media.delete_older_than(-5, ManualClock(time.time_ns() // 1000)) == 0
    assert await bodies.get(uri) == b"a body"
    assert await bodies.delete_older_than(-5, ManualClock(time.time_ns() // 1000)) == 1
