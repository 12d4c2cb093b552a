"""The master key is changed while pictures lie sealed: nothing is lost, nothing erased comes back, it goes on."""

import base64
import sys

import pytest
from obstore.store import MemoryStore

from fairwatch.apps import doctor_keys
from fairwatch.apps.key_command import asked
from fairwatch.apps.key_rotation import look
from fairwatch.apps.master_keys import master_keys
from fairwatch.apps.media import media_store
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.stores.data_keys import DataKeys
from fairwatch.stores.key_rotation import rotate, wrapped
from fairwatch.stores.master_key import MasterKey, MasterKeys

OLD, NEW, ELSE = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n", b"e"))
PICTURE = b"\xff\xd8\xff a face"
NAMES = ["gallery-1", "media-day-2026-11-29", "media-own-ab"]


def masters(current=NEW, other=OLD):
    return MasterKeys(MasterKey(current), MasterKey(other) if other else None)


def settings(folder, key, other=""):
    places = {"media_url": f"file://{folder / 'media'}", "media_keys_url": f"file://{folder / 'keys'}"}
    return Settings(media_key=key, media_key_other=other, **places)


@pytest.fixture(params=["folder", "memory"])
async def store(request, tmp_path):
    keys = DataKeys.open(f"file://{tmp_path / 'keys'}", OLD)
    if request.param == "memory":
        keys = DataKeys(MemoryStore(), MasterKey(OLD))
    for name in NAMES:
        await keys.of(name)
    return keys.place[0]


async def test_all_data_keys_are_wrapped_anew_and_stay_what_they_were(store):
    before = [await DataKeys(store, MasterKey(OLD)).known(name) for name in NAMES]
    found = await rotate(store, masters(), NAMES)
    assert (found.counts, found.lost) == ({"renewed": 3}, [])
    assert [await DataKeys(store, MasterKey(NEW)).known(name) for name in NAMES] == before
    with pytest.raises(ConfigurationError, match="wrapped by another"):
        await DataKeys(store, MasterKey(OLD)).known(NAMES[0])


async def test_an_interrupted_rotation_goes_on_where_it_stopped(store):
    await rotate(store, masters(), NAMES[:1])
    both = DataKeys(store, masters())
    assert all([await both.known(name) for name in NAMES]), "meanwhile either master key opens what it wrapped"
    assert (await wrapped(store, masters(), NAMES)).counts == {"current": 1, "other": 2}
    assert (await rotate(store, masters(), NAMES)).counts == {"current": 1, "renewed": 2}
    assert (await rotate(store, masters(), NAMES)).counts == {"current": 3}


async def test_a_key_that_was_deleted_meanwhile_stays_deleted(store):
    await store.delete_async(NAMES[1])
    assert (await rotate(store, masters(), NAMES)).counts == {"renewed": 2, "deleted": 1}
    assert await DataKeys(store, masters()).known(NAMES[1]) is None


class DeletesBeforeItIsWritten:
    """An object store in which somebody erases a key between the reading and the writing of a rotation."""

    def __init__(self):
        self.store = MemoryStore()

    async def get_async(self, name):
        answer = await self.store.get_async(name)
        self.store.delete(name)
        return answer

    async def put_async(self, name, key, mode):
        return await self.store.put_async(name, key, mode=mode)


async def test_an_erasure_between_reading_and_writing_wins():
    racing = DeletesBeforeItIsWritten()
    racing.store.put("media-own-ab", MasterKey(OLD).wrap("media-own-ab", b"k" * 32))
    found = await rotate(racing, masters(), ["media-own-ab"])
    assert found.counts == {"deleted": 1}
    assert [meta for batch in racing.store.list() for meta in batch] == []


async def test_keys_of_a_master_key_that_is_not_here_are_named_and_left_as_they_are(store):
    found = await rotate(store, masters(other=ELSE), NAMES)
    assert (found.counts, found.lost) == ({"lost": 3}, NAMES)
    assert await DataKeys(store, MasterKey(OLD)).known(NAMES[0])
    with pytest.raises(ConfigurationError, match="FAIRWATCH_MEDIA_KEY_OTHER: name the old master key"):
        await rotate(store, masters(other=None), NAMES)


class Away:
    """A store that does not answer."""

    async def get_async(self, name):
        raise OSError("away")


async def test_a_store_that_is_away_is_said_and_not_taken_for_lost_keys():
    with pytest.raises(RetryableError, match="away"):
        await rotate(Away(), masters(), NAMES)


async def test_pictures_are_read_through_the_whole_change_and_afterwards_without_the_old_key(tmp_path):
    uri = await media_store(settings(tmp_path, OLD)).put(PICTURE, "image/jpeg")
    ready = media_store(settings(tmp_path, OLD, NEW))  # first everybody learns to read the new key
    other = await media_store(settings(tmp_path, NEW, OLD)).put(b"\xff\xd8\xff another", "image/jpeg", own=True)
    assert await ready.get(other), "who still seals under the old one reads what is sealed under the new one"
    store, both = DataKeys.open(f"file://{tmp_path / 'keys'}", masters()).place
    await rotate(store, both, [path.name for path in (tmp_path / "keys").iterdir()])
    after = media_store(settings(tmp_path, NEW))
    assert [await after.get(one) for one in (uri, other)] == [PICTURE, b"\xff\xd8\xff another"]
    _, found = await look(settings(tmp_path, NEW))
    assert (found.counts, found.lost) == ({"current": 2}, [])


@pytest.mark.parametrize(
    ("key", "other", "level", "says"),
    [
        (OLD, "", "good", "1 under the master key"),
        (NEW, OLD, "warning", "1 of 1 are still under the old"),
        (NEW, "", "bad", "wrapped by a master key that is not here: media-own-"),
        ("", "", "warning", "not sealed"),
    ],
)
async def test_the_doctor_says_which_master_key_is_missing(tmp_path, key, other, level, says):
    await media_store(settings(tmp_path, OLD)).put(PICTURE, "image/jpeg", own=True)
    found = await doctor_keys.data_key_store(settings(tmp_path, key, other))
    assert (found.level, says in found.seen) == (level, True)


def command(code):
    return (sys.executable, "-I", "-c", code)


def test_a_command_gives_the_key_and_is_given_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("FAIRWATCH_NONCE_SECRET", "told to nobody")
    code = f"import os; print('{NEW}' if not any('FAIRWATCH' in k for k in os.environ) else 'told')"
    assert master_keys(Settings(media_key_command=command(code))).current.key_id == MasterKey(NEW).key_id


@pytest.mark.parametrize(
    ("code", "within_s", "says"),
    [
        (f"import sys; print('{NEW}'); sys.stderr.write('{NEW}'); sys.exit(3)", 30, "ended with 3"),
        (f"print('{NEW}'[:-8])", 30, "is no key of 32 bytes"),
        (f"print('{NEW}', flush=True); import threading; threading.Event().wait()", 0.5, "gave no key within"),
    ],
)
def test_a_command_that_fails_is_told_without_what_it_said(monkeypatch, code, within_s, says):
    monkeypatch.setattr("fairwatch.apps.master_keys.asked", lambda *given: asked.__wrapped__(*given, within_s))
    with pytest.raises(ConfigurationError, match=says) as caught:
        master_keys(Settings(media_key_command=command(code)))
    assert NEW[:-8] not in str(caught.value).replace(code, "")


def test_a_command_that_is_not_there_is_named():
    with pytest.raises(ConfigurationError, match=r"FAIRWATCH_MEDIA_KEY_COMMAND: no-such-kms cannot be started"):
        master_keys(Settings(media_key_command=("no-such-kms",)))


def test_two_sources_of_one_key_are_refused():
    with pytest.raises(ConfigurationError, match="at most one"):
        master_keys(Settings(media_key=NEW, media_key_command=("kms",)))
    with pytest.raises(ConfigurationError, match="is only read"):
        master_keys(Settings(media_key_other=NEW))
