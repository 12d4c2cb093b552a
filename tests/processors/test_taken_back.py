"""What a batch or tick did in vain, since nothing of it was kept, is done again by the same worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Skip
from fairwatch.processors.group import Group
from tests.processors.test_bound_producers import Gate, seen
from tests.processors.test_incident import DOOR, FACE, Place
from tests.processors.test_retain_ended import Archive, found
from tests.processors.test_verify import Court
from tests.support.processor_world import MemoryReference, MemoryState, emitted
from tests.support.records import AT
from tests.support.watchlist import authorisation


@contextmanager
def in_vain(state: MemoryState) -> Iterator[None]:
    """Undo what is done within, as where outputs, state and offsets could not be written together."""
    before = state.snapshot()
    yield
    state.restore(before)


def state_of(processor: Any) -> MemoryState:
    return processor._state  # type: ignore[no-any-return]


async def test_a_revocation_takes_candidates_back_though_its_first_verdict_was_not_kept() -> None:
    court = Court()
    await court.opens()
    await court.world.tick()
    with in_vain(court.state):
        court.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
        assert [emit.record["outcome"] for emit in await court.world.tick() if emit.topic == "verdicts"] == ["REVOKED"]
    assert [emit.record["outcome"] for emit in await court.world.tick() if emit.topic == "verdicts"] == ["REVOKED"]
    assert [emit for emit in await court.world.tick() if emit.topic == "verdicts"] == []


async def test_a_receipt_of_erasure_that_was_not_kept_is_told_again_as_it_was_and_once_it_is_not_any_more() -> None:
    archive = Archive()
    await archive.sees(found(1, "1"))
    archive.ends(state="REVOKED")
    with in_vain(archive.world.processor._candidates._state):
        first = await archive.told()
    again = await archive.world.tick()
    assert emitted([again], "erasures") == emitted([first], "erasures") != []
    assert await archive.world.tick() == []


async def test_what_was_deleted_by_age_is_counted_once_whether_it_was_told_in_vain_or_a_partition_came_back() -> None:
    archive = Archive()
    archive.pictures.old = 3
    state = archive.world.processor._candidates._state
    with in_vain(state):
        await archive.told()
    await archive.world.tick()
    state.restore(state.snapshot())
    await archive.world.tick()
    assert state.get(0, "aged:media")["objects"] == 3


async def test_an_alert_that_was_erased_in_vain_leaves_its_incident_in_the_next_tick() -> None:
    erasures = MemoryReference()
    place = Place(erasures=erasures)
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=1, **FACE)
    await place.waits(1)
    shown = dict(place.incidents)
    with in_vain(place.state):
        erasures.put("receipt", {"candidates": [], "alerts": ["alert-2"]})
        await place.waits(1)
    place.incidents = shown
    await place.waits(1)
    assert place.groups() == {frozenset({"alert-1"})}


async def test_who_writes_for_a_device_without_being_bound_to_it_is_audited_again_where_that_was_not_kept() -> None:
    gate = Gate()
    for _ in range(2):
        with in_vain(state_of(gate.world.processor)):
            assert await gate.hears(seen(), None) == (0, ["not_authentic"], ["unsigned"])
    await gate.hears(seen(), None)
    assert await gate.hears(seen(), None) == (0, ["not_authentic"], [])


async def test_what_a_stranger_inhibits_is_audited_again_where_that_was_not_kept_and_by_one_worker() -> None:
    reference: Any = MemoryReference()
    strangers = [Event("inhibitions", "Silence", {"silence_id": "a/r/x"}, "a/r/x", writer="")]
    reference.take_foreign = lambda: [strangers.pop() for _ in [*strangers]]
    state, clock = MemoryState(), ManualClock(AT)
    group = Group({}, state, clock, inhibitions=reference)
    assert await group.tick([1, 2]) == []
    for _ in range(2):
        with in_vain(state):
            [told] = await group.tick([0])
            assert (told.topic, told.key, told.record["action"]) == ("audit", "a/r/x", "record.refused")
    assert len(await group.tick([0])) == 1
    assert await group.tick([0]) == []


async def test_a_candidate_that_the_topic_forgot_is_no_round_of_erasure() -> None:
    archive = Archive()
    archive.ends(state="REVOKED")
    await archive.told()
    event = archive.world.event("candidates", "MatchCandidate", None, key="nobody")
    assert await archive.world.push(event) == [[Skip("erased")]]
    assert archive.world.processor._candidates.all([0]) == []
