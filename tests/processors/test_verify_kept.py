"""What `verify` keeps of a candidate and when it looks at it again; what it tells of how new signed records are."""

from typing import Any

import pytest

from fairwatch.domain.memory import HIDDEN
from fairwatch.processors.verify import KEEP, Verify
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import SIGNINGS
from fairwatch.wire.trust_heads import TrustHeads
from fairwatch.wire.vouching import vouch_person
from tests.processors.test_verify import SECOND, Court
from tests.support.processor_world import PARTITION, MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, candidate
from tests.support.trust import ADMIN, authorised, person_id, trust, vouched
from tests.support.watchlist import authorisation, lists


async def confirmed() -> Court:
    court = Court()
    await court.opens()
    await court.hears("dora")
    await court.hears("emil")
    assert court.verdicts() == ["CONFIRMED"]
    return court


def kept(court: Court) -> dict[str, Any]:
    [value] = [value for key, value in court.state.items(PARTITION) if not key.startswith(HIDDEN)]
    return value


async def test_an_authorisation_that_was_shortened_after_the_verdict_takes_it_back_when_it_ends() -> None:
    court = await confirmed()
    court.references["authorisations"].put("auth-1", authorisation(valid_until=AT + 7_200 * SECOND))
    await court.world.tick(seconds=1)
    assert court.world.processor.due_at() == AT + 7_200 * SECOND  # type: ignore[attr-defined]
    await court.world.tick(seconds=7_198)
    assert court.verdicts() == ["CONFIRMED"]
    await court.world.tick(seconds=1)
    assert court.verdicts() == ["CONFIRMED", "REVOKED"]


async def test_what_was_taken_back_is_known_as_such_until_its_week_is_over() -> None:
    court = await confirmed()
    court.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
    await court.world.tick(seconds=1)
    assert (kept(court)["outcome"], kept(court)["due"]) == ("REVOKED", AT + KEEP)
    await court.world.tick(seconds=KEEP / SECOND - 2)
    assert court.cases() != []
    await court.world.tick(seconds=1)
    assert court.cases() == []


async def test_a_verdict_that_is_taken_back_says_why_and_follows_from_what_the_first_one_did() -> None:
    court = await confirmed()
    court.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
    emits = await court.world.tick(seconds=1)
    [verdict], [audit] = emitted([emits], "verdicts"), emitted([emits], "audit")
    assert (verdict["reason"], verdict["decided_at"]) == ("authorisation or entry: revoked", AT + SECOND)
    assert (verdict["verifications"], verdict["follows"]) == (
        [], [{"topic": "candidates", "partition": 0, "offset": 1}],
    )  # fmt: skip
    assert audit["details"] == {
        "outcome": "REVOKED", "reason": verdict["reason"], "entry_id": "entry-face", "reviewers": "",
    }  # fmt: skip


async def test_a_verdict_names_where_its_candidate_and_each_decision_that_counted_lie() -> None:
    court = Court()
    await court.opens()
    await court.hears("ann")  # her own case: it does not count
    await court.hears("dora")
    [verdict] = emitted([await court.hears("emil")], "verdicts")
    assert [(place["topic"], place["offset"]) for place in verdict["follows"]] == [
        ("candidates", 1), ("verifications", 3), ("verifications", 4),
    ]  # fmt: skip


async def test_a_verdict_cites_by_which_policy_its_last_reviewer_could_decide() -> None:
    court = await confirmed()
    reached = emitted([court.world.outcomes], "audit")[-1]
    assert (reached["action"], reached["details"]["policy"]) == ("verdict.reached", "candidate.verify")
    assert reached["details"]["reviewers"] == "dora, emil"


@pytest.mark.parametrize("missing", ["authorisation", "entry"])
async def test_what_was_confirmed_stays_so_where_entry_or_authorisation_was_erased(missing: str) -> None:
    court = await confirmed()
    topic, key = {"authorisation": ("authorisations", "auth-1"), "entry": ("watchlist-entries", "entry-face")}[missing]
    court.references[topic].put(key, None)
    await court.world.tick(seconds=120)
    assert court.verdicts() == ["CONFIRMED"]
    assert kept(court)["due"] == AT + KEEP


async def test_a_candidate_whose_time_is_over_before_its_minute_of_grace_expires_in_time() -> None:
    court = Court(lists(authorisations=[]))
    await court.opens(candidate("PLATE", expires_at=AT + 20 * SECOND))
    assert court.world.processor.due_at() == AT + 20 * SECOND  # type: ignore[attr-defined]


class Registry:
    """`verify` where authorisations have to be signed, and how new their newest versions are is remembered."""

    def __init__(self) -> None:
        self.people = vouched(
            "a", "b", "ann", "ben", a=["requester"], b=["approver"], ann=["requester"], ben=["approver"]
        )
        self.topics = {**lists(), "trust-heads": MemoryReference()}
        signed = SignedReference(
            "verify", "authorisations", self.topics["authorisations"], trust(self.people), SIGNINGS["authorisations"],
            heads=TrustHeads(self.topics["trust-heads"]), remembers=True,
        )  # fmt: skip
        self.topics["authorisations"].put("auth-1", authorised(authorisation(), at=AT))
        self.world = World(None)  # type: ignore[arg-type]  # set in the next line: both share the clock
        self.world.processor = Verify(
            self.world.clock, MemoryState(), {**self.topics, "authorisations": signed}, trust(self.people)
        )

    async def told(self, partition: int = 0) -> dict[str, int]:
        """Return the heads that a tick tells, by their ids; the topic has them from then on."""
        found = {}
        for emit in await self.world.processor.tick([partition]):  # type: ignore[attr-defined]
            if emit.topic == "trust-heads":
                found[emit.key] = emit.record["at"]
                self.topics["trust-heads"].put(emit.key, emit.record)
        return found


async def test_how_new_signed_records_people_and_keys_are_is_told_once_by_one_worker() -> None:
    registry = Registry()
    assert await registry.told(partition=1) == {}
    heads = await registry.told()
    agreed = AT + 1  # the newest of its deeds: somebody agreed
    assert heads["authorisations/auth-1"] == agreed
    assert f"people/{person_id('ann')}" in heads
    assert f"signing-keys/{next(iter(registry.people['signing-keys'].items()))[0]}" in heads
    assert await registry.told() == {}
    registry.topics["authorisations"].put("auth-1", authorised(authorisation(reference="case 18"), at=AT + 5))
    assert await registry.told() == {"authorisations/auth-1": agreed + 5}


async def test_somebody_who_is_vouched_for_later_is_told_later() -> None:
    registry = Registry()
    await registry.told()
    later = vouch_person(ADMIN, "zoe", ["reviewer"], since=AT, at=AT)
    registry.people["people"].put(later["person_id"], later)
    assert await registry.told() == {f"people/{later['person_id']}": AT}


async def test_an_authorisation_that_nobody_signed_is_audited_in_the_name_of_verify() -> None:
    registry = Registry()
    registry.topics["authorisations"].put("auth-2", authorisation("auth-2"))
    [told] = emitted([await registry.world.processor.tick([0])], "audit")  # type: ignore[attr-defined]
    assert (told["action"], told["actor"], told["subject"], told["details"]["reason"]) == (
        "deed.refused", "processor:verify", "auth-2", "unsigned",
    )  # fmt: skip
