"""A track is one visit: who was found on it is not found again, and neither a restart nor a replay makes another."""

from typing import Any

from fairwatch.domain.clock import ManualClock
from fairwatch.matching.shots import ANY, GAP, MINUTE, SEARCHED
from fairwatch.matching.tracks import Tracks
from tests.support.processor_world import PARTITION, MemoryState
from tests.support.records import AT, observation


class Yard:
    """A camera that follows objects, and the memory of what was found on them."""

    def __init__(self) -> None:
        self.state, self.clock = MemoryState(), ManualClock()
        self.tracks = Tracks(self.state, self.clock)

    def found(self, n: int, *, at: int = AT, entry: str = "dora", **fields: Any) -> bool:
        """Find an entry in the n-th message; return whether it is told for the first time."""
        seen: Any = observation("face.seen", n=n, at=at, **{"object_id": "7", **fields})
        return not self.tracks.repeats(PARTITION, seen, entry, at)


def test_one_visit_in_twelve_messages_is_found_once() -> None:
    yard = Yard()
    assert [yard.found(n, at=AT + n * MINUTE // 6) for n in range(12)] == [True] + [False] * 11


def test_the_first_message_is_the_first_however_often_it_comes() -> None:
    yard = Yard()
    assert yard.found(0)
    assert not yard.found(1, at=AT + 2 * MINUTE)
    assert yard.found(0), "delivered again, it gives the same candidate"


def test_another_entry_object_channel_or_device_is_another_visit() -> None:
    yard = Yard()
    assert yard.found(0)
    assert yard.found(1, entry="ben")
    assert yard.found(2, object_id="8")
    assert yard.found(3, source={"format": "onvif-event", "channel": "2"})
    assert yard.found(4, device_id="cam-2")


def test_what_has_no_object_has_no_track() -> None:
    yard = Yard()
    assert [yard.found(n, object_id=None) for n in range(3)] == [True] * 3


def test_a_track_that_was_silent_is_another_visit_also_long_ago() -> None:
    yard = Yard()
    assert yard.found(0)
    assert not yard.found(1, at=AT + GAP)
    assert yard.found(2, at=AT + 3 * GAP)
    assert yard.found(3, at=AT - 2 * GAP), "an archive that is read again"


def test_a_parked_car_is_one_visit_for_hours() -> None:
    yard = Yard()
    assert [yard.found(n, at=AT + n * GAP // 2) for n in range(30)].count(True) == 1


def test_nothing_is_remembered_for_longer_than_it_is_needed() -> None:
    yard = Yard()
    assert yard.found(0)
    yard.clock.advance(seconds=3 * GAP / 1e6)
    yard.tracks.forget([PARTITION])
    assert yard.state.partitions[PARTITION] == {}


class Passage(Yard):
    """A face on a track, in pictures of some quality."""

    def shows(self, n: int, quality: float, *, at: int = AT, searched: str = "list-1", **fields: Any) -> bool:
        """Show the n-th picture; return whether it is searched."""
        seen: Any = observation("face.seen", n=n, at=at, **{"object_id": "7", **fields})
        worth = quality > self.tracks.shots.best(PARTITION, seen, searched, at)
        if worth:
            self.tracks.shots.note(PARTITION, seen, searched, at, quality)
        return worth


def test_only_a_better_shot_is_searched() -> None:
    passage = Passage()
    shown = [passage.shows(n, quality) for n, quality in enumerate((0.5, 0.4, 0.5, 0.6, 0.55, 0.9, 0.9))]
    assert shown == [True, False, False, True, False, True, False]


def test_a_shot_that_was_searched_is_searched_again_when_it_is_delivered_again() -> None:
    passage = Passage()
    for n, quality in enumerate((0.5, 0.6, 0.9)):
        assert passage.shows(n, quality)
    assert all(passage.shows(n, quality) for n, quality in enumerate((0.5, 0.6, 0.9)))
    assert not passage.shows(3, 0.8), "an old shot does not make the best one worse"


def test_another_list_another_track_and_a_later_time_are_searched_anew() -> None:
    passage = Passage()
    assert passage.shows(0, 0.9)
    assert passage.shows(1, 0.5, searched="list-2")
    assert passage.shows(2, 0.5, object_id="8", searched="list-2")
    assert not passage.shows(3, 0.4, at=AT + GAP, searched="list-2")
    assert passage.shows(4, 0.4, at=AT + GAP + 1, searched="list-2")
    assert all(passage.shows(5 + n, 0.1, object_id=None) for n in range(2))


def test_shots_take_no_more_than_their_time_and_a_few_ids() -> None:
    passage = Passage()
    assert all(passage.shows(n, n / 100) for n in range(100))
    ((_, value),) = passage.state.items(PARTITION)
    assert len(value["by"]) == SEARCHED
    assert passage.tracks.shots.best(PARTITION, observation("face.seen", n=100, object_id="7"), "list-1", AT) > ANY  # type: ignore[arg-type]
    passage.clock.advance(seconds=3 * GAP / 1e6)
    passage.tracks.forget([PARTITION])
    assert passage.state.partitions[PARTITION] == {}
