"""Templates outlive a restart sealed, and a file that is not wholly ours is worth nothing."""

import base64
from pathlib import Path

import numpy as np
import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.face_search import FaceSearch
from fairwatch.matching.gallery_rows import Piece
from fairwatch.matching.keepsake import AT_ONCE, Keepsake
from fairwatch.stores.data_keys import DataKeys, GalleryKeys
from fairwatch.stores.media import MediaStore
from tests.support.face_models import face_reader, needs_models, picture
from tests.support.watchlist import entry

KEY = "a key of thirty-two characters ok"


def piece(count: int, start: int = 0) -> Piece:
    rows = np.random.default_rng(start).normal(size=(count, 4)).astype(np.float32)
    names = [f"e{start + n}" for n in range(count)]
    return Piece(rows, names, [f"p-{name}" for name in names], np.zeros(count, np.int32))


def test_what_was_written_is_read_and_only_its_owner_may_look(tmp_path: Path) -> None:
    file = tmp_path / "gallery"
    pieces = [piece(AT_ONCE + 3), piece(5, start=AT_ONCE + 3)]
    Keepsake(file, KEY, "space-1").write(pieces)
    found = Keepsake(file, KEY, "space-1").read()
    assert len(found) == AT_ONCE + 8
    for made in pieces:
        for number in (0, len(made.entries) - 1):
            known = found[made.entries[number], made.pictures[number]]
            assert known.tobytes() == made.values[number].tobytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["gallery"]
    assert b"p-e16001" not in file.read_bytes(), "not even the ids are readable"


def test_a_later_file_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    keepsake = Keepsake(tmp_path / "gallery", KEY, "space-1")
    keepsake.write([piece(9)])
    keepsake.write([piece(2, start=50)])
    assert set(keepsake.read()) == {("e50", "p-e50"), ("e51", "p-e51")}
    keepsake.write([])
    assert keepsake.read() == {}


def test_with_data_keys_a_copy_of_an_old_file_says_nothing_once_the_next_is_there(tmp_path: Path) -> None:
    keys = GalleryKeys.of(DataKeys.open(f"file://{tmp_path / 'keys'}", base64.b64encode(b"m" * 32).decode()))
    file, copy = tmp_path / "gallery", tmp_path / "copy"
    keepsake = Keepsake(file, KEY, "space-1", keys)
    keepsake.write([piece(9)])
    copy.write_bytes(file.read_bytes())
    assert len(Keepsake(copy, KEY, "space-1", keys).read()) == 9
    assert Keepsake(copy, KEY, "space-1").read() == {}, "the secret alone does not open it"
    keepsake.write([piece(2, start=50)])
    assert Keepsake(copy, KEY, "space-1", keys).read() == {}
    assert len(keepsake.read()) == 2
    assert len(list((tmp_path / "keys").iterdir())) == 1


@pytest.mark.parametrize(
    "harm",
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"something else",
        lambda content: content[:80] + bytes([content[80] ^ 1]) + content[81:],
        lambda content: content + content[20:],
    ],
    ids=["cut", "halved", "empty", "foreign", "a bit turned", "longer"],
)
def test_a_damaged_file_is_worth_nothing_and_stops_nobody(tmp_path: Path, harm) -> None:
    file = tmp_path / "gallery"
    Keepsake(file, KEY, "space-1").write([piece(20)])
    file.write_bytes(harm(file.read_bytes()))
    assert Keepsake(file, KEY, "space-1").read() == {}


def test_another_key_or_space_reads_nothing(tmp_path: Path) -> None:
    file = tmp_path / "gallery"
    Keepsake(file, KEY, "space-1").write([piece(3)])
    assert Keepsake(file, KEY[::-1], "space-1").read() == {}
    assert Keepsake(file, KEY, "space-2").read() == {}
    assert Keepsake(tmp_path / "none", KEY, "space-1").read() == {}
    with pytest.raises(ConfigurationError, match="32 characters"):
        Keepsake(file, "short", "space-1")


@needs_models
async def test_a_restart_needs_no_picture_and_forgets_who_was_taken_off_meanwhile(tmp_path: Path) -> None:
    media = MediaStore.open(f"file://{tmp_path / 'media'}")
    listed = []
    for name in ("obama.jpg", "biden.jpg"):
        uri = await media.put(picture(name), "image/jpeg")
        references = [{"uri": uri, "sha256": uri.split(":")[1], "role": "REFERENCE"}]
        listed.append(entry(name, kind="FACE", plate=None, references=references))
    keepsake = Keepsake(tmp_path / "gallery", KEY, face_reader().template_space)
    before = FaceSearch(face_reader(), media, keepsake)
    assert await before.enrol(listed) == []
    await before.kept()
    nothing = MediaStore.open(f"file://{tmp_path / 'nothing'}")
    after = FaceSearch(face_reader(), nothing, keepsake)
    assert await after.enrol(listed[:1]) == []
    assert len(after.gallery) == 1
    (broken,) = await after.enrol(listed)
    assert broken.reason == "media_unavailable", "what was not listed at the start is not remembered"


@needs_models
async def test_who_was_taken_off_while_nobody_ran_is_missing_from_the_next_file(tmp_path: Path) -> None:
    keepsake = Keepsake(tmp_path / "gallery", KEY, face_reader().template_space)
    keepsake.write([piece(3)])
    search = FaceSearch(face_reader(), MediaStore.open(f"file://{tmp_path / 'media'}"), keepsake)
    await search.enrol([])
    await search.kept()
    assert keepsake.read() == {}


@needs_models
async def test_a_file_that_could_not_be_written_is_tried_again_though_nothing_changed(tmp_path: Path) -> None:
    folder = tmp_path / "away"
    keepsake = Keepsake(folder / "gallery", KEY, face_reader().template_space)
    folder.mkdir()
    keepsake.write([piece(3)])
    search = FaceSearch(face_reader(), MediaStore.open(f"file://{tmp_path / 'media'}"), keepsake, kept_every_s=0.0)
    folder.rename(tmp_path / "elsewhere")
    await search.enrol([])
    await search.kept()
    (tmp_path / "elsewhere").rename(folder)
    await search.enrol([])
    await search.kept()
    assert keepsake.read() == {}
