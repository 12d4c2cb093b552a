"""Rounds of retention: told until that is kept, at once where something waits, and counted."""

import asyncio

from structlog.testing import capture_logs

from fairwatch.domain.errors import RetryableError
from fairwatch.domain.ids import stable_id
from fairwatch.telemetry.metrics import REGISTRY
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import SIGNINGS
from tests.policy.test_erasure import hold, uri
from tests.processors.test_retain_ended import Archive, found
from tests.support.processor_world import emitted
from tests.support.records import AT
from tests.support.trust import trust, vouched


async def test_what_a_round_did_is_told_again_where_telling_it_came_to_nothing():
    archive = Archive()
    await archive.sees(found(1, "1"))
    await archive.told()
    archive.ends(state="REVOKED")
    retain = archive.world.processor
    await archive.world.tick()
    await asyncio.wait([retain._round])
    before = retain._candidates._state.snapshot()
    told = list(await archive.world.tick())
    assert [emit.topic for emit in told] == ["watchlist-entries", "erasures", "audit"]
    retain._candidates._state.restore(before)
    assert list(await archive.world.tick()) == told
    assert list(await archive.world.tick()) == [], "it was kept: what it told is told"


async def test_new_candidates_get_data_keys_at_once_where_pictures_are_sealed_and_wait_for_no_round_else():
    for sealed in (True, False):
        archive = Archive(sealed=sealed)
        await archive.told()
        assert archive.world.processor.due_at() == AT + 900_000_000
        await archive.sees(found(1, "1"))
        assert archive.world.processor.due_at() == (AT if sealed else AT + 900_000_000)
        await archive.told()
        assert (uri("1") in archive.pictures.owned) is sealed


async def test_many_pictures_get_their_data_keys_in_rounds_that_follow_each_other_at_once(monkeypatch):
    monkeypatch.setattr("fairwatch.processors.retain.AT_ONCE", 2)
    archive = Archive(sealed=True)
    await archive.sees(found(1, "1"), found(2, "2"), found(3, "3"))
    sizes = []
    for _ in range(4):
        await archive.told()
        sizes.append(len(archive.pictures.owned))
    assert sizes == [2, 4, 5, 5]
    assert archive.world.processor.due_at() == AT + 900_000_000


async def test_as_many_pictures_as_a_round_takes_need_no_other(monkeypatch):
    monkeypatch.setattr("fairwatch.processors.retain.AT_ONCE", 2)
    archive = Archive(sealed=True)
    await archive.told()
    assert len(archive.pictures.owned) == 2
    assert archive.world.processor.due_at() == AT + 900_000_000


async def test_a_picture_that_got_no_data_key_is_asked_about_again():
    archive = Archive(sealed=True)
    owned, archive.pictures.own = archive.pictures.own, refuse_all
    await archive.told()
    archive.pictures.own = owned
    await archive.told(900)
    assert archive.pictures.owned == {uri("a"), uri("b")}


async def refuse_all(_uri):
    return False


async def test_a_legal_hold_on_one_candidate_keeps_its_pictures_from_age():
    kept = found(1, "1", reference="r")
    archive = Archive(hold(kept["candidate_id"]))
    await archive.sees(kept, found(2, "2"))
    await archive.told()
    assert {uri("1"), uri("r")} <= archive.pictures.kept
    assert uri("2") not in archive.pictures.kept


async def test_what_is_deleted_is_counted_by_store():
    def counted():
        return REGISTRY.get_sample_value("fairwatch_retention_deleted_total", {"store": "media"}) or 0

    archive, before = Archive(), counted()
    archive.pictures.old = 3
    await archive.told()
    assert counted() - before == 3
    archive.ends(state="REVOKED")
    await archive.told()
    assert counted() - before == 4, "and the picture of its entry"


async def test_what_age_deleted_is_audited_in_the_name_of_retain():
    archive = Archive()
    archive.pictures.old = 2
    [told] = emitted([await archive.told()], "audit")
    assert told == {
        "audit_id": stable_id("audit", "retention.deleted", "media", AT),
        "action": "retention.deleted",
        "actor": "retain",
        "at": AT,
        "subject": "store:media",
        "authorisation_id": None,
        "details": {"objects": "2", "older_than_hours": "720"},
    }


async def test_a_receipt_says_who_ordered_it_why_and_what_is_left_and_is_audited():
    archive = Archive()
    await archive.sees(found(1, "1"))
    archive.ends(state="REVOKED")
    told = await archive.told()
    [receipt], [audit] = emitted([told], "erasures"), emitted([told], "audit")
    assert (receipt["ordered_by"], receipt["reason"]) == ("processor:retain", "authorisation.REVOKED")
    assert (receipt["subject"], receipt["entries"], receipt["at"]) == ("auth-1", ["e1"], AT)
    assert receipt["pictures_only"] is True, "candidates stay, without their pictures"
    stores = {one["store"]: one for one in receipt["stores"]}
    assert stores["topic:verdicts"]["until"] > AT
    assert (audit["actor"], audit["subject"], audit["details"]["reason"]) == (
        "processor:retain", "auth-1", "authorisation.REVOKED",
    )  # fmt: skip
    assert archive.world.processor._candidates.all([0]) == [], "its pictures are not asked for again"


async def test_a_legal_hold_that_nobody_signed_is_audited_in_the_name_of_retain_and_holds_nothing():
    archive = Archive(hold("auth-1"))
    people, topic = trust(vouched("ann", ann=["approver"])), archive.references["legal-holds"]
    archive.references["legal-holds"] = SignedReference(
        "retain", "legal-holds", topic, people, SIGNINGS["legal-holds"]
    )  # fmt: skip
    archive.world.processor = archive._retain()
    archive.ends(state="REVOKED")
    told = await archive.told()
    [refused] = [one for one in emitted([told], "audit") if one["action"] == "deed.refused"]
    assert (refused["actor"], refused["subject"]) == ("processor:retain", "hold-auth-1")
    assert archive.pictures.deleted == {uri("a")}


async def test_each_picture_is_asked_about_once_until_it_has_a_data_key_and_none_where_nothing_is_sealed():
    for sealed, asked in ((True, 2), (False, 0)):
        archive = Archive(sealed=sealed)
        own, found_ones = archive.pictures.own, []

        async def count(one, own=own, found_ones=found_ones):
            found_ones.append(one)
            return await own(one)

        archive.pictures.own = count
        await archive.told()
        await archive.told(900)
        assert len(found_ones) == asked


async def test_a_store_that_gives_no_data_key_stops_no_round():
    archive = Archive(sealed=True)

    async def away(_uri):
        raise RetryableError("away")

    archive.pictures.own, archive.pictures.old = away, 1
    with capture_logs() as logs:
        told = await archive.told()
    assert [emit.record["action"] for emit in told] == ["retention.deleted"]
    assert [line["error"] for line in logs] == ["away"]
