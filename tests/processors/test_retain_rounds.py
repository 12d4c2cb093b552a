"""Rounds of retention: told until that is kept, at once where something waits, and counted."""

import asyncio

from fairwatch.telemetry.metrics import REGISTRY
from tests.policy.test_erasure import hold, uri
from tests.processors.test_retain_ended import Archive, found
from tests.support.records import AT


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
