"""What was remembered of work that did not take effect is done again, and nothing else is."""

from fairwatch.apps.rehearsal.memory import MemoryState
from fairwatch.domain.outcome import Emit
from fairwatch.domain.taken_back import LookedThrough, Returns, Untold

A, B = Emit("audit", "a", {}), Emit("audit", "b", {})


def back(state: MemoryState) -> None:
    state.restore(state.snapshot())


def test_a_partition_comes_back_once_each_time_its_state_went_back() -> None:
    state = MemoryState()
    returns = Returns(state)
    assert [returns.of(0), returns.of(0), returns.of(1)] == [True, False, True]
    back(state)
    assert [returns.of(0), returns.of(0), returns.of(1)] == [True, False, True]


def test_a_partition_is_looked_through_once_under_each_version_and_once_more_when_its_state_went_back() -> None:
    state = MemoryState()
    looked = LookedThrough(state)
    assert looked.changed([0, 1], 1) == [0, 1]
    assert looked.changed([0, 1], 1) == []
    assert looked.changed([0], 2) == [0]
    assert looked.changed([0, 1], 2) == [1], "it was somebody else's meanwhile"
    back(state)
    assert looked.changed([0, 1], 2) == [0, 1]
    assert looked.changed([0, 1], 2) == []


def test_what_was_said_in_vain_is_said_again_before_what_is_new_until_it_is_said() -> None:
    state = MemoryState()
    untold = Untold(state)
    assert untold.give(0, [A]) == [A]
    back(state)
    assert untold.give(0, [B]) == [A, B]
    back(state)
    assert untold.give(0, []) == [A, B]
    assert untold.give(0, []) == []
    back(state)
    assert untold.give(0, []) == [], "nothing was said in vain"


def test_who_looks_through_is_unsure_of_what_it_never_saw_and_of_what_went_back_since() -> None:
    state = MemoryState()
    looked = LookedThrough(state)
    assert looked.is_unsure(0)
    looked.changed([0], 1)
    assert (looked.is_unsure(0), looked.is_unsure(1)) == (False, True)
    back(state)
    assert looked.is_unsure(0)
    looked.changed([0], 1)
    assert not looked.is_unsure(0)
