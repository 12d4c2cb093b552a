"""What went by age is counted by store and day, and told once the day is over, also where a worker starts anew."""

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.policy.aged import AgedTally, Day, aged_receipt
from tests.support.processor_world import MemoryState, assert_valid
from tests.support.records import AT

DAY = 24 * 3_600_000_000
LAST = AT + DAY - 1  # of 2026-01-01


def test_what_goes_on_one_day_is_told_together_on_the_next_one_and_once() -> None:
    state = MemoryState()
    assert AgedTally(state).add([0], {"media": (3, 720, True)}, AT) == []
    assert AgedTally(state).add([0], {"media": (4, 720, True), "raw": (1, 6, False)}, LAST) == []
    told = AgedTally(state).add([0], {}, AT + DAY)
    assert sorted(told) == [Day("media", "2026-01-01", 7, 720, True), Day("raw", "2026-01-01", 1, 6, False)]
    assert AgedTally(state).add([0], {}, AT + DAY) == []


def test_what_goes_in_the_first_round_of_a_day_counts_for_that_day() -> None:
    state = MemoryState()
    tally = AgedTally(state)
    tally.add([0], {"media": (3, 720, True)}, LAST)
    assert [one.objects for one in tally.add([0], {"media": (5, 48, False)}, LAST + 1)] == [3]
    assert tally.add([0], {}, LAST + DAY + 1) == [Day("media", "2026-01-02", 5, 48, False)]


def test_who_has_not_the_first_partition_counts_nothing() -> None:
    state = MemoryState()
    assert AgedTally(state).add([1, 2], {"media": (3, 720, True)}, AT) == []
    assert list(state.items(0)) == []
    assert AgedTally(state).add([0, 1], {}, AT + DAY) == []


@pytest.mark.parametrize(
    ("sealed", "outcomes"),
    [
        (True, {"media": "DELETED", "data-keys": "DELETED", "backups": "NONE"}),
        (False, {"media": "DELETED", "data-keys": "NONE", "backups": "KEPT"}),
    ],
)
def test_a_receipt_of_a_day_says_what_went_and_whether_copies_still_show_it(sealed: bool, outcomes: object) -> None:
    made = aged_receipt(Day("media", "2026-01-01", 7, 720, sealed), AT + DAY)
    assert_valid(made)
    assert {one["store"]: one["outcome"] for one in made["stores"]} == outcomes
    assert [(one["objects"], one["until"]) for one in made["stores"]] == [(7, None), (0, None), (0, None)]
    assert made["stores"][0]["detail"] == "on 2026-01-01, older than 720 h"
    assert ("copies of the store show them" in made["stores"][1]["detail"]) is not sealed
    said = {name: made[name] for name in ("subject", "kind", "reason", "ordered_by", "at", "pictures_only")}
    assert said == {
        "subject": "store:media",
        "kind": "PICTURE",
        "reason": "retention",
        "ordered_by": "processor:retain",
        "at": AT + DAY,
        "pictures_only": True,
    }
    assert (made["entries"], made["candidates"], made["alerts"], made["holds"]) == ([], [], [], [])
    assert aged_receipt(Day("raw", "2026-01-01", 1, 6, sealed), AT)["kind"] == "UNKNOWN"


def test_each_store_and_day_has_a_receipt_of_its_own() -> None:
    days = [Day(store, day, 1, 6, False) for store in ("media", "raw") for day in ("2026-01-01", "2026-01-02")]
    assert len({aged_receipt(day, AT)["receipt_id"] for day in days}) == 4


def test_the_receipt_of_a_day_has_the_same_id_however_often_and_by_whichever_release_it_is_made() -> None:
    made = aged_receipt(Day("media", "2026-01-01", 7, 720, True), AT + DAY)
    assert made["receipt_id"] == stable_id("erasure", "store:media", "2026-01-01", AT + DAY)
