"""A better shot changes the picture that people look at, and nothing that protects whoever is seen on it."""

from typing import Any

import pytest

from fairwatch.domain.outcome import Reject, Skip
from tests.processors.test_verify import FACE_ENTRY, SECOND, Court
from tests.support.processor_world import emitted
from tests.support.records import AT
from tests.support.watchlist import authorisation

HOUR = 3600


@pytest.fixture
def court() -> Court:
    made = Court()
    made.face["probe_quality"] = 0.5
    return made


def better(court: Court, quality: float = 0.8, **fields: Any) -> dict[str, Any]:
    seen = {"sighting_id": "sighting-9", "observation_id": "observation-9", "occurred_at": AT + SECOND}
    return {**court.face, **seen, "probe_quality": quality, **fields}


async def test_a_verdict_is_about_the_better_shot_and_earlier_decisions_stand(court: Court) -> None:
    await court.opens()
    await court.hears("dora", shown={"picture": "fw-media:poor"})
    assert await court.opens(better(court)) == [Skip("pending")]
    (verdict,) = emitted([await court.hears("emil", shown={"picture": "fw-media:good"})], "verdicts")
    assert verdict["outcome"] == "CONFIRMED"
    assert verdict["candidate"] == better(court)
    assert {v["reviewer"]: v["shown"]["picture"] for v in verdict["verifications"]} == {
        "dora": "fw-media:poor",
        "emil": "fw-media:good",
    }


async def test_it_needs_no_fewer_people_and_waits_no_longer(court: Court) -> None:
    court.face["required_verifications"] = 3
    await court.opens()
    await court.opens(better(court, required_verifications=2, expires_at=court.face["expires_at"] + HOUR * SECOND))
    await court.hears("dora")
    await court.hears("emil")
    assert court.verdicts() == []
    court.world.clock.advance(seconds=2 * HOUR)
    (verdict,) = emitted([await court.world.tick()], "verdicts")
    assert (verdict["outcome"], verdict["decided_at"]) == ("EXPIRED", court.face["expires_at"])


@pytest.mark.parametrize("quality", [0.3, 0.5, None])
async def test_a_shot_that_is_not_better_changes_nothing(court: Court, quality: float | None) -> None:
    await court.opens()
    assert await court.opens(better(court, quality)) == [Skip("duplicate")]  # type: ignore[arg-type]


async def test_the_order_in_which_shots_come_does_not_matter(court: Court) -> None:
    await court.opens(better(court))
    assert await court.opens() == [Skip("duplicate")]
    await court.hears("dora")
    await court.hears("emil")
    (verdict,) = emitted([court.world.outcomes], "verdicts")
    assert verdict["candidate"] == better(court)


async def test_what_was_rejected_stays_rejected(court: Court) -> None:
    await court.opens()
    await court.hears("dora", "NO_MATCH")
    assert await court.opens(better(court)) == [Skip("after_verdict")]
    assert court.verdicts() == ["REJECTED"]


async def test_what_was_confirmed_and_withdrawn_is_not_revived(court: Court) -> None:
    await court.opens()
    await court.hears("dora")
    await court.hears("emil")
    court.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
    await court.world.tick()
    assert court.verdicts() == ["CONFIRMED", "REVOKED"]
    assert await court.opens(better(court)) == [Skip("after_verdict")]


async def test_what_expired_was_forgotten_or_was_erased_is_not_revived(court: Court) -> None:
    await court.opens()
    court.world.clock.advance(seconds=2 * HOUR)
    await court.world.tick()
    assert court.verdicts() == ["EXPIRED"]
    assert await court.opens(better(court)) == [Skip("after_verdict")]
    court.world.clock.advance(seconds=8 * 24 * HOUR)
    await court.world.tick()
    assert court.cases() == []
    assert await court.opens(better(court)) == [Skip("duplicate")]


async def test_an_erased_candidate_stays_erased(court: Court) -> None:
    await court.opens()
    await court.erased()
    assert await court.opens(better(court)) == [Skip("duplicate")]
    assert court.cases() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("entry_id", "entry-1"),
        ("authorisation_id", "auth-2"),
        ("kind", "PLATE"),
        ("mode", "POST"),
        ("device_id", "cam-2"),
        ("exercise", True),
    ],
)
async def test_a_shot_of_something_else_is_refused(court: Court, field: str, value: Any) -> None:
    assert FACE_ENTRY["entry_id"] == court.face["entry_id"]
    await court.opens()
    (outcome,) = await court.opens(better(court, **{field: value}))
    assert isinstance(outcome, Reject)
    assert outcome.field == field
    await court.hears("dora")
    await court.hears("emil")
    (verdict,) = emitted([court.world.outcomes], "verdicts")
    assert verdict["candidate"] == court.face
