"""The file of checkpoints grows by whole lines that follow from each other, or not at all."""

from pathlib import Path

import pytest

from fairwatch.domain.errors import ConfigurationError, RestartError, RetryableError
from fairwatch.policy.audit_anchor import checkpoint, digest
from fairwatch.policy.merkle import Tree
from fairwatch.stores.checkpoints import CheckpointFile
from tests.support.trust import ADMIN

TREE = Tree()
TREE.add("a" * 64)
FIRST = checkpoint({"audit-0": TREE}, ADMIN, at=1)
SECOND = checkpoint({"audit-0": TREE}, ADMIN, at=2, previous=digest(FIRST))


async def test_checkpoints_come_back_as_they_were_and_one_that_is_written_again_is_there_once(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "deep" / "log")
    assert file.read() == []
    assert [await file.keep(said) for said in (FIRST, FIRST, SECOND, SECOND)] == ["ok"] * 4
    assert await file.keep(FIRST) == "conflict"
    assert file.read() == [FIRST, SECOND]


def test_a_line_that_a_crash_cut_off_counts_as_not_written(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = CheckpointFile(path)
    file.append(FIRST)
    path.write_bytes(path.read_bytes() + b'{"chains": {"audit')
    assert file.read() == [FIRST]
    file.append(SECOND)
    assert file.read() == [FIRST, SECOND]


def test_what_does_not_follow_from_the_last_checkpoint_is_not_written(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "log")
    with pytest.raises(RestartError, match="is not the one before"):
        file.append(SECOND)
    file.append(FIRST)
    with pytest.raises(RestartError, match="is not the one before"):
        file.append({**FIRST, "at": 3})
    assert file.read() == [FIRST]


async def test_a_volume_that_is_not_there_may_come_back_and_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("not json\n")
    with pytest.raises(RetryableError):
        CheckpointFile(tmp_path / "taken" / "log").append(FIRST)
    assert await CheckpointFile(tmp_path / "taken" / "log").keep(FIRST) == "unwritable"
    with pytest.raises(ConfigurationError, match="no file of checkpoints"):
        CheckpointFile(tmp_path / "taken").read()
