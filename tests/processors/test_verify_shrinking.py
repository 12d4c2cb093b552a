"""Between candidate and verdict, and after it, the mandate may shrink: then the candidate shrinks with it."""

from typing import Any

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Reject
from fairwatch.processors.verify import KEEP
from tests.processors.test_verify import FACE_ENTRY, SECOND, Court
from tests.support.processor_world import emitted
from tests.support.records import AT, candidate
from tests.support.watchlist import authorisation, entry, lists

FACES: dict[str, Any] = {"kinds": ["FACE"]}
OTHER = {"uri": "fw-media:" + "b" * 64, "sha256": "b" * 64}
PICTURE = {"uri": "fw-media:" + "a" * 64, "sha256": "a" * 64}
AUTHORISATIONS = [
    ({"state": "REVOKED"}, "revoked"),
    ({"state": "REJECTED"}, "not_granted"),
    ({"site_ids": ["airport"]}, "wrong_place"),
    ({"site_ids": [], "device_ids": ["cam-2"]}, "wrong_place"),
    ({"kinds": ["PLATE"]}, "wrong_kind"),
    ({"modes": ["POST"]}, "wrong_mode"),
    ({"valid_until": AT}, "expired"),
    ({"valid_from": AT + 1}, "not_yet"),
    ({"approved_by": ["\u0430nn"]}, "no_approver"),
    ({"authorisation_id": "auth-2"}, "no_authorisation"),
]
ENTRIES = [
    ({"state": "WITHDRAWN"}, "withdrawn"),
    ({"state": "SUSPENDED"}, "suspended"),
    ({"valid_until": AT}, "expired"),
    ({"device_ids": ["cam-2"]}, "wrong_place"),
    ({"areas": ["west"]}, "wrong_place"),
    ({"authorisation_id": "auth-2"}, "moved"),
    ({"kind": "PLATE", "plate": "ABCB123"}, "wrong_kind"),
    ({"references": [OTHER]}, "replaced"),
]


@pytest.fixture
def court() -> Court:
    court = Court()
    court.face["reference"] = PICTURE
    court.references["watchlist-entries"].put("entry-face", {**FACE_ENTRY, "references": [PICTURE]})
    return court


def reasons(court: Court) -> list[str]:
    return [record["reason"].rpartition(" ")[2] for record in emitted([court.world.outcomes], "verdicts")]


def shrink(court: Court, topic: str, change: dict[str, Any]) -> None:
    if topic == "authorisations":
        court.references[topic].put("auth-1", authorisation(**{**FACES, **change}))
        court.references[topic].put("auth-2", authorisation("auth-2", state="REVOKED"))
    else:
        court.references[topic].put("entry-face", {**FACE_ENTRY, "references": [PICTURE], **change})


CHANGES = [("authorisations", *case) for case in AUTHORISATIONS] + [("watchlist-entries", *case) for case in ENTRIES]


@pytest.mark.parametrize(("topic", "change", "reason"), CHANGES)
async def test_what_shrinks_before_the_last_decision_is_not_confirmed(
    court: Court, topic: str, change: dict[str, Any], reason: str
) -> None:
    await court.opens()
    await court.hears("dora")
    shrink(court, topic, change)
    court.world.clock.advance(seconds=61)  # what is not here may be on its way for a minute
    await court.hears("emil")
    assert "CONFIRMED" not in court.verdicts()
    assert reasons(court) == [reason]


@pytest.mark.parametrize(("topic", "change", "reason"), [case for case in CHANGES if case[2] != "no_authorisation"])
async def test_what_shrinks_after_the_verdict_takes_it_back_with_its_reason(
    court: Court, topic: str, change: dict[str, Any], reason: str
) -> None:
    await court.opens()
    await court.hears("dora")
    await court.hears("emil")
    shrink(court, topic, change)
    await court.world.tick(seconds=1)
    await court.world.tick(seconds=60)
    assert court.verdicts() == ["CONFIRMED", "REVOKED"]
    assert reasons(court)[1] == reason


async def test_an_authorisation_that_ends_takes_back_what_was_confirmed_at_that_moment(court: Court) -> None:
    court.references["authorisations"].put("auth-1", authorisation(valid_until=AT + 7_200 * SECOND))
    await court.opens()
    await court.hears("dora")
    await court.hears("emil")
    await court.world.tick(seconds=7_199)
    assert court.verdicts() == ["CONFIRMED"]
    await court.world.tick(seconds=1)
    assert court.verdicts() == ["CONFIRMED", "REVOKED"]
    await court.world.tick(seconds=KEEP / SECOND)
    assert court.cases() == []


async def test_more_reviewers_that_are_demanded_meanwhile_are_needed(court: Court) -> None:
    await court.opens()
    await court.hears("dora")
    court.references["authorisations"].put("auth-1", authorisation(required_verifications=3))
    await court.hears("emil")
    assert court.verdicts() == []
    await court.hears("fay")
    assert court.verdicts() == ["CONFIRMED"]


async def test_fewer_reviewers_than_were_demanded_do_not_do(court: Court) -> None:
    court.face["required_verifications"] = 3
    await court.opens()
    await court.hears("dora")
    await court.hears("emil")
    assert court.verdicts() == []


async def test_a_candidate_that_calls_a_face_a_plate_is_refused(court: Court) -> None:
    await court.opens(candidate("PLATE", entry_id="entry-face"))
    assert court.verdicts() == ["REVOKED"]
    assert reasons(court) == ["wrong_kind"]


async def test_a_plate_that_is_listed_anew_is_another_plate() -> None:
    court = Court(lists([entry(plate="粵B 12345")]))
    await court.opens(candidate("PLATE", plate_listed="粤B12345"))
    assert court.verdicts() == ["CONFIRMED"]
    court.references["watchlist-entries"].put("entry-1", entry(plate="粤B12346"))
    await court.world.tick()
    assert reasons(court)[1:] == ["replaced"]


@pytest.mark.parametrize("name", ["dor\u0430", "do\u200bra", "\uff44ora", "DO\u00adRA"])
async def test_a_look_alike_is_no_second_person(court: Court, name: str) -> None:
    await court.opens()
    await court.hears("dora")
    await court.hears(name)
    assert court.verdicts() == []


async def test_an_expired_candidate_stays_expired_whatever_is_replayed(court: Court) -> None:
    court.world.clock.advance(seconds=7 * 86_400)
    await court.hears("dora")
    await court.hears("emil")
    await court.opens()
    assert court.verdicts() == ["EXPIRED"]


async def test_a_record_under_another_key_is_a_dead_letter_that_names_both(court: Court) -> None:
    event = court.world.event("candidates", "MatchCandidate", court.face, "another")
    [[_, answer]] = await court.world.push(event)
    assert isinstance(answer, Reject)
    assert court.audited() == ["record.refused"]
    assert "another" in answer.detail
    assert court.face["candidate_id"] in answer.detail
    [told, again] = [emit.record for _ in range(2) for emit in (await court.world.push(event))[0][:1]]
    assert told == again, "who is told twice is told the same"
    place = (event.topic, event.partition, event.offset, "another")
    assert told["audit_id"] == stable_id("audit", "record.refused", *place)
    assert (told["actor"], told["subject"], told["at"]) == ("processor:verify", "another", court.world.clock.now())
    assert told["details"] == {
        "reason": "key_is_not_id",
        "topic": event.topic,
        "id": court.face["candidate_id"],
    }
