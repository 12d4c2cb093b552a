"""The audit keeper chains each record once, and the same again after a crash."""

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Skip
from fairwatch.policy.audit_chain import verify
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
