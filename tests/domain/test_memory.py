"""What was done is remembered by id for a month and by offset for ever, whatever happens to the log."""

import pytest

from fairwatch.domain.event import Event
from fairwatch.domain.memory import DAY, HIDDEN, KEEP, SHELF_LIMIT, SHELVES, SPAN, BriefMemory, Memory
from fairwatch.wire.topics import topics
from tests.support.records import AT


def test_a_thing_is_done_once_within_a_batch_and_over_batches(log):
    assert log.do((1, "a", AT), (2, "a", AT), (3, "b", AT)) == [False, True, False]
    assert log.do((4, "b", AT), (5, "c", AT)) == [True, False]


def test_an_id_may_come_again_under_a_new_offset_for_a_month(log):
    log.do((1, "a", AT))
    for _ in range(KEEP // DAY):
        log.now += DAY
        assert log.do((log.now, "a", log.now)) == [True]
    assert log.do((log.now + 1, "new", log.now)) == [False]


def test_ids_are_forgotten_by_time_and_with_them_their_shelves(log):
    for day in range(120):
        log.now = AT + day * DAY
        log.do((day, f"thing of {day}", log.now))
    kept = [key for key, value in log.state.items(0) if "ids" in value]
    assert KEEP // DAY <= len(kept) <= (KEEP + 2 * SPAN) // DAY
    assert log.do((1000, "thing of 3", log.now)) == [False]


def test_what_happened_long_ago_and_lies_below_the_mark_was_done(log):
    log.do(*((offset, f"thing {offset}", AT) for offset in range(10)))
    log.now += 200 * DAY
    assert log.do((10, "fresh", log.now)) == [False]
    assert log.do((9, "thing 9", AT), (0, "thing 0", AT), (11, "a late one", AT)) == [True, True, False]


def test_what_lay_in_the_log_for_long_is_done_when_it_is_first_read(log):
    log.now += 200 * DAY
    assert log.do((0, "a", AT), (1, "b", AT)) == [False, False]
    assert log.do((0, "a", AT), (1, "b", AT), (2, "c", AT)) == [True, True, False]


def test_one_old_event_may_be_several_things_to_do(log):
    log.do((0, "before", AT))
    log.now += 200 * DAY
    assert log.do((1, "for the first", AT), (1, "for the second", AT)) == [False, False]


def test_a_log_that_begins_anew_silences_nothing(log):
    log.do(*((offset, f"old {offset}", AT) for offset in range(1_000)))
    log.now += 200 * DAY
    assert log.do((5, "new 5", log.now), (7, "new 7", log.now)) == [False, False]
    assert log.do((8, "late", AT)) == [False], "the mark is the new log's"
    assert log.do((7, "lost by both", AT)) == [True], "and so it stays"


def test_what_is_dated_long_ago_is_done_too_once_a_log_has_begun_anew(log):
    log.do(*((offset, f"old {offset}", AT) for offset in range(1_000)))
    log.now += 200 * DAY
    assert log.do((5, "new", log.now), (6, "late", AT), (7, "later", AT)) == [False, False, False]


def test_what_comes_again_leaves_the_mark_where_it_is(log):
    log.do((0, "a", AT), (9, "z", AT))
    log.do((0, "a", AT))
    log.now += 200 * DAY
    log.do((10, "fresh", log.now))
    assert log.do((8, "never handled", AT), (9, "z", AT)) == [True, True]


def test_a_record_of_a_worker_whose_clock_is_ahead_is_done_once(log):
    hour = DAY // 24
    log.do((1, "a", AT))
    log.now = AT + SPAN - hour
    log.do((2, "b", AT + SPAN + hour))
    log.now = AT + SPAN
    log.do((3, "c", log.now))
    log.now = AT + SPAN + KEEP
    log.do((4, "d", log.now))
    assert not Memory(log.state, 0, log.now).knows("b")
    assert log.do((2, "b", AT + SPAN + hour)) == [True]


def test_what_is_taken_out_of_a_span_that_ends_leaves_nothing(log):
    log.do((1, "a", AT), (1, "b", AT))
    log.now += SPAN
    log.do((2, "c", log.now))
    log.now += KEEP
    memory = Memory(log.state, 0, log.now)
    memory.forget("a")
    memory.note("d")
    memory.save()
    assert not [key for key, _ in log.state.items(0) if key.startswith(f"{HIDDEN}0.")]


def test_after_a_replay_from_the_beginning_the_mark_is_where_it_was(log):
    log.do((0, "a", AT), (2, "c", AT), (9, "z", AT))
    log.do((0, "a", AT), (1, "was a dead letter", AT), (2, "c", AT), (9, "z", AT))
    log.now += 200 * DAY
    assert log.do((9, "z", AT)) == [True]


def test_outside_a_log_the_id_alone_counts(log):
    assert log.do((-1, "a", AT), (-1, "b", AT), (-1, "a", AT)) == [False, False, True]
    log.now += 200 * DAY
    assert log.do((-1, "c", AT), (-1, "d", AT)) == [False, False]


def test_each_topic_has_its_mark(log):
    log.do((100, "a", AT))
    log.now += 200 * DAY
    memory = Memory(log.state, 0, log.now)
    assert not memory.repeats(Event("others", "Thing", {}, offset=3), "b", AT)


def test_what_is_forgotten_on_purpose_may_come_again(log):
    log.do((1, "a", AT), (2, "b", AT))
    log.now += SPAN
    memory = Memory(log.state, 0, log.now)
    memory.forget("a")
    memory.save()
    assert log.do((3, "a", AT), (4, "b", AT)) == [False, True]


def test_a_clock_that_is_turned_back_or_ahead_for_an_hour_forgets_nothing(log):
    log.do((1, "a", AT))
    for hours in (1, -1, 0):
        log.now = AT + hours * 3_600_000_000
        assert log.do((2, "a", AT)) == [True]


def test_a_clock_that_was_a_year_ahead_does_not_stop_time(log):
    log.now = AT + 365 * DAY
    log.do((1, "a", AT))
    log.now = AT
    log.do((2, "b", AT))
    assert log.do((3, "a", AT), (3, "b", AT)) == [True, True]
    assert len(dict(log.state.items(0))[HIDDEN + "memory"]["spans"]) == 2


def test_nothing_is_written_when_nothing_is_new(log):
    log.do((1, "a", AT))
    before = log.state.snapshot()
    log.state.put = None
    assert log.do((1, "a", AT)) == [True]
    assert log.state.snapshot() == before


def test_a_rollback_takes_memory_along(log):
    saved = log.state.snapshot()
    log.do((1, "a", AT))
    log.state.restore(saved)
    assert log.do((1, "a", AT)) == [False]


def test_ids_of_any_text_are_told_apart(log):
    names = ["", ",", "a,b", "a", "b", "ä" * 10_000, "\0", "\ud800", '{"a": 1}']
    assert log.do(*((n, name, AT) for n, name in enumerate(names))) == [False] * len(names)
    assert log.do(*((n, name, AT) for n, name in enumerate(names))) == [True] * len(names)


@pytest.mark.parametrize("name", ["\0", "x"])
def test_a_shelf_that_somebody_fills_on_purpose_stays_small(log, name, monkeypatch):
    monkeypatch.setattr("fairwatch.domain.memory.SHELVES", 1)
    many = 3 * SHELF_LIMIT // 13
    log.do(*((n, f"{name}{n}", AT) for n in range(many)))
    assert all(len(value.get("ids", "")) <= SHELF_LIMIT + 13 for _, value in log.state.items(0))
    assert all(log.do(*((n, f"{name}{n}", AT) for n in range(0, many, 97))))


def test_a_hundred_thousand_ids_are_rows_of_a_kilobyte(log):
    memory = Memory(log.state, 0, log.now)
    for n in range(100_000):
        memory.note(f"thing {n}")
    memory.save()
    sizes = [len(text) for text in log.state.partitions[0].values()]
    assert len(sizes) == SHELVES + 1
    assert max(sizes) < 2_048
    again = Memory(log.state, 0, log.now)
    assert all(again.knows(f"thing {n}") for n in range(100_000))
    assert not any(again.knows(f"other {n}") for n in range(100_000))


@pytest.mark.parametrize(
    "name", ["sightings", "observations", "verdicts", "candidates", "verifications", "alert-triggers"]
)
def test_memory_outlives_the_topics_from_which_ids_come_again(name):
    assert topics()[name].retention_hours * 3_600_000_000 < KEEP


def test_what_a_back_test_has_played_is_known_by_its_id_alone():
    memory = BriefMemory()
    assert [memory.repeats(None, name, AT) for name in ("a", "b", "a")] == [False, False, True]
    memory.note("c")
    memory.save()
    assert [memory.knows(name) for name in ("a", "c", "d")] == [True, True, False]
