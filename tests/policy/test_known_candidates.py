"""The pictures of every shot of a candidate are its pictures: what comes of it is erased altogether."""

from typing import Any

from fairwatch.domain.event import Event
from fairwatch.policy.erasure import found_all
from fairwatch.policy.known_candidates import KnownCandidates
from tests.support.processor_world import MemoryState
from tests.support.records import candidate


def shot(name: str) -> dict[str, Any]:
    return candidate("FACE", probe={"uri": f"fw-media:{name}"}, reference={"uri": "fw-media:enrolled"})


def pictures(known: KnownCandidates) -> list[set[str]]:
    return [set(one.pictures) for one in known.all([0])]


def note(known: KnownCandidates, record: dict[str, Any]) -> None:
    known.note(Event("candidates", "MatchCandidate", record, record["candidate_id"], partition=0))


def test_a_better_shot_adds_its_picture() -> None:
    known = KnownCandidates(MemoryState())
    note(known, shot("poor"))
    before = pictures(known)[0]
    note(known, shot("good"))
    assert len(pictures(known)[0] - before) == 1
    note(known, shot("poor"))
    assert len(pictures(known)[0]) == len(before) + 1


def test_a_shot_that_comes_after_the_pictures_went_has_to_go_too() -> None:
    known = KnownCandidates(MemoryState())
    note(known, shot("poor"))
    known.mark_gone([0], {shot("poor")["candidate_id"]})
    note(known, shot("poor"))
    assert pictures(known) == [], "it came again: its pictures are gone"
    note(known, shot("good"))
    assert len(pictures(known)) == 1


def test_many_records_of_a_candidate_are_one_with_all_their_pictures() -> None:
    (one,) = found_all([shot("poor"), shot("good")])
    assert {"fw-media:poor", "fw-media:good"} <= set(one.pictures)
