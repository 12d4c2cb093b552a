"""A better shot shows a candidate that people were asked about, until its time is over, and nobody else's."""

from typing import Any

import pytest

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import ManualClock
from fairwatch.matching.better_shots import BETTER, Asked, BetterShots
from tests.support.processor_world import PARTITION, MemoryState
from tests.support.records import AT, candidate, observation

MINUTE = 60_000_000


class Track:
    """Messages about one object, and what people were asked about it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.shots = BetterShots(Agenda(MemoryState(), lambda value: value["due"]), self.clock)

    def seen(self, n: int, **fields: Any) -> Any:
        return observation("face.seen", n=n, at=AT, **{"object_id": "7", **fields})

    def asked(self, n: int, quality: float, *, entry: str = "entry-1", under: str = "auth-1", **fields: Any) -> Any:
        return self.shots.asked(PARTITION, self.seen(n, **fields), entry, under, quality)

    def told(self, n: int, quality: float, **fields: Any) -> Asked:
        made: Any = candidate("FACE", probe_quality=quality, expires_at=self.clock.now() + MINUTE, **fields)
        self.shots.note(PARTITION, self.seen(n), made)
        return Asked(made["candidate_id"], made["required_verifications"], made["expires_at"])


def test_a_clearly_better_face_shows_the_candidate_that_people_were_asked_about() -> None:
    track = Track()
    known = track.told(0, 0.5)
    assert track.asked(1, 0.5 + BETTER) == known
    assert track.asked(1, 0.5 + BETTER / 2) is None


def test_each_better_shot_has_to_beat_the_last_and_is_the_same_when_it_comes_again() -> None:
    track = Track()
    track.told(0, 0.5)
    known = track.told(1, 0.7)
    assert track.asked(2, 0.72) is None
    assert track.asked(1, 0.7) == known == track.asked(0, 0.5)
    track.told(0, 0.5)
    assert track.asked(2, 0.72) is None, "the first shot came again and lowered nothing"


@pytest.mark.parametrize(
    "other",
    [{"entry": "entry-2"}, {"under": "auth-2"}, {"object_id": "8"}, {"object_id": None}, {"device_id": "cam-2"}],
)
def test_another_entry_authorisation_or_track_is_not_shown(other: dict[str, Any]) -> None:
    track = Track()
    track.told(0, 0.5)
    assert track.asked(1, 0.9, **other) is None


def test_what_has_expired_is_not_shown_again() -> None:
    track = Track()
    track.told(0, 0.5)
    track.clock.advance(seconds=60)
    assert track.asked(1, 0.9) is None


def test_a_candidate_without_a_face_of_ours_has_no_better_shot() -> None:
    track = Track()
    track.told(0, None)  # type: ignore[arg-type]  # a device's own recognition
    assert track.asked(1, 0.9) is None
