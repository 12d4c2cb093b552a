"""Which key of a state is due when."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.domain.agenda import MANY, RESCAN, RESCAN_MANY, SLACK, SLICE, Agenda
from fairwatch.engine.state import Held, PartitionedState


@pytest.fixture
def state() -> PartitionedState:
    """Give an empty state of two partitions."""
    return empty()


def empty() -> PartitionedState:
    state = PartitionedState()
    state.restore({0: Held({}), 1: Held({})})
    return state


def agenda_of(state: PartitionedState) -> Agenda:
    return Agenda(state, lambda value: value["due"])


def keys(agenda: Agenda, now: int) -> list[str]:
    return [key for _, key, _ in agenda.due([0, 1], now)]


def test_the_next_key_that_is_due_is_known_in_every_partition(state: PartitionedState) -> None:
    agenda = agenda_of(state)
    assert agenda.next_at() is None
    agenda.put(0, "a", {"due": 30})
    agenda.put(1, "b", {"due": 20})
    assert agenda.next_at() == 20
    agenda.put(1, "b", {"due": 40})
    assert agenda.next_at() == 30
    agenda.delete(0, "a")
    assert agenda.next_at() == 40


def test_what_nobody_acted_on_stays_due(state: PartitionedState) -> None:
    agenda = agenda_of(state)
    agenda.put(0, "a", {"due": 10})
    assert keys(agenda, 10) == ["a"]
    assert keys(agenda, 11) == ["a"]
    assert agenda.next_at() == 10


def test_a_time_that_was_rolled_back_is_the_one_before_again(state: PartitionedState) -> None:
    agenda = agenda_of(state)
    agenda.put(0, "a", {"due": 50})
    keys(agenda, 0)
    state.savepoint()
    agenda.put(0, "a", {"due": 10})
    state.rollback()
    assert keys(agenda, 10) == []
    assert agenda.next_at() == 50


def test_of_two_large_partitions_one_is_read_again_at_a_time(state: PartitionedState) -> None:
    agenda = agenda_of(state)
    agenda.look([0, 1], now=0)
    for number in range(MANY):
        agenda.put(0, f"a{number}", {"due": 1 << 50})
        agenda.put(1, f"b{number}", {"due": 1 << 50})
    state.put(0, "a", {"due": 5})
    state.put(1, "b", {"due": 5})
    later, looks = RESCAN + RESCAN_MANY, MANY // SLICE + 1
    found = [keys(agenda, later + look) for look in range(2 * looks)]
    assert "b" not in found[looks - 1], "one partition at a time"
    assert (found[looks - 1], found[-1]) == (["a"], ["a", "b"])


def test_partitions_that_were_given_away_are_forgotten(state: PartitionedState) -> None:
    agenda = agenda_of(state)
    agenda.put(0, "a", {"due": 10})
    agenda.put(1, "b", {"due": 20})
    assert [key for _, key, _ in agenda.due([1], 5)] == []
    assert agenda.next_at() == 20


def test_a_key_that_is_put_off_again_and_again_costs_no_memory(state: PartitionedState) -> None:
    agenda = agenda_of(state)
    for due in range(10 * SLACK):
        agenda.put(0, "a", {"due": due})
    assert len(agenda._queues[0]) <= SLACK + 3  # what it holds is the point


Step = tuple[str, str, int]


@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "delete", "look"]), st.sampled_from("abc"), st.integers(0, 100)), max_size=40
    )
)
def test_it_tells_what_reading_the_whole_state_would_tell(steps: list[Step]) -> None:
    state = empty()
    agenda, held = agenda_of(state), dict[str, int]()
    for action, key, number in steps:
        if action == "put":
            agenda.put(0, key, {"due": number})
            held[key] = number
        elif action == "delete":
            agenda.delete(0, key)
            held.pop(key, None)
        else:
            due: list[Any] = sorted((at, name) for name, at in held.items() if at <= number)
            assert keys(agenda, number) == [name for _, name in due]
        assert agenda.next_at() == min(held.values(), default=None)
