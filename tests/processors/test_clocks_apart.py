"""Clocks ten minutes apart: of a device, of the host of a gateway, of the hosts of two processors."""

import pytest

from fairwatch.policy.authorisation import within
from fairwatch.processors.enrich import Enrich
from tests.processors.test_enrich import clocked, place
from tests.processors.test_verify import Court
from tests.support.processor_world import MemoryReference, MemoryState, World
from tests.support.records import AT, candidate, device

SECOND = 1_000_000
TEN = 600 * SECOND


@pytest.mark.parametrize("apart", [TEN, -TEN], ids=["ahead", "behind"])
async def test_a_device_whose_clock_is_ten_minutes_off_is_read_in_the_gateways_time(apart: int) -> None:
    world = World(Enrich(MemoryReference({"cam-1": device()}), MemoryReference(), MemoryState()))
    seen = await place(world, *(clocked(AT + n * SECOND + apart, AT + n * SECOND, n=n) for n in range(4)))
    assert [one["clock"] for one in seen] == ["UNKNOWN", "UNKNOWN", "OFFSET", "OFFSET"]
    assert [one["occurred_at"] for one in seen[2:]] == [AT + 2 * SECOND, AT + 3 * SECOND]
    assert seen[3]["clock_offset_ms"] == apart // 1000


@pytest.mark.parametrize("apart", [TEN, -TEN], ids=["ahead", "behind"])
def test_no_clock_stretches_an_authorisation(apart: int) -> None:
    """Whichever of event time and wall clock is outside refuses: an error of either only takes time away."""
    begins, ends = AT, AT + 6 * TEN
    moments = range(AT - 2 * TEN, AT + 8 * TEN, TEN // 2)
    in_force = [now for now in moments if within(begins, ends, at=now + apart, now=now) is None]
    assert in_force
    assert all(begins <= now < ends for now in in_force)
    assert all(begins <= now + apart < ends for now in in_force)


@pytest.mark.parametrize("apart", [TEN, -TEN], ids=["ahead", "behind"])
async def test_a_match_by_a_host_with_another_clock_is_still_confirmed_by_two_people(apart: int) -> None:
    court = Court()
    court.face = candidate("FACE", entry_id="entry-face", matched_at=AT + apart, expires_at=AT + apart + 6 * TEN)
    await court.opens()
    await court.hears("dora")
    assert court.verdicts() == []
    await court.hears("emil", at=AT + 2 * SECOND)
    assert court.verdicts() == ["CONFIRMED"]


async def test_a_reviewer_whose_clock_is_ahead_cannot_decide_after_the_candidate_expired() -> None:
    court = Court()
    court.face["expires_at"] = AT + 180 * SECOND
    await court.opens()
    await court.hears("dora")
    await court.hears("emil", at=court.face["expires_at"] + TEN)
    assert court.verdicts() == []
    assert "verification.refused" in court.audited()
