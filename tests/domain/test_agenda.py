"""What is due is told once it is, earliest first, also when another worker changed the state in between."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.domain.agenda import BESIDE, RESCAN, SLICE, Agenda

MINUTE = 60_000_000


class Shelf:
    """A state that counts how often a partition is read whole."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], dict[str, Any]] = {}
        self.scans = 0
        self.returns = 0

    def get(self, partition: int, key: str) -> dict[str, Any] | None:
        return self.values.get((partition, key))

    def put(self, partition: int, key: str, value: Mapping[str, Any]) -> None:
        self.values[partition, key] = dict(value)

    def delete(self, partition: int, key: str) -> None:
        self.values.pop((partition, key), None)

    def generation(self, partition: int) -> int:
        return self.returns

    def items(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        self.scans += 1
        yield from [(key, value) for (number, key), value in self.values.items() if number == partition]


def agenda() -> tuple[Agenda, Shelf]:
    shelf = Shelf()
    return Agenda(shelf, lambda value: value["at"]), shelf


def keys(found: Agenda, now: int, *partitions: int) -> list[str]:
    return [key for _, key, _ in found.due(partitions or (0,), now)]


def test_what_is_due_is_told_earliest_first_and_nothing_before_its_time() -> None:
    found, _ = agenda()
    for key, at in (("late", 30), ("early", 10), ("never", None), ("soon", 20)):
        found.put(0, key, {"at": at})
    assert keys(found, 9) == []
    assert keys(found, 20) == ["early", "soon"]
    assert keys(found, 30) == ["early", "soon", "late"]
    assert list(found.due((0,), 10)) == [(0, "early", {"at": 10})]


def test_what_was_deleted_or_is_due_no_more_is_not_told() -> None:
    found, shelf = agenda()
    for key in ("deleted", "never", "postponed", "kept"):
        found.put(0, key, {"at": 10})
    assert len(keys(found, 10)) == 4
    found.delete(0, "deleted")
    found.put(0, "never", {"at": None})
    found.put(0, "postponed", {"at": 50})
    assert keys(found, 10) == ["kept"]
    shelf.put(0, "deleted", {"at": 10})  # by somebody else: known again when the state is read again
    assert keys(found, 10) == ["kept"]


def test_what_a_rollback_took_back_is_not_told() -> None:
    found, shelf = agenda()
    assert keys(found, 0) == []
    found.put(0, "a", {"at": 10})
    found.put(0, "b", {"at": 10})
    found.put(0, "c", {"at": 10})
    shelf.delete(0, "a")
    shelf.put(0, "b", {"at": None})
    shelf.put(0, "c", {"at": 90})
    assert keys(found, 10) == []
    assert keys(found, 90) == ["c"]


def test_the_state_is_read_whole_once_a_minute_whichever_way_the_clock_goes() -> None:
    found, shelf = agenda()
    assert RESCAN == MINUTE
    for now, scans in ((100 * MINUTE, 1), (101 * MINUTE - 1, 1), (101 * MINUTE, 2), (50 * MINUTE, 3), (50 * MINUTE, 3)):
        assert keys(found, now) == []
        assert shelf.scans == scans, now


def test_a_partition_that_comes_back_is_read_anew() -> None:
    found, shelf = agenda()
    found.put(0, "mine", {"at": 10})
    assert keys(found, 10, 0, 1) == ["mine"]
    assert keys(found, 10, 1) == []
    shelf.delete(0, "mine")
    shelf.put(0, "theirs", {"at": 5})  # by the worker that had the partition in between
    assert keys(found, 10, 0, 1) == ["theirs"]
    assert shelf.scans == 3, "partition 1 was ours all the time"


def test_reading_anew_forgets_what_is_gone() -> None:
    found, shelf = agenda()
    found.put(0, "mine", {"at": 10})
    assert keys(found, 10) == ["mine"]
    shelf.delete(0, "mine")
    assert keys(found, 10 + MINUTE) == []
    shelf.put(0, "mine", {"at": 10})
    assert keys(found, 11 + MINUTE) == [], "it is not on the list any more, and the next reading is a minute away"


def test_a_large_state_is_read_whole_less_often_by_ten_seconds_for_each_thousand_keys() -> None:
    found, shelf = agenda()
    for number in range(1_999):
        found.put(0, str(number), {"at": 10**12})
    found.look((0,), 0)
    found.look((0,), 70_000_000 - 1)
    assert shelf.scans == 1
    found.look((0,), 70_000_000)
    assert shelf.scans == 2


def test_a_large_state_is_read_again_in_slices_and_what_is_known_stays_known() -> None:
    found, shelf = agenda()
    for number in range(2_000):
        found.put(0, str(number), {"at": 10**12})
    found.look((0,), 0)
    found.put(0, "mine", {"at": 80_000_000})
    shelf.put(0, "theirs", {"at": 1})
    asked: list[str] = []
    shelf.get = lambda _, key: asked.append(key) or shelf.values.get((0, key))  # type: ignore[method-assign]
    looks = []
    for step in range(6):
        asked.clear()
        found.look((0,), 80_000_000 + step)
        looks.append(len(asked))
    assert looks == [SLICE, SLICE, SLICE, SLICE, 2, 0]
    assert keys(found, 80_000_006) == ["theirs", "mine"]


def test_of_much_that_is_due_as_many_are_told_as_are_asked_for_and_the_earliest() -> None:
    found, _ = agenda()
    for key, at in (("third", 3), ("first", 1), ("second", 2)):
        found.put(0, key, {"at": at})
    assert [key for _, key, _ in found.due((0,), 10, most=2)] == ["first", "second"]
    assert keys(found, 10) == ["first", "second", "third"]


def test_what_is_later_is_due_after_now_and_stands_in_a_lane_that_is_asked_for() -> None:
    found = lanes()
    for key, at in (("a-now", 10), ("a-later", 11), ("b-later", 12), ("c-later", 13)):
        found.put(0, key, {"at": at})
    assert found.later((0, 1), 10, {"a", "b"}) == [(0, "a-later"), (0, "b-later")]


def test_what_is_never_due_is_waited_for_no_more() -> None:
    found, _ = agenda()
    found.put(0, "a", {"at": 10})
    assert found.next_at() == 10
    found.put(0, "a", {"at": None})
    assert found.next_at() is None
    assert found.keys(0, "") == []


def test_what_was_deleted_is_waited_for_no_more_and_not_counted() -> None:
    found, _ = agenda()
    found.put(0, "a", {"at": 10})
    found.put(1, "b", {"at": 20})
    assert (len(found), found.next_at()) == (2, 10)
    found.delete(0, "a")
    assert (len(found), found.next_at()) == (1, 20)


def test_what_is_put_off_again_and_again_leaves_a_thousand_entries_and_what_waits_beside_it_stays() -> None:
    found = lanes()
    found.look((0,), 0)  # so that it is not read whole later, which would mend everything
    others = {f"a-{number}": 1_000_000 - number for number in range(9)}
    for key, at in others.items():
        found.put(0, key, {"at": at})
    found.put(0, "b-1", {"at": 7})
    longest = 0
    for at in range(5_000):
        found.put(0, "a-x", {"at": 2_000_000 + at})
        longest = max(longest, len(found._queues[0]["a"]))
    assert longest == 2 * (len(others) + 2) + 1024
    assert [key for _, key, _ in found.due((0,), 3_000_000, "a")] == [*reversed(others), "a-x"]
    assert [key for _, key, _ in found.due((0,), 3_000_000, "b")] == ["b-1"]


def lanes() -> Agenda:
    """Return an agenda whose keys stand in the lane of their first letter."""
    return Agenda(Shelf(), lambda value: value["at"], lambda key, _: key[:1])


def test_what_was_deleted_in_vain_is_known_again_at_once() -> None:
    found, shelf = agenda()
    found.put(0, "kept", {"at": 10})
    assert keys(found, 10) == ["kept"]
    before = dict(shelf.values)
    found.delete(0, "kept")
    shelf.values, shelf.returns = before, 1  # it was not written: the state goes back
    assert keys(found, 11) == ["kept"]


def test_what_nobody_else_changes_is_read_once_for_the_partitions_that_there_are() -> None:
    shelf = Shelf()
    found = Agenda(shelf, lambda value: value["at"], is_sole=True)
    found.put(0, "a", {"at": 10})
    assert keys(found, 10) == ["a"]
    shelf.put(0, "b", {"at": 5})
    assert keys(found, 100 * MINUTE) == ["a"]
    assert shelf.scans == 1
    assert keys(found, 100 * MINUTE, 0, 1) == ["b", "a"], "another partition came"


def test_the_memory_of_what_was_done_is_not_due_and_what_stands_beside_the_groups_is() -> None:
    found, shelf = agenda()
    shelf.put(0, "\0memory", {"spans": []})
    shelf.put(0, f"{BESIDE}held|a", {"at": 5})
    shelf.put(0, "a", {"at": 10})
    assert keys(found, 10) == [f"{BESIDE}held|a", "a"]
    assert [key for key, _ in found.items(0)] == [f"{BESIDE}held|a", "a"]
    for number in range(1_000):
        found.put(0, str(number), {"at": 10**12})
    for step in range(4):  # a large partition is read again in slices: they pass the memory over, too
        found.look((0,), 10 + 2 * MINUTE + step)
    assert len(found) == 1_002


def test_of_a_large_state_no_more_than_a_slice_is_read_in_one_instant() -> None:
    found, shelf = agenda()
    for number in range(1_200):
        found.put(0, str(number), {"at": 10**12})
    found.look((0,), 0)
    asked: list[str] = []
    shelf.get = lambda _, key: asked.append(key) or shelf.values.get((0, key))  # type: ignore[method-assign]
    for _ in range(3):
        found.look((0,), 80_000_000)
    assert len(asked) == SLICE


def test_what_is_gone_when_its_slice_is_read_is_waited_for_no_more() -> None:
    found, shelf = agenda()
    found.put(0, "gone", {"at": 10**12})
    for number in range(1_200):
        found.put(0, str(number), {"at": 10**12})
    found.look((0,), 0)
    items = shelf.items

    def read(partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        rows = list(items(partition))
        shelf.delete(0, "gone")  # by somebody else, since the reading began
        yield from rows

    shelf.items = read  # type: ignore[method-assign]
    found.look((0,), 80_000_000)
    assert (len(found), "gone" in found.keys(0, "")) == (1_200, False)


def test_each_key_that_waits_is_told_with_its_lane() -> None:
    found = lanes()
    for key, at in (("a-1", 10), ("a-2", 11), ("b-1", 12), ("c-1", None)):
        found.put(0, key, {"at": at})
    found.put(1, "b-2", {"at": 10})
    found.hold(0, "a-2")
    assert sorted(map(str, found.lanes())) == ["a", "b", "b"]
    assert found.keys(0, "a") == ["a-1"]
    assert [key for _, key, _ in found.due((0, 1), 100, "a")] == ["a-1", "a-2"], "its partition was read whole"
