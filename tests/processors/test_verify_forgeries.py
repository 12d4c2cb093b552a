"""A person's deed is signed by what recognised the person, or it is no deed."""

from typing import Any

import pytest

from fairwatch.domain.outcome import Emit, Reject, Skip
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import person_id
from fairwatch.wire.trust import LATE, Trust
from fairwatch.wire.vouching import revoked, vouch_key, vouch_person
from tests.processors.test_verify import SECOND, Court
from tests.support.records import AT
from tests.support.trust import ADMIN, CONSOLE, SINCE, signed, vouched

STRANGER = PrivateKey.of(b"s" * 32)


def unsigned(record: dict[str, Any]) -> dict[str, Any]:
    return record


def by_a_stranger(record: dict[str, Any]) -> dict[str, Any]:
    return signed(record, STRANGER)


def of_another_candidate(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "deed": signed({**record, "candidate_id": "another"})["deed"]}


def of_another_decision(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "deed": signed({**record, "decision": "NO_MATCH"})["deed"]}


def of_another_person(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "deed": signed({**record, "reviewer": "emil"})["deed"]}


def to_do_something_else(record: dict[str, Any]) -> dict[str, Any]:
    return signed(record, act="acknowledge")


def of_another_time(record: dict[str, Any]) -> dict[str, Any]:
    return signed(record, at=record["decided_at"] - 1)


def with_another_key_named(record: dict[str, Any]) -> dict[str, Any]:
    deed = signed(record, STRANGER)["deed"]
    return {**record, "deed": {**deed, "key_id": CONSOLE.public.key_id}}


def cut_short(record: dict[str, Any]) -> dict[str, Any]:
    deed = signed(record)["deed"]
    return {**record, "deed": {**deed, "signature": deed["signature"][:-8]}}


FORGERIES = [
    (unsigned, "unsigned"),
    (by_a_stranger, "unknown_key"),
    (of_another_candidate, "wrong_signature"),
    (of_another_decision, "wrong_signature"),
    (of_another_person, "another_person"),
    (to_do_something_else, "another_act"),
    (of_another_time, "out_of_time"),
    (with_another_key_named, "wrong_signature"),
    (cut_short, "wrong_signature"),
]


async def refused(court: Court, *arguments: Any, **fields: Any) -> str:
    """Return why a decision was refused, once it is known to be a dead letter and audited."""
    [told, letter] = await court.hears(*arguments, **fields)
    assert isinstance(letter, Reject)
    assert letter.reason == "not_authentic"
    assert isinstance(told, Emit)
    assert told.record["action"] == "deed.refused"
    assert letter.detail.endswith(told.record["details"]["reason"])
    assert "verification.given" not in court.audited()
    return str(told.record["details"]["reason"])


@pytest.mark.parametrize(("sign", "reason"), FORGERIES)
async def test_a_forged_decision_is_a_dead_letter_and_no_decision(sign: Any, reason: str) -> None:
    court = Court()
    await court.opens()
    assert await refused(court, "dora", sign=sign) == reason
    await court.hears("emil")
    assert court.verdicts() == []


async def test_people_who_do_not_exist_confirm_nothing() -> None:
    court = Court()
    await court.opens()
    for name in ("zoe", "yan", "dor\u0430", "do\u200bra", " ", "Dora"):
        assert await refused(court, name) == "unknown_person"
    assert court.verdicts() == []


async def test_a_role_that_somebody_does_not_have_decides_nothing() -> None:
    court = Court()
    court.vouched["people"].put(person_id("olga"), vouch_person(ADMIN, "olga", ["operator"], since=SINCE, at=SINCE))
    await court.opens()
    assert await refused(court, "olga") == "wrong_role"
    assert await refused(court, "olga", role="operator") == "wrong_role"
    assert await refused(court, "dora", role="operator") == "wrong_role"
    assert await refused(court, "dora", sign=lambda record: {**signed(record), "role": "supervisor"}) != ""


async def test_who_has_left_decides_nothing_and_what_was_decided_before_stands() -> None:
    court = Court()
    await court.opens()
    await court.hears("dora")
    gone = vouch_person(ADMIN, "dora", ["reviewer"], since=SINCE, at=AT + 2 * SECOND, until=AT + 2 * SECOND)
    court.vouched["people"].put(person_id("dora"), gone)
    [told, _] = await court.hears("dora", "NO_MATCH", at=AT + 3 * SECOND)
    assert told.record["details"]["reason"] == "unknown_person"
    await court.hears("emil")
    assert court.verdicts() == ["CONFIRMED"]


async def test_a_deed_of_the_future_or_of_last_week_is_out_of_time() -> None:
    court = Court()
    court.face["expires_at"] = AT + 9 * 86_400 * SECOND
    await court.opens()
    assert await refused(court, "dora", at=AT + 2 * 3_600 * SECOND) == "out_of_time"
    court.world.clock.advance(seconds=7 * 86_400)
    assert await refused(court, "dora", at=AT + 60 * SECOND) == "out_of_time"


async def test_a_worker_whose_clock_is_an_hour_behind_refuses_no_vote() -> None:
    court = Court()
    await court.opens()
    court.world.clock.advance(seconds=-3_600)
    await court.hears("dora", at=AT)
    await court.hears("emil", at=AT)
    assert court.verdicts() == ["CONFIRMED"]


async def test_what_a_key_signed_before_it_was_revoked_stands_and_after_it_does_not() -> None:
    court = Court()
    await court.opens()
    await court.hears("dora")
    key = court.vouched["signing-keys"].get(CONSOLE.public.key_id)
    stolen = revoked(ADMIN, key, at=AT + 2 * SECOND, reason="stolen")
    court.vouched["signing-keys"].put(CONSOLE.public.key_id, stolen)
    [told, _] = await court.hears("fay", at=AT + 3 * SECOND)
    assert told.record["details"]["reason"] == "revoked_key"
    await court.hears("emil", at=AT + SECOND)
    assert court.verdicts() == ["CONFIRMED"]


async def test_a_key_that_is_rotated_between_two_decisions_costs_neither() -> None:
    court, fresh = Court(), PrivateKey.of(b"n" * 32)
    await court.opens()
    await court.hears("dora")
    keys, old = court.vouched["signing-keys"], CONSOLE.public.key_id
    made = vouch_key(ADMIN, fresh.public, "console", at=AT + 2 * SECOND)
    keys.put(made["key_id"], made)
    keys.put(old, revoked(ADMIN, keys.get(old), at=AT + 2 * SECOND, reason="rotated"))
    [told, _] = await court.hears("fay", at=AT + 3 * SECOND)
    assert told.record["details"]["reason"] == "revoked_key", "by the old one"
    await court.hears("emil", at=AT + 3 * SECOND, sign=lambda record: signed(record, fresh))
    assert court.verdicts() == ["CONFIRMED"]


async def test_a_stolen_key_cannot_date_back_for_long_nor_at_all_once_it_is_void() -> None:
    for void, after in ((False, LATE / SECOND + 2), (True, 1)):
        court = Court()
        await court.opens()
        key = court.vouched["signing-keys"].get(CONSOLE.public.key_id)
        at = court.world.clock.now()
        court.vouched["signing-keys"].put(
            CONSOLE.public.key_id, revoked(ADMIN, key, at=at + SECOND, reason="stolen", void=void)
        )
        court.world.clock.advance(seconds=after)
        assert await refused(court, "dora", at=at) == "revoked_key"


async def test_an_older_record_of_a_key_does_not_bring_it_back() -> None:
    court = Court()
    await court.opens()
    key = court.vouched["signing-keys"].get(CONSOLE.public.key_id)
    court.vouched["signing-keys"].put(CONSOLE.public.key_id, revoked(ADMIN, key, at=AT, reason="stolen", void=True))
    assert await refused(court, "dora") == "revoked_key"
    court.vouched["signing-keys"].put(CONSOLE.public.key_id, key)
    assert await refused(court, "emil") == "revoked_key"


async def test_a_key_and_people_that_no_administrator_signed_are_nobody() -> None:
    court = Court()
    await court.opens()
    key = vouch_key(STRANGER, STRANGER.public, "console", at=SINCE)
    court.vouched["signing-keys"].put(key["key_id"], key)
    person = vouch_person(STRANGER, "eve", ["reviewer"], since=SINCE, at=SINCE)
    court.vouched["people"].put(person["person_id"], person)
    promoted = {**court.vouched["people"].get(person_id("fay")), "roles": ["reviewer", "admin"]}
    court.vouched["people"].put(person_id("fay"), promoted)
    assert await refused(court, "dora", sign=by_a_stranger) == "unknown_key"
    assert await refused(court, "eve") == "unknown_person"
    assert await refused(court, "fay") == "unknown_person"


async def test_a_persons_own_key_speaks_for_nobody_else() -> None:
    court = Court()
    await court.opens()
    own = vouch_key(ADMIN, STRANGER.public, "dora", at=SINCE, name="dora")
    court.vouched["signing-keys"].put(own["key_id"], own)
    assert await refused(court, "emil", sign=by_a_stranger) == "unknown_key"
    assert Skip("pending") not in await court.hears("dora", sign=by_a_stranger)
    assert court.audited()[-1] == "verification.given"


def test_without_an_administrators_key_nothing_is_authentic() -> None:
    known = vouched()
    record = signed(
        {"verification_id": "v", "candidate_id": "c", "reviewer": "dora", "role": "reviewer", "decision": "MATCH",
         "decided_at": AT}
    )  # fmt: skip
    asked = Trust(known["people"], known["signing-keys"], [])
    told = asked.refusal("Verification", record, record["deed"], act="verify", name="dora", action="candidate.verify")
    assert told == "unknown_person"
