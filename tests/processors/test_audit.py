"""The audit keeper chains each record once, and the same again after a crash."""

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Skip
from fairwatch.parts import of_kind
from fairwatch.policy.audit_chain import verify
from fairwatch.policy.audit_writers import BY, refusal
from fairwatch.processors.audit import Audit
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, audit_record


async def push(world, *numbers):
    return await world.push(*(world.event("audit", "AuditRecord", audit_record(n)) for n in numbers))


async def test_records_are_chained_over_batches():
    world = World(Audit(MemoryState(), ManualClock(AT)))
    chained = emitted(await push(world, 1, 2, 3), "audit-chain") + emitted(await push(world, 4), "audit-chain")
    assert [record["sequence"] for record in chained] == [1, 2, 3, 4]
    assert not verify(chained).faults


async def test_a_duplicate_is_chained_once():
    world = World(Audit(MemoryState(), ManualClock(AT)))
    answers = await push(world, 1, 1, 2) + await push(world, 2, 1)
    assert [record["sequence"] for record in emitted(answers, "audit-chain")] == [1, 2]
    assert answers[1] == answers[3] == answers[4] == [Skip("duplicate")]


async def test_who_writes_first_under_a_predictable_id_keeps_the_true_record_out_of_nothing():
    world = World(Audit(MemoryState(), ManualClock(AT)))
    true = audit_record(1)
    forged = {**true, "actor": "mallory", "details": {"outcome": "REJECTED"}}
    told_again = {**true, "at": true["at"] + 60_000_000}
    events = [world.event("audit", "AuditRecord", one) for one in (forged, true, told_again, forged)]
    chained = emitted(await world.push(*events), "audit-chain")
    assert [record["actor"] for record in chained] == ["mallory", true["actor"]]
    assert not verify(chained).faults


async def test_after_a_crash_before_the_state_was_saved_the_same_links_come_again():
    state = MemoryState()
    world = World(Audit(state, ManualClock(AT)))
    log = emitted(await push(world, 1, 2), "audit-chain")
    saved = state.snapshot()
    log += emitted(await push(world, 3, 4), "audit-chain")
    state.restore(saved)
    log += emitted(await push(World(Audit(state, ManualClock(AT))), 3, 4, 5), "audit-chain")
    report = verify(log)
    assert not report.faults
    assert (report.records, report.repeats) == (5, 2)


def said_by(world, writer, **said):
    event = world.event("audit", "AuditRecord", {**audit_record(1), **said})
    event.writer = writer
    return event


@pytest.mark.parametrize(
    ("writer", "said", "reason"),
    [
        ("", {"action": "verdict.reached", "actor": "processor:verify"}, "unbound"),
        ("", {"action": "retention.deleted", "actor": "retain"}, "unbound"),
        ("", {"action": "media.viewed", "actor": "processor:group"}, "unbound"),
        ("match", {"action": "verdict.reached", "actor": "processor:verify"}, "wrong_writer"),
        ("group", {"action": "media.viewed", "actor": "dora"}, "wrong_writer"),
    ],
)
async def test_what_is_not_for_its_writer_to_say_is_in_the_log_as_an_attempt(writer, said, reason):
    world = World(Audit(MemoryState(), ManualClock(AT)))
    [[linked, refused]] = await world.push(said_by(world, writer, **said))
    chained = linked.record
    assert (chained["action"], chained["actor"]) == ("record.refused", "processor:audit")
    assert (chained["details"]["reason"], chained["details"]["claims"]) == (reason, said["action"])
    assert (refused.reason, refused.field) == ("not_authentic", "action")


@pytest.mark.parametrize(
    ("writer", "action"),
    [("", "media.viewed"), ("", "site.armed"), ("route", "site.armed"), ("match-shard-1-of-2", "candidate.created")],
)
async def test_who_may_say_it_is_chained(writer, action):
    world = World(Audit(MemoryState(), ManualClock(AT)))
    [chained] = emitted(await world.push(said_by(world, writer, action=action, actor="dora")), "audit-chain")
    assert chained["action"] == action


async def test_a_forged_record_keeps_nobody_from_saying_the_same_who_may():
    world = World(Audit(MemoryState(), ManualClock(AT)))
    said = {"action": "verdict.reached", "actor": "processor:verify"}
    events = [said_by(world, writer, **said) for writer in ("", "", "verify", "verify")]
    chained = emitted(await world.push(*events), "audit-chain")
    assert [record["action"] for record in chained] == ["record.refused", "verdict.reached"]


def test_everybody_who_may_conclude_something_is_a_component_that_writes_the_log():
    conclude_nothing = {"normalize", "project", "audit"}  # they tell with which configuration they started
    writers = {name for name, part in of_kind("processor").items() if "audit" in part.produces()}
    assert set(BY) == writers - conclude_nothing
    assert all(refusal("alert.new", "processor:group", name) == "wrong_writer" for name in conclude_nothing)
