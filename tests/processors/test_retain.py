"""Retention runs: what is past its lifetime goes, is counted and audited, and nothing else goes."""

import asyncio
import os
import time

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.processors.retain import Kept, Retain
from fairwatch.stores.media import MediaStore
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryReference, MemoryState

HOURS = 3600


def retention(stores, clock, entries=None, **fields):
    references = {name: MemoryReference() for name in ("authorisations", "legal-holds")}
    references["watchlist-entries"] = MemoryReference(entries)
    return Retain(stores, references, MemoryState(), clock, **fields)


@pytest.fixture
def clock():
    return ManualClock(time.time_ns() // 1000)


async def put(store, folder, data, *, hours):
    uri = await store.put(data, "image/jpeg")
    digest = uri.removeprefix("fw-media:")
    when = time.time() - hours * HOURS
    os.utime(folder / digest[:2] / digest[2:4] / digest, (when, when))
    return uri


async def is_there(store, uri):
    try:
        await store.get(uri)
    except RejectedError:
        return False
    return True


async def round_of(retain, partitions=(0,)):
    told = list(await retain.tick(partitions))
    while retain._round is not None:
        await asyncio.wait([retain._round])
        told += await retain.tick(partitions)
    return told


async def test_what_is_past_its_lifetime_goes_and_the_audit_says_so(tmp_path, clock):
    media, raw = (MediaStore.open(f"file://{tmp_path}/{name}") for name in ("media", "raw"))
    old = await put(media, tmp_path / "media", b"old", hours=200)
    enrolled = await put(media, tmp_path / "media", b"enrolled", hours=200)
    young = await put(media, tmp_path / "media", b"young", hours=100)
    body = await put(raw, tmp_path / "raw", b"body", hours=30)
    entry = {"references": [{"uri": enrolled, "role": "REFERENCE"}]}
    stores = {"media": Kept(media, 168), "raw": Kept(raw, 24)}
    retain = retention(stores, clock, {"e": entry, "gone": None})
    told = await round_of(retain)
    assert [await is_there(media, uri) for uri in (old, enrolled, young)] == [False, True, True]
    assert not await is_there(raw, body)
    assert [(emit.topic, emit.record["subject"], emit.record["details"]) for emit in told] == [
        ("audit", "store:media", {"objects": "1", "older_than_hours": "168"}),
        ("audit", "store:raw", {"objects": "1", "older_than_hours": "24"}),
    ]
    for emit in told:
        Codec().encode("AuditRecord", emit.record)


async def test_it_goes_round_again_after_its_pause_and_only_where_partition_0_is(tmp_path, clock):
    store = MediaStore.open(f"file://{tmp_path}")
    retain = retention({"media": Kept(store, 24)}, clock, every_s=60)
    await put(store, tmp_path, b"a", hours=30)
    assert await round_of(retain, partitions=(1, 2)) == []
    assert len(await round_of(retain)) == 1
    assert retain.due_at() == clock.now() + 60_000_000, "nothing ends by itself where nothing is authorised"
    await put(store, tmp_path, b"b", hours=30)
    assert await round_of(retain) == []
    clock.advance(seconds=60)
    assert len(await round_of(retain)) == 1


class AwayOnce:
    """A store that does not answer the first time."""

    sealed = False

    def __init__(self):
        self.asked = 0

    async def delete_older_than(self, seconds, clock, keep=()):
        self.asked += 1
        if self.asked == 1:
            raise RetryableError("away")
        return 3


async def test_a_store_that_is_away_is_asked_again_and_holds_up_no_other(clock):
    away, there = AwayOnce(), AwayOnce()
    there.asked = 1
    retain = retention({"media": Kept(away, 24), "raw": Kept(there, 24)}, clock)
    assert [emit.record["subject"] for emit in await round_of(retain)] == ["store:raw"]
    assert [emit.record["subject"] for emit in await round_of(retain)] == ["store:media", "store:raw"]
