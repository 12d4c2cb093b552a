"""Pictures that are sealed under data keys: whoever deletes the key has erased them, in every copy of the store."""

import base64
import shutil
import time

import pytest

from fairwatch.apps.media import media_store, raw_store
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError, RejectedError, RetryableError
from fairwatch.stores.data_keys import DataKeys
from fairwatch.stores.media import MediaStore, media_uri, path_of
from fairwatch.stores.media_seal import MediaSeal, key_name

SECRET = base64.b64encode(b"m" * 32).decode()
PICTURE = b"\xff\xd8\xff a face"
URI = media_uri(PICTURE)
DAY = 86_400


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def keys_in(folder, secret=SECRET):
    return DataKeys.open(f"file://{folder / 'keys'}", secret)


def sealed(folder, name="media", *, where="media", secret=SECRET):
    return MediaStore.open(f"file://{folder / where}", seal=MediaSeal(keys_in(folder, secret), name))


def lying(folder, where="media"):
    return (folder / where / path_of(URI)).read_bytes()


async def refused(store):
    with pytest.raises(RejectedError) as caught:
        await store.get(URI)
    assert caught.value.reason == "media_unavailable"
    return str(caught.value)


async def test_what_lies_there_is_sealed_and_what_comes_back_is_the_picture(folder):
    store = sealed(folder)
    assert await store.put(PICTURE, "image/jpeg") == URI
    assert PICTURE not in lying(folder)
    assert await sealed(folder).get(URI) == PICTURE
    today = time.strftime("media-day-%Y-%m-%d", time.gmtime())
    assert key_name(lying(folder)) == today
    assert {path.name for path in (folder / "keys").iterdir()} == {today}


async def test_a_deleted_picture_is_dead_in_a_copy_of_the_store_that_was_made_before(folder):
    store = sealed(folder)
    await store.put(PICTURE, "image/jpeg", own=True)
    shutil.copytree(folder / "media", folder / "backup")
    assert await sealed(folder, where="backup").get(URI) == PICTURE
    assert await store.delete([URI]) == 1
    assert "data key was deleted" in await refused(sealed(folder, where="backup"))


async def test_a_picture_of_a_day_gets_a_key_of_its_own_and_then_goes_by_itself(folder):
    store, other = sealed(folder), b"\xff\xd8\xff somebody else"
    await store.put(PICTURE, "image/jpeg")
    await store.put(other, "image/jpeg")
    assert await store.own(URI)
    assert await store.own(URI), "twice is once"
    assert key_name(lying(folder)) == f"media-own-{URI.removeprefix('fw-media:')}"
    await store.delete([URI])
    assert await sealed(folder).get(media_uri(other)) == other
    assert not await store.own(URI)


async def test_the_key_of_a_day_goes_with_its_pictures_and_what_is_kept_has_one_of_its_own_by_then(folder):
    store, kept = sealed(folder), b"\xff\xd8\xff enrolled"
    await store.put(PICTURE, "image/jpeg")
    await store.put(kept, "image/jpeg")
    shutil.copytree(folder / "media", folder / "backup")
    clock = ManualClock(time.time_ns() // 1000 + 33 * DAY * 1_000_000)
    assert await store.delete_older_than(30 * DAY, clock, {media_uri(kept)}) == 1
    assert await sealed(folder).get(media_uri(kept)) == kept
    assert "data key was deleted" in await refused(sealed(folder, where="backup"))


class Failing:
    """An object store that fails once it has deleted something."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def delete_async(self, paths):
        await self._inner.delete_async(paths)
        raise OSError("the network is gone")


async def test_what_went_by_age_is_dead_in_copies_though_the_store_failed_in_the_middle(folder):
    store = sealed(folder)
    await store.put(PICTURE, "image/jpeg", own=True)
    shutil.copytree(folder / "media", folder / "backup")
    clock = ManualClock(time.time_ns() // 1000 + 31 * DAY * 1_000_000)
    store._store = Failing(store._store)
    with pytest.raises(RetryableError, match="network is gone"):
        await store.delete_older_than(30 * DAY, clock)
    assert "data key was deleted" in await refused(sealed(folder, where="backup"))


async def test_raw_bodies_have_days_of_their_own(folder):
    places = {"media_url": f"file://{folder / 'media'}", "media_keys_url": f"file://{folder / 'keys'}"}
    settings = Settings(media_key=SECRET, **places)
    media, raw = media_store(settings), raw_store(settings)
    await media.put(PICTURE, "image/jpeg")
    await raw.put(b"body", "text/plain")
    clock = ManualClock(time.time_ns() // 1000 + 3 * DAY * 1_000_000)
    await raw.delete_older_than(DAY, clock)
    assert await media_store(settings).get(URI) == PICTURE
    assert [path.name.startswith("media-day-") for path in (folder / "keys").iterdir()] == [True]


async def test_a_backup_puts_back_what_is_sealed_unless_its_key_is_gone(folder):
    store = sealed(folder)
    await store.put(PICTURE, "image/jpeg", own=True)
    kept = await store.kept(URI)
    await sealed(folder, where="new").put_kept(URI, kept)
    assert await sealed(folder, where="new").get(URI) == PICTURE
    await store.delete([URI])
    with pytest.raises(RejectedError, match="data key was deleted"):
        await sealed(folder, where="newer").put_kept(URI, kept)


async def test_what_was_put_before_there_was_a_key_can_be_read_and_what_is_sealed_cannot_without_one(folder):
    plain = MediaStore.open(f"file://{folder / 'media'}")
    await plain.put(PICTURE, "image/jpeg")
    assert await sealed(folder).get(URI) == PICTURE
    await sealed(folder).put(PICTURE, "image/jpeg")
    assert "FAIRWATCH_MEDIA_KEY" in await refused(plain)


async def test_an_object_that_was_altered_or_moved_is_refused(folder):
    store = sealed(folder)
    await store.put(PICTURE, "image/jpeg")
    place = folder / "media" / path_of(URI)
    whole = place.read_bytes()
    place.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "altered" in await refused(store)
    await store.put(b"another", "image/jpeg")
    place.write_bytes((folder / "media" / path_of(media_uri(b"another"))).read_bytes())
    assert "altered" in await refused(store)


async def test_another_master_key_opens_nothing(folder):
    await sealed(folder).put(PICTURE, "image/jpeg")
    other = sealed(folder, secret=base64.b64encode(b"o" * 32).decode())
    with pytest.raises(ConfigurationError, match="another FAIRWATCH_MEDIA_KEY"):
        await other.get(URI)


async def test_two_who_make_the_key_of_a_day_at_once_get_the_same(folder):
    one, two = keys_in(folder), keys_in(folder)
    assert await one.of("media-day-2026-11-29") == await two.of("media-day-2026-11-29")
    assert await one.delete(["media-day-2026-11-29", "media-day-2026-11-30"]) == 1
    assert await one.known("media-day-2026-11-29") is None


@pytest.mark.parametrize("secret", ["", "short", "!" * 44, base64.b64encode(b"x" * 31).decode()])
def test_what_is_no_master_key_is_refused_without_being_told(folder, secret):
    with pytest.raises(ConfigurationError, match="32 bytes") as caught:
        keys_in(folder, secret)
    assert secret not in str(caught.value) or not secret


def test_where_the_keys_lie_has_to_be_said(folder):
    with pytest.raises(ConfigurationError, match="MEDIA_KEYS_URL"):
        media_store(Settings(media_url=f"file://{folder}", media_key=SECRET))
    assert not media_store(Settings(media_url=f"file://{folder}")).sealed
