"""Timers do not run ahead of what lies unread."""

import pytest

from fairwatch.policy.reached import BEHIND, Reached
from tests.support.processor_world import MemoryState
from tests.support.records import AT

NOW = AT + 60_000_000


def reached(unread, *known_at):
    found = Reached(MemoryState(), lambda _partitions: unread)
    for at in known_at:
        found.note(0, at)
    return found


@pytest.mark.parametrize(
    ("newest", "until"),
    [(NOW, NOW), (NOW - BEHIND, NOW), (NOW - BEHIND - 1, NOW - BEHIND - 1), (NOW + 1, NOW)],
)
@pytest.mark.parametrize("unread", [5, None])
def test_while_steps_lie_unread_time_passes_up_to_the_newest_that_was_read(newest, until, unread):
    assert reached(unread, newest).known_until(0, NOW) == until


def test_where_everything_was_read_time_passes_however_old_the_last_step_is():
    assert reached(0, AT).known_until(0, NOW) == NOW
    assert reached(0).known_until(0, NOW) == NOW


def test_the_newest_step_counts_in_whichever_order_they_come_and_each_partition_for_itself():
    found = reached(1, AT + 7, AT)
    assert (found.known_until(0, NOW), found.known_until(1, NOW)) == (AT + 7, 0)


def test_what_was_read_and_taken_back_is_read_anew():
    state = MemoryState()
    found = Reached(state, lambda _partitions: 1)
    assert found.begin([0, 1]) == [0, 1]
    found.note(0, AT)
    assert found.begin([0, 1]) == []
    assert found.known_until(0, NOW) == AT
    state.restore(state.snapshot())
    assert found.begin([0]) == [0]
    found.note(0, AT - 5)
    assert found.known_until(0, NOW) == AT - 5
