"""Verdicts come from two different people, from nobody else, and once."""

from typing import Any

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.outcome import Outcome, Skip
from fairwatch.processors.verify import GRACE, KEEP, ORPHAN, Verify
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, candidate
from tests.support.trust import signed, trust, vouched
from tests.support.watchlist import authorisation, entry, lists

SECOND = 1_000_000
FACE_ENTRY = entry("entry-face", kind="FACE", plate=None)


class Court:
    """The processor with its world, and short words for what happens to it."""

    def __init__(self, references: dict[str, Any] | None = None) -> None:
        self.vouched = vouched()
        self.references = references or lists([entry(), FACE_ENTRY])
        self.state = MemoryState()
        self.world = World(None)  # type: ignore[arg-type]  # set in the next line: both share the clock
        self.world.processor = Verify(self.world.clock, self.state, self.references, trust(self.vouched))
        self.face = candidate("FACE", entry_id="entry-face")

    async def opens(self, record: dict[str, Any] | None = None) -> list[Outcome]:
        record = record or self.face
        event = self.world.event("candidates", "MatchCandidate", record, record["candidate_id"])
        return (await self.world.push(event))[0]

    async def hears(
        self, reviewer: str, decision: str = "MATCH", at: int | None = None, sign: Any = signed, **fields: Any
    ) -> list[Outcome]:
        record = {
            "verification_id": stable_id("verification", self.face["candidate_id"], reviewer),
            "candidate_id": self.face["candidate_id"],
            "reviewer": reviewer,
            "role": "reviewer",
            "decision": decision,
            "decided_at": AT + SECOND if at is None else at,
            **fields,
        }
        record = sign(record)
        event = self.world.event("verifications", "Verification", record, record["candidate_id"])
        return (await self.world.push(event))[0]

    async def erased(self) -> list[Outcome]:
        event = self.world.event("candidates", "MatchCandidate", None, self.face["candidate_id"])
        return (await self.world.push(event))[0]

    def cases(self) -> list[str]:
        return [key for key, _ in self.state.items(0) if not key.startswith(HIDDEN)]

    def verdicts(self) -> list[str]:
        return [record["outcome"] for record in emitted([self.world.outcomes], "verdicts")]

    def audited(self) -> list[str]:
        return [record["action"] for record in emitted([self.world.outcomes], "audit")]


@pytest.fixture
def court() -> Court:
    return Court()


async def test_two_different_people_confirm_a_face(court: Court) -> None:
    await court.opens()
    await court.hears("dora")
    assert court.verdicts() == []
    outcomes = await court.hears("emil", at=AT + 2 * SECOND)
    (verdict,) = emitted([outcomes], "verdicts")
    assert verdict["outcome"] == "CONFIRMED"
    assert verdict["decided_at"] == AT + 2 * SECOND
    assert [v["reviewer"] for v in verdict["verifications"]] == ["dora", "emil"]
    assert verdict["candidate"] == court.face
    assert court.audited() == ["verification.given", "verification.given", "verdict.reached"]


async def test_a_face_needs_two_people_even_if_nobody_was_asked_for(court: Court) -> None:
    court.face["required_verifications"] = 0
    await court.opens()
    await court.hears("dora")
    await court.hears("Dora ", at=AT + 2 * SECOND)
    assert court.verdicts() == []


async def test_a_plate_that_needs_nobody_is_confirmed_at_once(court: Court) -> None:
    await court.opens(candidate("PLATE"))
    assert court.verdicts() == ["CONFIRMED"]


async def test_one_no_match_rejects(court: Court) -> None:
    await court.opens()
    await court.hears("dora")
    await court.hears("emil", "NO_MATCH")
    assert court.verdicts() == ["REJECTED"]


async def test_a_person_may_think_again_before_the_verdict(court: Court) -> None:
    await court.opens()
    await court.hears("dora", "UNSURE")
    await court.hears("dora", at=AT + 2 * SECOND)
    await court.hears("emil")
    assert court.verdicts() == ["CONFIRMED"]


async def test_after_the_verdict_nothing_counts_and_everything_is_audited(court: Court) -> None:
    await court.opens()
    await court.hears("dora")
    await court.hears("emil")
    assert Skip("after_verdict") in await court.hears("fay", "NO_MATCH")
    assert court.verdicts() == ["CONFIRMED"]
    assert court.audited()[-1] == "verification.ignored"


@pytest.mark.parametrize(
    ("reviewer", "fields", "reason"),
    [
        ("ann", {}, "own_case"),  # asked for the authorisation
        ("carl", {}, "own_case"),  # created the entry
        ("dora", {"at": AT + 600 * SECOND}, "too_late"),
    ],
)
async def test_who_may_not_decide_is_refused_and_audited(
    court: Court, reviewer: str, fields: dict[str, Any], reason: str
) -> None:
    court.face["expires_at"] = AT + 500 * SECOND
    await court.opens()
    assert Skip(reason) in await court.hears(reviewer, **fields)
    await court.hears("emil")
    assert court.verdicts() == []
    assert court.audited() == ["verification.refused", "verification.given"]


async def test_a_decision_that_comes_before_its_candidate_is_kept(court: Court) -> None:
    assert await court.hears("dora") == [Skip("awaits_candidate")]
    await court.hears("ann")
    await court.hears("emil")
    await court.opens()
    assert court.verdicts() == ["CONFIRMED"]
    assert court.audited().count("verification.refused") == 1


async def test_a_decision_on_nothing_is_forgotten_and_audited(court: Court) -> None:
    await court.hears("dora")
    assert await court.world.tick(seconds=ORPHAN / SECOND - 1) == []
    await court.world.tick(seconds=2)
    assert court.audited() == ["verification.orphaned"]
    assert court.cases() == []


async def test_undecided_in_time_expires(court: Court) -> None:
    await court.opens()
    await court.hears("dora")
    await court.world.tick(seconds=3_599)
    assert court.verdicts() == []
    await court.world.tick(seconds=1)
    assert court.verdicts() == ["EXPIRED"]
    await court.world.tick(seconds=1)
    assert court.verdicts() == ["EXPIRED"]


@pytest.mark.parametrize("change", [{"state": "REVOKED"}, {"state": "REJECTED"}, {"approved_by": ["ann"]}])
async def test_a_revoked_authorisation_ends_it_at_the_next_tick(court: Court, change: dict[str, Any]) -> None:
    await court.opens()
    await court.world.tick()
    court.references["authorisations"].put("auth-1", authorisation(**change))
    await court.world.tick()
    assert court.verdicts() == ["REVOKED"]


async def test_a_revoked_authorisation_outweighs_two_people(court: Court) -> None:
    await court.opens()
    await court.hears("dora")
    court.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
    await court.hears("emil")
    assert court.verdicts() == ["REVOKED"]


async def test_a_withdrawn_entry_ends_it(court: Court) -> None:
    await court.opens()
    court.references["watchlist-entries"].put("entry-face", {**FACE_ENTRY, "state": "WITHDRAWN"})
    await court.world.tick()
    assert court.verdicts() == ["REVOKED"]


async def test_a_revocation_takes_back_what_was_confirmed(court: Court) -> None:
    await court.opens(candidate("PLATE"))
    court.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
    await court.world.tick()
    await court.world.tick(seconds=60)
    assert court.verdicts() == ["CONFIRMED", "REVOKED"]


async def test_an_authorisation_that_ends_expires_the_candidate(court: Court) -> None:
    await court.opens()
    court.references["authorisations"].put("auth-1", authorisation(valid_until=AT + 10 * SECOND))
    await court.hears("dora")
    await court.world.tick(seconds=10)
    assert court.verdicts() == ["EXPIRED"]


async def test_an_authorisation_that_is_still_on_its_way_is_awaited_and_never_assumed() -> None:
    court = Court(lists(authorisations=[]))
    await court.opens(candidate("PLATE"))
    await court.world.tick(seconds=1)
    assert court.verdicts() == []
    court.references["authorisations"].put("auth-1", authorisation())
    await court.world.tick()
    assert court.verdicts() == ["CONFIRMED"]

    never = Court(lists(authorisations=[]))
    await never.opens(candidate("PLATE"))
    await never.world.tick(seconds=GRACE / SECOND)
    assert never.verdicts() == ["REVOKED"]


async def test_a_duplicate_changes_nothing(court: Court) -> None:
    await court.opens()
    assert await court.opens() == [Skip("duplicate")]
    await court.hears("dora")
    assert await court.hears("dora") == [Skip("duplicate")]


async def test_after_a_crash_before_the_state_was_saved_the_same_records_come_again(court: Court) -> None:
    await court.opens()
    await court.hears("dora")
    before = court.state.snapshot()
    first = await court.hears("emil")
    court.state.restore(before)
    court.world.rewind(1)
    assert await court.hears("emil") == first


async def test_a_restarted_worker_still_expires_what_it_finds(court: Court) -> None:
    await court.opens()
    court.world.processor = Verify(court.world.clock, court.state, court.references, trust())
    await court.world.tick(seconds=3_600)
    assert court.verdicts() == ["EXPIRED"]


async def test_a_verdict_is_forgotten_after_a_week_and_at_once_when_it_is_erased(court: Court) -> None:
    await court.opens(candidate("PLATE"))
    await court.world.tick(seconds=KEEP / SECOND)
    assert court.cases() == []
    await court.opens()
    assert await court.erased() == [Skip("erased")]
    assert court.cases() == []
    assert court.face["candidate_id"] not in str(court.state.partitions)


@pytest.mark.parametrize("days", [1, 8, 30, 200])
async def test_a_candidate_that_comes_again_is_not_opened_again_however_late(court: Court, days: int) -> None:
    plate = candidate("PLATE")
    first = court.world.event("candidates", "MatchCandidate", plate, plate["candidate_id"])
    await court.world.push(first)
    await court.world.tick(seconds=days * 86_400)
    await court.opens(candidate("PLATE", n=2, matched_at=court.world.clock.now()))
    before = court.verdicts()
    assert await court.world.push(first) == [[Skip("duplicate")]]
    assert court.verdicts() == before


async def test_what_was_erased_does_not_come_back_with_a_redelivery(court: Court) -> None:
    await court.opens()
    await court.erased()
    assert await court.opens() == [Skip("duplicate")]
    assert court.cases() == []


async def test_a_refused_decision_that_comes_again_after_the_verdict_is_not_audited_again(court: Court) -> None:
    await court.opens()
    await court.hears("ann")
    await court.hears("emil", "NO_MATCH")
    before = court.audited()
    assert await court.hears("ann") == [Skip("duplicate")]
    assert court.audited() == before


async def test_a_decision_that_was_given_up_may_be_made_again(court: Court) -> None:
    assert await court.hears("dora") == [Skip("awaits_candidate")]
    assert await court.hears("dora") == [Skip("duplicate")]
    await court.world.tick(seconds=ORPHAN / SECOND + 1)
    assert await court.hears("dora") == [Skip("awaits_candidate")]


async def test_one_person_who_decides_twice_is_one_person(court: Court) -> None:
    """Under other ids, times and spellings of the name, in one batch and in two."""
    await court.opens()
    names = ("dora", "Dora", " DORA ", "dora")
    for n, name in enumerate(names):
        await court.hears(name, at=AT + n * SECOND, verification_id=f"decision-{n}")
    assert court.verdicts() == []
    await court.hears("emil")
    (verdict,) = emitted([court.world.outcomes], "verdicts")
    assert [vote["reviewer"].strip().lower() for vote in verdict["verifications"]] == ["emil", "dora"]
