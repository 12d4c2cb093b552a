"""Candidates, shots, decisions, revocations, narrowings and replays in random orders: no verdict that the rules forbid.

`python -m tests.processors.test_verify_orders 100000` plays as many orders as it is told.
"""

import asyncio
import sys
from random import Random
from typing import Any

import pytest

from fairwatch.domain.outcome import Emit
from fairwatch.matching.recheck import Recheck
from fairwatch.policy.authorisation import person
from fairwatch.policy.signatures import PrivateKey
from tests.processors.test_verify import FACE_ENTRY, SECOND, Court
from tests.support.records import AT
from tests.support.trust import NAMES, signed
from tests.support.watchlist import authorisation

PEOPLE = ("dora", "emil", "fay", "ann", "dor\u0430")
ORDERS, STEPS = 300, 9
FORGED = 0.15  # of the decisions are signed with a key that nobody vouches for
NARROWER: tuple[dict[str, Any], ...] = (
    {"state": "REVOKED"}, {"site_ids": ["airport"]}, {"kinds": ["PLATE"]}, {"modes": ["POST"]},
    {"valid_until": AT + 40 * SECOND}, {"required_verifications": 3}, {"required_verifications": 3}, {},
)  # fmt: skip
CHANGED: tuple[dict[str, Any], ...] = (
    {"state": "WITHDRAWN"}, {"device_ids": ["cam-2"]}, {"areas": ["west"]}, {"kind": "PLATE"},
    {"authorisation_id": "auth-2"}, {"valid_until": AT + 40 * SECOND}, {}, {},
)  # fmt: skip
LAXER: tuple[dict[str, Any], ...] = (  # what a better shot says that must change nothing
    {}, {}, {"required_verifications": 0}, {"expires_at": AT + 30 * 86_400 * SECOND}, {"entry_id": "entry-1"},
    {"authorisation_id": "auth-2"}, {"kind": "PLATE"}, {"device_id": "cam-2"},
)  # fmt: skip
BOUND = ("entry_id", "authorisation_id", "kind", "device_id", "required_verifications", "expires_at")


class Game:
    """One random order, and what the rules say of each verdict at its moment."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.court = Court()
        self.court.face["expires_at"] = AT + 120 * SECOND
        self.history: list[Any] = []
        self.said: dict[str, tuple[int, str]] = {}

    async def play(self) -> int:
        """Play, and return how many verdicts there were."""
        verdicts = 0
        await self.do("candidate")
        for _ in range(STEPS):
            chosen = self.random.choices(
                ("vote", "candidate", "narrow", "change", "time", "replay", "better"), (8, 1, 1, 1, 2, 2, 2)
            )[0]
            verdicts += self.judge(await self.do(chosen))
            verdicts += self.judge(await self.court.world.tick())
        return verdicts

    async def do(self, what: str) -> list[Any]:
        """Let one thing happen, and return what came of it."""
        court, now = self.court, self.court.world.clock.now()
        if what == "narrow":
            court.references["authorisations"].put("auth-1", authorisation(**self.random.choice(NARROWER)))
        elif what == "change":
            court.references["watchlist-entries"].put("entry-face", {**FACE_ENTRY, **self.random.choice(CHANGED)})
        elif what == "time":
            court.world.clock.advance(seconds=self.random.choice((1, 30, 61, 7 * 86_400)))
        elif what == "replay" and self.history:
            return (await court.world.push(self.random.choice(self.history)))[0]
        elif what == "candidate":
            return await self.push("candidates", "MatchCandidate", court.face)
        elif what == "better":
            shot = {**court.face, "probe_quality": self.random.random(), **self.random.choice(LAXER)}
            return await self.push("candidates", "MatchCandidate", shot)
        elif what == "vote":
            name = self.random.choice(PEOPLE)
            decision = self.random.choices(("MATCH", "UNSURE", "NO_MATCH"), (9, 1, 1))[0]
            vote = {
                "verification_id": f"{name}-{now}", "candidate_id": court.face["candidate_id"], "reviewer": name,
                "role": "reviewer", "decision": decision, "decided_at": now,
            }  # fmt: skip
            forged = self.random.random() < FORGED
            if not forged and name in NAMES:
                self.said[name] = max(self.said.get(name, (0, "")), (now, decision))
            vote = signed(vote, PrivateKey.of(b"s" * 32)) if forged else signed(vote)
            return await self.push("verifications", "Verification", vote)
        return []

    async def push(self, topic: str, type_: str, record: dict[str, Any]) -> list[Any]:
        event = self.court.world.event(topic, type_, record, record["candidate_id"])
        self.history.append(event)
        return (await self.court.world.push(event))[0]

    def judge(self, outcomes: list[Any]) -> int:
        """Fail where the rules of this moment forbid a verdict; return how many there were."""
        found = [one.record for one in outcomes if isinstance(one, Emit) and one.topic == "verdicts"]
        now = self.court.world.clock.now()
        recheck = Recheck(self.court.references)
        for verdict in found:
            if verdict["outcome"] == "CONFIRMED":
                face = self.court.face
                people = {person(vote["reviewer"]) for vote in verdict["verifications"]}
                assert recheck.of_candidate(face, now) is None
                assert [verdict["candidate"][name] for name in BOUND] == [face[name] for name in BOUND]
                assert now < face["expires_at"]
                assert len(people - {"ann", "carl"}) >= max(2, recheck.required(face))
                assert all(self.said[name][1] == "MATCH" for name in people)
        outcomes_so_far = self.court.verdicts()
        assert outcomes_so_far.count("CONFIRMED") <= 1
        assert not outcomes_so_far or "CONFIRMED" not in outcomes_so_far[1:]
        return len(found)


async def play(first: int, orders: int) -> tuple[int, int]:
    """Play so many orders; return how many verdicts there were, and how many of them confirmed."""
    verdicts = confirmed = 0
    for seed in range(first, first + orders):
        game = Game(seed)
        verdicts += await game.play()
        confirmed += "CONFIRMED" in game.court.verdicts()
    return verdicts, confirmed


@pytest.mark.parametrize("first", range(0, 4 * ORDERS, ORDERS))
async def test_no_order_of_things_leads_to_a_verdict_that_the_rules_of_that_moment_forbid(first: int) -> None:
    verdicts, confirmed = await play(first, ORDERS)
    assert verdicts > ORDERS / 4
    assert confirmed > ORDERS / 50


if __name__ == "__main__":
    found = asyncio.run(play(10**6, int(sys.argv[1])))
    sys.stdout.write(f"{sys.argv[1]} orders, {found[0]} verdicts, {found[1]} confirmed, none that the rules forbid\n")
