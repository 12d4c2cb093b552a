"""What the audit log is told of people is signed by the console or command line that recognised them, or refused."""

from typing import Any

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.memory import DAY
from fairwatch.domain.outcome import Reject, Skip
from fairwatch.policy.audit_chain import verify
from fairwatch.policy.signatures import PrivateKey
from fairwatch.processors.audit import Audit
from fairwatch.wire.signed_audit import Signatures, Tellers, sign_audit
from fairwatch.wire.vouching import revoked
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, audit_record
from tests.support.trust import ADMIN, CONSOLE, trust, vouched

LOOK = {**audit_record(1), "action": "media.viewed", "actor": "dora"}
LATER = {**audit_record(2), "action": "media.viewed", "actor": "dora"}


def told(record: dict[str, Any] = LOOK, key: PrivateKey = CONSOLE) -> dict[str, Any]:
    return sign_audit(record, key, method="password", session_id="session-1")


def world(*, required: bool = True) -> World:
    return World(Audit(MemoryState(), ManualClock(AT), Tellers(trust(), required)))


async def heard(world: World, *records: dict[str, Any], writer: str | None = "") -> list[Any]:
    events = [world.event("audit", "AuditRecord", record) for record in records]
    for event in events:
        event.writer = writer
    return await world.push(*events)


async def test_a_signed_look_is_chained_with_its_signature_and_stays_checkable_there() -> None:
    answers = await heard(world(), told(), told(LATER))
    chained = emitted(answers, "audit-chain")
    seen = Signatures(Tellers(trust(), required=False))
    for record in chained:
        seen.look(record)
    assert (seen.signed, seen.unsigned, seen.faults) == (2, 0, [])
    assert not verify(chained).faults


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (LOOK, "unsigned"),
        (told() | {"actor": "emil"}, "another_person"),
        (told() | {"action": "export.made"}, "another_act"),
        (told() | {"subject": "another"}, "wrong_signature"),
        (told() | {"details": {"of": "nothing"}}, "wrong_signature"),
        (told() | {"at": AT + 7}, "out_of_time"),
        (told(key=PrivateKey.of(b"m" * 32)), "unknown_key"),
    ],
)
async def test_what_is_told_of_somebody_and_is_not_authentic_is_in_the_log_as_an_attempt(
    record: dict[str, Any], reason: str
) -> None:
    [[linked, refused]] = await heard(world(), record)
    assert linked.record["action"] == "record.refused"
    assert (linked.record["details"]["reason"], linked.record["details"]["claims"]) == (reason, record["action"])
    assert isinstance(refused, Reject)
    assert refused.reason == "not_authentic"


async def test_a_false_signature_keeps_the_true_record_out_of_nothing() -> None:
    false = told(key=PrivateKey.of(b"m" * 32))
    chained = emitted(await heard(world(), false, told(), told()), "audit-chain")
    assert [record["action"] for record in chained] == ["record.refused", "media.viewed"]


@pytest.mark.parametrize(
    ("record", "writer"),
    [
        (LOOK | {"actor": "operator:root"}, ""),  # no person of people.yaml: the operating system's word
        (LOOK | {"actor": "component:console", "action": "configuration.read"}, ""),
        (LOOK | {"action": "verification.given"}, "verify"),  # a processor concludes it, under its bond
        (LOOK | {"action": "verification.given"}, None),  # where nobody asks for bonds, too
    ],
)
async def test_what_no_person_is_said_to_have_done_by_hand_needs_no_signature(
    record: dict[str, Any], writer: str | None
) -> None:
    chained = emitted(await heard(world(), record, writer=writer), "audit-chain")
    assert [one["action"] for one in chained] == [record["action"]]


async def test_a_signed_record_that_comes_again_when_the_memory_of_it_is_over_is_an_attempt() -> None:
    clock = ManualClock(AT)
    keeper = World(Audit(MemoryState(), clock, Tellers(trust(), required=True)))
    assert len(emitted(await heard(keeper, told()), "audit-chain")) == 1
    for day in (5, 40):
        clock.move_to(AT + day * DAY)
        now = told({**audit_record(day), "action": "media.viewed", "actor": "dora", "at": AT + day * DAY})
        assert emitted(await heard(keeper, now), "audit-chain")[0]["action"] == "media.viewed"
    [[linked, refused]] = await heard(keeper, told())
    assert (linked.record["action"], linked.record["details"]["reason"]) == ("record.refused", "replayed")
    assert isinstance(refused, Reject)
    assert await heard(keeper, told(), now) == [[Skip("duplicate")], [Skip("duplicate")]]


async def test_what_lay_unread_for_longer_than_anything_is_remembered_is_chained_once() -> None:
    clock = ManualClock(AT)
    keeper = World(Audit(MemoryState(), clock, Tellers(trust(), required=True)))
    await heard(keeper, told())
    clock.advance(seconds=90 * 86_400)
    unread = [told({**audit_record(n), "action": "media.viewed", "actor": "dora", "at": AT + n * 9 * DAY})
              for n in range(2, 9)]  # fmt: skip
    answers = await heard(keeper, *unread)
    assert [one["action"] for one in emitted(answers, "audit-chain")] == ["media.viewed"] * 7
    keeper.rewind(len(unread))
    assert await heard(keeper, *unread) == [[Skip("duplicate")]] * 7, "delivered again after a crash"


async def test_a_console_whose_clock_is_ahead_makes_no_other_late() -> None:
    answers = await heard(world(), told({**LOOK, "at": AT + 90 * DAY}), told(LATER))
    assert [one["action"] for one in emitted(answers, "audit-chain")] == ["media.viewed"] * 2


async def test_before_signatures_are_demanded_what_bears_none_is_chained_and_a_false_one_is_not() -> None:
    answers = await heard(world(required=False), LOOK, told(LATER, PrivateKey.of(b"m" * 32)))
    assert [record["action"] for record in emitted(answers, "audit-chain")] == ["media.viewed", "record.refused"]


async def test_a_log_that_was_made_without_the_keeper_is_named_record_by_record() -> None:
    loose = World(Audit(MemoryState(), ManualClock(AT)))
    forged = told(LATER, PrivateKey.of(b"m" * 32))
    chained = emitted(await heard(loose, told(), LOOK | {"subject": "before"}, forged), "audit-chain")
    seen = Signatures(Tellers(trust(), required=False))
    for record in chained:
        seen.look(record)
    assert (seen.signed, seen.unsigned) == (1, 1)
    assert [(fault.sequence, fault.kind) for fault in seen.faults] == [(3, "unauthentic")]
    assert "unknown_key" in seen.faults[0].detail


async def test_what_a_key_signed_before_it_was_revoked_stands_and_what_a_stolen_one_signed_is_doubtful() -> None:
    chained = emitted(await heard(world(), told()), "audit-chain")
    known = vouched()
    [(identity, key)] = known["signing-keys"].items()
    known["signing-keys"].put(identity, revoked(ADMIN, key, at=AT + 1, reason="stolen", void=True))
    seen = Signatures(Tellers(trust(known), required=False))
    seen.look(chained[0])
    assert (seen.signed, seen.doubtful, seen.faults) == (0, 1, [])
