"""Twelve forgeries by somebody who can write to Kafka: each is refused, and each is in the audit log."""

from collections.abc import Callable
from typing import Any

import pytest

from fairwatch.cli.publish import writable
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.outcome import Reject
from fairwatch.matching.recheck import Recheck
from fairwatch.policy.audit_anchor import Held, checkpoint
from fairwatch.policy.audit_chain import Head, link, verify
from fairwatch.policy.signatures import PrivateKey
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.wire.avro import Codec
from fairwatch.wire.vouching import vouch_key, vouch_person
from tests.processors.test_verify import FACE_ENTRY, SECOND, Court
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, audit_record, candidate, trigger
from tests.support.timeline import ScriptedSink
from tests.support.trust import ADMIN, checked, signed, vouched
from tests.support.watchlist import authorisation, lists

FORGER = PrivateKey.of(b"f" * 32)
Sign = Callable[[dict[str, Any]], dict[str, Any]]


def unsigned(record: dict[str, Any]) -> dict[str, Any]:
    return record


def by_the_forger(record: dict[str, Any]) -> dict[str, Any]:
    return signed(record, FORGER)


def stolen_from_another_candidate(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "deed": signed({**record, "candidate_id": "of-last-week"})["deed"]}


def turned_round(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "deed": signed({**record, "decision": "NO_MATCH"})["deed"]}


@pytest.mark.parametrize(
    ("people", "sign"),
    [
        (("mallory", "trudy"), unsigned),
        (("dora", "emil"), by_the_forger),
        (("dora", "dor\u0430"), signed),
        (("dora", "do\u200bra"), signed),
        (("dora", "emil"), stolen_from_another_candidate),
        (("dora", "emil"), turned_round),
    ],
    ids=["1 nobody", "2 own key", "3 look-alike", "4 unseen letter", "5 of another candidate", "6 turned round"],
)
async def test_forged_people_confirm_nothing(people: tuple[str, str], sign: Sign) -> None:
    court = Court()
    await court.opens()
    for name in people:
        await court.hears(name, sign=sign)
    assert court.verdicts() == []
    assert "deed.refused" in court.audited()


async def test_7_a_reviewer_and_a_key_that_the_forger_registers_are_nobody() -> None:
    court = Court()
    key = vouch_key(FORGER, FORGER.public, "console", at=AT)
    court.vouched["signing-keys"].put(key["key_id"], key)
    for name in ("mallory", "trudy"):
        person = vouch_person(FORGER, name, ["reviewer"], since=AT, at=AT)
        court.vouched["people"].put(person["person_id"], person)
    await court.opens()
    for name in ("mallory", "trudy"):
        await court.hears(name, sign=by_the_forger)
    assert court.verdicts() == []
    assert court.audited() == ["deed.refused", "deed.refused"]


async def test_8_a_candidate_that_calls_a_face_a_plate_needs_nobody_and_gets_nowhere() -> None:
    court = Court()
    await court.opens(candidate("PLATE", entry_id="entry-face"))
    assert court.verdicts() == ["REVOKED"]
    assert court.audited() == ["verdict.reached"]


async def test_9_a_record_under_another_key_speaks_for_nobody() -> None:
    court = Court()
    event = court.world.event("candidates", "MatchCandidate", court.face, "a-genuine-candidate")
    [answers] = await court.world.push(event)
    assert isinstance(answers[-1], Reject)
    assert court.audited() == ["record.refused"]


async def test_10_old_records_that_come_again_after_a_week_confirm_nothing() -> None:
    court = Court()
    opened = court.world.event("candidates", "MatchCandidate", court.face, court.face["candidate_id"])
    court.world.clock.advance(seconds=7 * 86_400)
    await court.world.push(opened)
    for name in ("dora", "emil"):
        await court.hears(name, at=AT + SECOND)
    assert court.verdicts() == ["EXPIRED"]
    assert court.audited()[0] == "verdict.reached"


@pytest.mark.parametrize("change", [{"state": "REVOKED"}, {"site_ids": ["airport"]}, {"kinds": ["PLATE"]}])
async def test_11_an_alert_that_is_written_past_everybody_is_not_told(change: dict[str, Any]) -> None:
    court = Court()
    court.references["authorisations"].put("auth-1", authorisation(**change))
    clock, state = court.world.clock, MemoryState()
    sink = ScriptedSink(clock)
    recheck = Recheck(court.references)
    world = World(Notify({"control-room": Receiver("control-room", sink)}, state, clock, Codec(), recheck), clock)
    alert = trigger(
        event_type="watchlist.face", candidate_id="c", entry_id=FACE_ENTRY["entry_id"], authorisation_id="auth-1",
        verified_by=["mallory", "trudy"], parameters={"kind": "FACE", "required_verifications": "2"}, site_id="harbour",
    )  # fmt: skip
    answers = await world.push(world.event("alerts", "Alert", alert, key=alert["group"]))
    assert sink.tried == 0
    assert [record["action"] for record in emitted(answers, "audit")] == ["alert.suppressed"]


async def test_13_an_authorisation_that_two_free_texts_approve_confirms_nothing_and_is_audited() -> None:
    references = lists([FACE_ENTRY], [authorisation(requested_by="mallory", approved_by=["trudy"])])
    court = Court(checked({**references, **vouched()}, ["authorisations"]))
    await court.opens(court.face | {"required_verifications": 0})
    for name in ("dora", "emil"):
        await court.hears(name)
    assert court.verdicts() == ["REVOKED"]
    assert [emit.record["action"] for emit in await court.world.tick()] == ["deed.refused"]


@pytest.mark.parametrize("topic", ["candidates", "verifications", "verdicts", "alerts", "audit", "people"])
def test_the_command_line_writes_nothing_that_the_hub_concludes(topic: str) -> None:
    with pytest.raises(ConfigurationError, match="choose one of"):
        writable(topic)


def test_12_an_audit_log_that_was_written_anew_from_its_beginning_does_not_fit_what_was_said_of_it() -> None:
    def log(actor: str) -> list[dict[str, Any]]:
        head, found = Head(), []
        for number in range(7):
            record = link(audit_record(number) | {"actor": actor}, "audit-0", head)
            head = Head(record["sequence"], record["hash"])
            found.append(dict(record))
        return found

    genuine = Held([])
    assert not verify(genuine.watch(log("mallory"))).faults
    said = checkpoint(genuine.trees, ADMIN, at=AT)
    for forged in (log("dora"), log("mallory")[:5], []):
        held = Held([said])
        assert not verify(held.watch(forged)).faults, "the chain by itself is sound"
        assert held.end()
