"""The watchdog tells what stands still, and nothing that is only slow."""

from fairwatch.engine.watchdog import Watchdog


def test_watchdog_tells_offsets_that_are_never_committed():
    watchdog = Watchdog(patience_s=10)
    stuck = {"handled": {"p": 5}, "committed": {"p": 3}, "positions": {"p": 5}, "ends": {"p": 5}, "busy": False}
    assert watchdog.stuck(0, **stuck) is None
    assert watchdog.stuck(9, **stuck) is None
    assert "committed only up to 3" in watchdog.stuck(10, **stuck)


def test_watchdog_begins_anew_when_something_is_committed():
    watchdog = Watchdog(patience_s=10)
    seen = {"handled": {"p": 5}, "positions": {"p": 5}, "ends": {"p": 5}, "busy": False}
    assert watchdog.stuck(0, **seen, committed={"p": 3}) is None
    assert watchdog.stuck(9, **seen, committed={"p": 4}) is None
    assert watchdog.stuck(18, **seen, committed={"p": 4}) is None
    assert watchdog.stuck(19, **seen, committed={"p": 4}) is not None


def test_watchdog_tells_events_that_are_never_fetched():
    watchdog = Watchdog(patience_s=10)
    stuck = {"handled": {}, "committed": {"p": 3}, "positions": {"p": 3}, "ends": {"p": 5}, "busy": False}
    assert watchdog.stuck(0, **stuck) is None
    assert "nothing from 3 on" in watchdog.stuck(11, **stuck)


def test_watchdog_is_content_with_progress_and_with_slow_batches():
    watchdog = Watchdog(patience_s=10)
    for now in range(0, 100, 9):
        moving = {"handled": {"p": now + 1}, "committed": {"p": now}, "positions": {"p": now + 9}, "ends": {"p": 500}}
        assert watchdog.stuck(now, **moving, busy=False) is None
    slow = {"handled": {"p": 91}, "committed": {"p": 91}, "positions": {"p": 91}, "ends": {"p": 500}}
    assert all(watchdog.stuck(now, **slow, busy=True) is None for now in range(100, 200, 9))


def test_watchdog_takes_an_expired_topic_for_what_it_is():
    watchdog = Watchdog(patience_s=10)
    empty = {"handled": {}, "committed": {}, "positions": {"p": 500}, "ends": {"p": 500}, "busy": False}
    assert all(watchdog.stuck(now, **empty) is None for now in range(0, 100, 9))


def first_told(watchdog, moments):
    """Return when the watchdog tells of a partition that stands still while another flows under load."""
    for now in moments:
        told = watchdog.stuck(
            now, handled={}, committed={}, positions={"flows": now, "stands": 3}, ends={"flows": 500, "stands": 5},
            busy=True,
        )  # fmt: skip
        if told is not None:
            assert "stands ends at 5 but nothing from 3 on" in told
            return now
    raise AssertionError("never told")


def test_watchdog_tells_a_partition_that_is_never_fetched_while_another_flows():
    assert first_told(Watchdog(patience_s=10), range(100, 200)) == 110


def test_watchdog_tells_it_after_two_turns_of_each_partition_at_least():
    assert first_told(Watchdog(patience_s=1), range(100, 200)) == 105


def test_watchdog_lets_a_partition_wait_for_its_turn_behind_slow_batches_of_others():
    watchdog = Watchdog(patience_s=10)
    partitions = range(5)
    for now in range(400):  # a batch of one partition takes 20 s
        turn = now // 20
        positions = {number: 100 * sum(done % 5 == number for done in range(turn)) for number in partitions}
        ends = dict.fromkeys(partitions, 100_000)
        assert watchdog.stuck(now, handled={}, committed={}, positions=positions, ends=ends, busy=True) is None


def test_watchdog_tells_a_standstill_between_rare_events_of_another_partition():
    watchdog = Watchdog(patience_s=10)
    told = [
        watchdog.stuck(
            now, handled={}, committed={}, positions={"rare": now // 4, "stands": 3},
            ends={"rare": now // 4, "stands": 5}, busy=now % 4 == 0,
        )
        for now in range(20)
    ]  # fmt: skip
    assert told[9] is None
    assert told[-1] is not None


def test_watchdog_begins_anew_with_a_partition_that_was_held_back():
    watchdog = Watchdog(patience_s=10)
    seen = {"handled": {}, "committed": {}, "positions": {"p": 3}, "busy": False}
    assert watchdog.stuck(0, **seen, ends={"p": 5}) is None
    assert watchdog.stuck(9, **seen, ends={}) is None
    assert watchdog.stuck(18, **seen, ends={"p": 5}) is None
    assert watchdog.stuck(27, **seen, ends={"p": 5}) is None
    assert watchdog.stuck(28, **seen, ends={"p": 5}) is not None


def test_watchdog_begins_anew_when_partitions_changed_hands():
    watchdog = Watchdog(patience_s=10)
    both = {"handled": {"p": 5}, "committed": {"p": 3}, "positions": {"q": 3}, "ends": {"q": 5}, "busy": False}
    assert watchdog.stuck(0, **both) is None
    assert watchdog.stuck(9, **both) is None
    watchdog.forget()
    assert watchdog.stuck(11, **both) is None
    assert watchdog.stuck(20, **both) is None
    assert watchdog.stuck(21, **both) is not None
