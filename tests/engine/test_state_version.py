"""State that a later version wrote is left as it is, and what is wrong is said."""

from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from fairwatch.domain.clock import SystemClock
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.restoring import Restoring, _fold
from fairwatch.engine.state import FOREIGN, MARK, Held, PartitionedState


def folded(*rows: tuple[bytes | None, bytes | None]) -> Held:
    held = Held({}, begin=4)
    _fold(held, [SimpleNamespace(key=key, value=value) for key, value in rows])
    return held


def restoring(version: int) -> Restoring:
    return Restoring("probe", EngineConfig("nowhere"), "probe-state", PartitionedState(version), SystemClock(), {"in"})


async def later(looks: Restoring, *found: Held) -> bool:
    """Look once; nobody waits for the next look."""
    return await looks._later(dict(enumerate(found)), lambda: False)


def test_what_was_written_before_there_were_versions_is_of_the_first():
    held = folded((MARK.encode(), b'{"begin":4}'), (b"a", b"{}"))
    assert (held.mark, held.version, held.rows) == (4, 1, {"a": b"{}"})


def test_a_version_is_written_once_and_read_back():
    state = PartitionedState(3)
    state.restore({0: folded((MARK.encode(), b'{"begin":4,"version":2}'))})
    [(_, key, value)] = state.changes()
    assert (key, value) == (MARK, b'{"begin":4,"version":3}')
    state.flushed([(0, 9)], 5)
    state.release()
    state.restore(state.kept)
    assert state.changes() == []
    assert folded((key.encode(), value)).version == 3


@pytest.mark.parametrize(
    "row",
    [
        (b"\xff\xfe", b"{}"),
        (None, b"{}"),
        (MARK.encode(), b"\x01packed"),
        (MARK.encode(), b"[4]"),
        (MARK.encode(), b'{"since":4}'),
        (MARK.encode(), None),
    ],
    ids=["a key that is no text", "no key", "no JSON", "no object", "no begin", "no mark"],
)
def test_what_no_version_that_we_know_of_writes_is_of_a_later_one_whatever_follows(row):
    held = folded((b"a", b"1"), row, (b"b", b"2"))
    assert (held.version, held.rows) == (FOREIGN, {"a": b"1", "b": b"2"})


@pytest.mark.parametrize(("written", "ours", "waits"), [(1, 1, False), (1, 2, False), (2, 2, False), (2, 1, True)])
async def test_only_a_later_version_is_waited_for(written, ours, waits):
    looks = restoring(ours)
    assert await later(looks, Held({}, version=1), Held({}, version=written)) is waits
    named = f"state of a later version: probe-state [1] is of version {written}, this program reads {ours}"
    assert looks.trouble == (named if waits else None)


async def test_a_later_version_is_said_once_and_again_when_it_has_changed():
    looks = restoring(1)
    with capture_logs() as logs:
        for version in (2, 2, FOREIGN):
            assert await later(looks, Held({}, version=version))
    assert [line["event"] for line in logs] == ["state.later_version"] * 2
    assert "[0] is of version 2, this program reads 1: nothing is handled or overwritten" in logs[0]["error"]
    assert "holds what this program does not know" in logs[1]["error"]
