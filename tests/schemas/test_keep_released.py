"""What a release has written is kept as bytes, of every version, and never written again."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairwatch.cli.main import build
from fairwatch.wire.avro import Codec
from fairwatch.wire.schema_checks import freeze
from fairwatch.wire.schemas import FOLDER, load_all
from infra.tools.keep_released import KEPT, keep, outdated

ALL = [f"avro/{name}.avsc" for name in ("dead-letter.v1", "site.v1", "verdict.v1", "verdict.v2")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a schemas folder with two versions of verdicts, and one of sites and dead letters; none is released."""
    made = tmp_path / "schemas"
    (made / "avro").mkdir(parents=True)
    for name in ("dead-letter.v1", "verdict.v1", "verdict.v2", "site.v1"):
        slug, _, version = name.partition(".v")
        shutil.copy(FOLDER / f"avro/{name}.avsc", made / "avro")
        shutil.copytree(FOLDER / "examples" / slug / version, made / "examples" / slug / version)
    return made


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def names(paths: list[Path], kept: Path) -> set[str]:
    return {path.relative_to(kept).as_posix() for path in paths}


def rename_site(folder: Path, title: str) -> None:
    path = folder / "examples/site/1/harbour.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "name": title}), encoding="utf-8")


def test_every_version_is_kept_as_its_own_writer_writes_it(folder: Path, kept: Path) -> None:
    written = names(keep(folder, kept), kept)
    assert {name.rpartition("/")[0] for name in written} == {"v1/dead-letter", "v1/verdict", "v2/verdict", "v1/site"}
    for schema in load_all(folder):
        for path in (kept / f"v{schema.version}" / schema.slug).iterdir():
            assert path.read_bytes()[2:10] == schema.fingerprint
            assert Codec(schemas=load_all(folder)).decode(path.read_bytes())[0] == schema.type
    assert keep(folder, kept) == [], "nothing to do a second time"


def test_what_may_still_change_is_written_anew_and_what_is_released_never(folder: Path, kept: Path) -> None:
    keep(folder, kept)
    rename_site(folder, "Harbour North")
    assert names(keep(folder, kept), kept) == {"v1/site/harbour.avro"}
    freeze(folder)
    before = (kept / "v1/site/harbour.avro").read_bytes()
    rename_site(folder, "Harbour South")
    assert keep(folder, kept) == []
    assert (kept / "v1/site/harbour.avro").read_bytes() == before


def test_what_a_release_has_not_kept_yet_is_added(folder: Path, kept: Path) -> None:
    freeze(folder)
    assert len(keep(folder, kept)) == len(list((folder / "examples").rglob("*.json")))


def test_bytes_whose_example_is_gone_go_too_unless_they_are_released(folder: Path, kept: Path) -> None:
    keep(folder, kept)
    (folder / "examples/site/1/harbour.json").unlink()
    assert names(keep(folder, kept), kept) == {"v1/site/harbour.avro"}
    assert not (kept / "v1/site/harbour.avro").exists()
    freeze(folder)
    (folder / "examples/site/1/hospital-wing.json").unlink()
    assert keep(folder, kept) == []
    assert (kept / "v1/site/hospital-wing.avro").exists()


def test_what_is_kept_here_is_as_it_should_be() -> None:
    assert list(outdated(FOLDER, KEPT)) == []


def test_a_release_freezes_every_version_and_its_check_finds_the_one_that_was_left_out(folder: Path) -> None:
    (folder / "topics").mkdir()
    for name in ("verdicts", "sites"):
        shutil.copy(FOLDER / f"topics/{name}.yaml", folder / "topics")
    assert check(folder) == (1, ALL)
    assert freeze(folder) == ALL
    assert check(folder) == (0, [])
    shutil.copy(FOLDER / "avro/site.v1.avsc", folder / "avro/site.v2.avsc")
    assert "avro/site.v2.avsc" in check(folder)[1]


def check(folder: Path) -> tuple[int, list[str]]:
    """Return the exit code of the check for a release, and what it finds fault with."""
    said = CliRunner().invoke(build(["schemas"]), ["schemas", "check", "--release", "--json", "--folder", str(folder)])
    return said.exit_code, [json.loads(line)["where"] for line in said.stdout.splitlines()]
