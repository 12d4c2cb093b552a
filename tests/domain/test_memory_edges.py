"""What was done is forgotten to the microsecond, marks move with what is handled, and the next release reads both."""

import pytest

from fairwatch.domain.memory import Memory
from tests.support.records import AT

DAY = 24 * 3_600 * 1_000_000


@pytest.mark.parametrize(("earlier", "known"), [(1, True), (0, False)])
def test_an_id_is_forgotten_31_days_after_the_four_days_in_which_it_came(log, earlier, known):
    log.do((1, "a", AT))
    log.now = AT + 4 * DAY
    log.do((2, "b", log.now))
    log.now = AT + 35 * DAY - earlier
    log.do((3, "c", log.now))
    assert Memory(log.state, 0, log.now).knows("a") is known
    assert Memory(log.state, 0, log.now).knows("b")


def test_nothing_is_left_behind_of_a_span_that_is_forgotten_while_something_in_it_changes(log):
    log.do((1, "a", AT), (2, "b", AT))
    log.now = AT + 4 * DAY
    log.do((3, "c", log.now))
    memory = Memory(log.state, 0, AT + 35 * DAY)
    memory.forget("a")
    memory.note("d")
    memory.save()
    assert [key for key, _ in log.state.items(0) if key.startswith("\x000.")] == []
    again = Memory(log.state, 0, AT + 35 * DAY)
    assert [again.knows(name) for name in "abcd"] == [False, False, True, True]


def test_a_span_lasts_four_days_and_not_a_microsecond_less(log):
    for after in (0, DAY, 4 * DAY - 1, 4 * DAY):
        log.now = AT + after
        log.do((-1, f"after {after}", log.now))
    assert log.index["spans"] == [[0, AT], [1, AT + 4 * DAY]]


@pytest.mark.parametrize(("later", "repeats"), [(-1, True), (0, False)])
def test_below_the_mark_what_is_dated_more_than_thirty_days_ago_was_done(log, later, repeats):
    log.do((5, "a", AT))
    log.now = AT + 30 * DAY
    assert log.do((5, "another", AT + later)) == [repeats]


def test_what_lies_at_the_mark_was_done_also_at_the_first_offset_of_a_log(log):
    log.do((0, "a", AT))
    log.now += 200 * DAY
    assert log.do((0, "b", AT), (1, "c", AT)) == [True, False]


def test_the_mark_moves_with_each_batch_and_with_what_comes_again(log):
    log.do((1, "a", AT))
    log.do((4, "b", AT))
    log.do((7, "b", AT))
    log.now += 200 * DAY
    assert log.index["marks"] == {"things": 7}
    assert log.do((7, "c", AT), (8, "d", AT)) == [True, False]


def test_what_is_new_at_the_mark_itself_says_that_the_log_begins_anew(log):
    log.do((5, "a", AT))
    log.now += 200 * DAY
    assert log.do((5, "fresh", log.now), (5, "late", AT), (4, "below", AT)) == [False, False, True]


def test_what_comes_from_no_log_leaves_no_mark(log):
    assert log.do((-1, "a", AT), (-1, "a", AT)) == [False, True]
    assert log.index["marks"] == {}


def test_what_was_noted_is_known_to_the_next_batch_and_saved_once(log):
    memory = Memory(log.state, 0, AT)
    memory.note("a")
    memory.save()
    log.state.put = None
    memory.save()
    assert Memory(log.state, 0, AT).knows("a")


def test_what_is_kept_has_a_form_that_every_release_can_read(log):
    log.do((3, "a", AT))
    assert dict(log.state.items(0)) == {
        "\x000.347": {"ids": ",XoDa++CFt7LC,"},
        "\0memory": {"spans": [[0, AT]], "marks": {"things": 3}},
    }
