"""Processors ask the policies that the console asks, and say in the audit log which one decided, in which version."""

import pytest

from fairwatch.domain.outcome import Emit, Reject
from fairwatch.policy.access import SHIPPED, Policies
from fairwatch.policy.deeds import make
from fairwatch.policy.judge import Judge
from fairwatch.processors.group import Group
from fairwatch.processors.verify import Verify
from fairwatch.wire.trust import Trust
from tests.processors.test_deeds import Room
from tests.processors.test_verify import Court
from tests.support.processor_world import emitted
from tests.support.trust import ADMIN

TEXT = SHIPPED.read_text(encoding="utf-8")
NO_DORA = Policies(TEXT + '@id("no dora")\nforbid (principal == Person::"dora", action, resource);\n', "new")
OPERATORS = Policies(
    TEXT + '@id("operators decide")\npermit (principal is Person, action == Action::"candidate.verify", resource)\n'
    'when { principal.roles.contains("operator") };\n',
    "new",
)


def court(policies: Policies) -> Court:
    made = Court()
    people, keys = made.vouched["people"], made.vouched["signing-keys"]
    trust = Trust(people, keys, [ADMIN.public], judge=Judge(policies))
    made.world.processor = Verify(made.world.clock, made.state, made.references, trust)
    return made


async def test_verify_refuses_whom_the_policies_forbid_and_names_their_version() -> None:
    room = court(NO_DORA)
    await room.opens()
    [told, letter] = await room.hears("dora")
    assert isinstance(told, Emit)
    assert isinstance(letter, Reject)
    assert (letter.reason, told.record["details"]["reason"]) == ("not_authentic", "wrong_role")
    assert told.record["details"]["policy_version"] == NO_DORA.version


@pytest.mark.parametrize(
    ("policies", "role", "cited"),
    [(NO_DORA, "reviewer", "candidate.verify"), (OPERATORS, "operator", "candidate.verify, operators decide")],
)
async def test_each_decision_and_the_verdict_cite_the_policy_by_which_they_were_taken(
    policies: Policies, role: str, cited: str
) -> None:
    room = court(policies)
    await room.opens()
    await room.hears("emil", role=role)
    await room.hears("fay", role=role)
    assert room.verdicts() == ["CONFIRMED"]
    told = [record for record in emitted([room.world.outcomes], "audit") if record["action"] != "candidate.made"]
    assert [record["action"] for record in told] == ["verification.given", "verification.given", "verdict.reached"]
    for record in told:
        assert (record["details"]["policy"], record["details"]["policy_version"]) == (cited, policies.version)


async def test_group_takes_an_answer_in_a_role_that_the_policies_allow_and_cites_them() -> None:
    room = Room()
    alert = await room.raised()
    assert isinstance(room.world.processor, Group)
    room.world.processor._judge = Judge(NO_DORA)
    for number, (name, action) in enumerate([("dora", "alert.deed_refused"), ("ann", "alert.comment")]):
        deed = make(alert, "COMMENT", name, "operator", room.clock.now(), note="seen", identity=str(number))
        told = emitted(await room.world.push(room.event(deed)), "audit")
        (record,) = [each for each in told if "deed" in each["details"]]
        assert (record["action"], record["details"]["policy_version"]) == (action, NO_DORA.version)
