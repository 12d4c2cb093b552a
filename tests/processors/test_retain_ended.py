"""What came of an authorisation goes with it: entries, pictures, templates; with a receipt, unless a hold keeps it."""

import asyncio

import pytest

from fairwatch.apps import holding
from fairwatch.apps.signer import Signer
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import RetryableError
from fairwatch.policy.retention import NOTHING_SAID, Retention
from fairwatch.processors.retain import Kept, Retain
from fairwatch.wire.receipts import receipt_signed
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import SIGNINGS
from tests.policy.test_erasure import face, hold, uri
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, candidate, verdict
from tests.support.trust import ADMIN, CONSOLE, trust, vouched
from tests.support.watchlist import HOUR, authorisation, lists


class Pictures:
    """A media store that remembers what it was told to delete."""

    def __init__(self, *, away=False, sealed=False):
        self.deleted, self.away, self.kept, self.old = set(), away, set(), 0
        self.sealed, self.owned = sealed, set()

    async def own(self, uri):
        self.owned.add(uri)
        return True

    async def delete_older_than(self, seconds, clock, keep=()):
        self.kept, old, self.old = set(keep), self.old, 0
        return old

    async def delete(self, uris):
        if self.away:
            raise RetryableError("away")
        self.deleted |= set(uris)
        return len(uris)


class Archive:
    """Retention over lists, candidates and holds."""

    def __init__(self, *holds, away=False, sealed=False, retention=NOTHING_SAID):
        self.retention = retention
        self.references = lists([face("e1", "a"), face("e2", "b", authorisation_id="auth-2")],
                                [authorisation(), authorisation("auth-2")])  # fmt: skip
        self.references["legal-holds"] = MemoryReference({one["hold_id"]: one for one in holds})
        self.state = MemoryState()
        self.pictures, self.clock = Pictures(away=away, sealed=sealed), ManualClock(AT)
        self.world = World(self._retain(), self.clock)

    def _retain(self):
        stores = {"media": Kept(self.pictures, 720)}
        return Retain(stores, self.references, self.state, self.clock, ADMIN, self.retention)

    async def sees(self, *records):
        kinds = (("verdicts", "Verdict") if "outcome" in one else ("candidates", "MatchCandidate") for one in records)
        events = (self.world.event(*kind, one) for kind, one in zip(kinds, records, strict=True))
        await self.world.push(*events)

    async def told(self, seconds=0.0):
        """Return what a whole round told, tombstones taken in as the topic would bring them back."""
        told = list(await self.world.tick(seconds))
        await asyncio.sleep(0)
        while self.world.processor._round is not None:
            await asyncio.wait([self.world.processor._round])
            told += await self.world.tick()
        for emit in told:
            if emit.record is None and emit.topic == "candidates":
                await self.world.push(self.world.event("candidates", "MatchCandidate", None, emit.key))
            elif emit.record is None:
                self.references[emit.topic].put(emit.key, None)
        return told

    def ends(self, **fields):
        self.references["authorisations"].put("auth-1", authorisation(**fields))


def found(number, picture, reference="a", **fields):
    said = {"probe": {"uri": uri(picture), "role": "FACE"}, "reference": {"uri": uri(reference), "role": "REFERENCE"}}
    return candidate("FACE", n=number, entry_id="e1", **said, **fields)


@pytest.mark.parametrize(
    "ending", [{"state": "REJECTED"}, {"state": "REVOKED"}, {"state": "EXPIRED"}, {"valid_until": AT}]
)
async def test_what_came_of_an_authorisation_that_ended_goes_with_a_signed_receipt(ending):
    archive = Archive()
    await archive.sees(found(1, "1"))
    assert await archive.told() == []
    archive.ends(**ending)
    told = await archive.told()
    assert [(emit.topic, emit.record is None) for emit in told] == [
        ("watchlist-entries", True), ("erasures", False), ("audit", False),
    ]  # fmt: skip
    assert told[0].key == "e1"
    assert archive.pictures.deleted == {uri("a"), uri("1")}
    assert told[1].record["key_id"] == ADMIN.public.key_id
    assert told[2].record["action"] == "erasure.done"
    assert await archive.told(20) == [], "once"


async def test_it_is_called_at_once_where_a_list_changed_or_a_round_is_over_and_never_without_partition_0():
    archive = Archive()
    retain = archive.world.processor
    assert retain.due_at() is None, "nobody has asked it yet"
    await archive.told()
    assert retain.due_at() == AT + 900_000_000
    archive.ends(state="REVOKED")
    assert retain.due_at() == AT
    await archive.world.tick()
    assert AT < retain.due_at() < AT + 1_000_000
    await asyncio.wait([retain._round])
    assert retain.due_at() == AT
    await archive.world.tick()
    await retain.tick([1, 2])
    assert retain.due_at() is None


async def test_time_alone_ends_an_authorisation():
    archive = Archive()
    assert await archive.told() == []
    told = await archive.told(25 * 3600)
    assert {emit.key for emit in told if emit.record is None} == {"e1", "e2"}


async def test_what_two_people_confirmed_stays_as_evidence():
    archive = Archive()
    confirmed = found(1, "1", reference="r")
    await archive.sees(confirmed, {**verdict("FACE", n=1), "candidate": confirmed})
    archive.ends(state="REVOKED")
    await archive.told()
    assert archive.pictures.deleted == {uri("a")}


@pytest.mark.parametrize("subject", ["auth-1", "e1"])
async def test_a_legal_hold_keeps_pictures_from_erasure_and_from_age_until_it_is_released(subject):
    archive = Archive(hold(subject))
    await archive.sees(found(1, "1"))
    archive.ends(state="REVOKED")
    assert await archive.told() == []
    assert archive.pictures.deleted == set()
    assert {uri("1"), uri("a")} <= archive.pictures.kept
    archive.references["legal-holds"].put(f"hold-{subject}", hold(subject, released_at=AT, released_by="ben"))
    receipts = [emit.record for emit in await archive.told() if emit.topic == "erasures"]
    assert archive.pictures.deleted == {uri("a"), uri("1")}
    assert len(receipts) == 1


@pytest.mark.parametrize("subject", ["auth-1", "e1", candidate("FACE", n=1)["candidate_id"], uri("2")])
async def test_a_legal_hold_keeps_the_pictures_of_a_candidate_also_when_its_topic_has_forgotten_it(subject):
    archive = Archive(hold(subject))
    archive.ends(valid_until=AT + 10_000 * HOUR)
    await archive.sees(found(1, "1", scene={"uri": uri("2"), "role": "SCENE"}))
    await archive.told(721 * 3600)
    await archive.told(3600)
    assert uri("2") in archive.pictures.kept
    assert (uri("1") in archive.pictures.kept) is (subject != uri("2"))
    archive.references["legal-holds"].put(f"hold-{subject}", hold(subject, released_at=AT, released_by="ben"))
    await archive.told(3600)
    assert {uri("1"), uri("2")}.isdisjoint(archive.pictures.kept)
    archive.ends(state="REVOKED", valid_until=AT + 10_000 * HOUR)
    told = await archive.told()
    assert emitted([told], "erasures")[0]["candidates"] == [], "and then it is forgotten"


@pytest.mark.parametrize("forged", [None, {"subject": "another"}])
async def test_a_signed_hold_that_is_taken_from_its_topic_stands_also_for_who_starts_after_that(forged):
    archive, state = Archive(), MemoryState()
    ann, ben = (Signer(name, "approver", CONSOLE) for name in ("ann", "ben"))
    placed = holding.placed("auth-1", ann, AT, reason="appeal")
    topic, key = MemoryReference({placed["hold_id"]: placed}), placed["hold_id"]

    def start():
        people = vouched("ann", "ben", ann=["approver"], ben=["approver"])
        signing = SIGNINGS["legal-holds"]
        archive.references["legal-holds"] = SignedReference("retain", "legal-holds", topic, trust(people), signing)
        archive.state = state
        archive.world.processor = archive._retain()

    start()
    await archive.sees(found(1, "1"))
    await archive.told()
    topic.put(key, forged and {**placed, **forged})
    start()
    archive.ends(state="REVOKED")
    told = await archive.told()
    assert [emit.topic for emit in told if emit.topic != "audit"] == []
    assert archive.pictures.deleted == set()
    topic.put(key, holding.released(placed, ben, AT + 1))
    start()
    assert emitted([await archive.told()], "erasures")[0]["entries"] == ["e1"]
    assert archive.pictures.deleted == {uri("a"), uri("1")}
    topic.put(key, None)
    start()
    await archive.told()
    assert not [key for key in state.partitions[0] if "hold" in key], "it is over for whoever starts now, too"


async def test_a_media_store_that_is_away_is_asked_again_before_anything_is_said_to_be_erased():
    archive = Archive(away=True)
    archive.ends(state="REVOKED")
    assert await archive.told() == []
    archive.pictures.away = False
    assert len(await archive.told()) == 3


async def test_a_candidate_whose_topic_has_forgotten_it_is_forgotten():
    archive = Archive()
    await archive.sees(found(1, "1"))
    archive.ends(valid_until=AT + 10_000 * HOUR)
    await archive.told(721 * 3600)
    archive.ends(state="REVOKED", valid_until=AT + 10_000 * HOUR)
    told = await archive.told()
    assert emitted([told], "erasures")[0]["candidates"] == []


@pytest.mark.parametrize("held", [False, True])
async def test_an_authorisation_may_demand_that_what_it_found_goes_sooner_unless_it_is_held(held):
    archive = Archive(*([hold("auth-1")] if held else []))
    archive.ends(retention_hours=24, valid_until=AT + 99 * HOUR)
    archive.references["authorisations"].put("auth-2", authorisation("auth-2", valid_until=AT + 99 * HOUR))
    confirmed = found(1, "1", reference="r")
    await archive.sees(
        confirmed, {**verdict("FACE", n=1), "candidate": confirmed}, found(2, "2", received_at=AT + HOUR)
    )
    assert await archive.told(23 * 3600) == []
    receipts = emitted([await archive.told(3600)], "erasures")
    assert archive.pictures.deleted == (set() if held else {uri("1"), uri("r")}), "the picture of its entry stays"
    assert [one["reason"] for one in receipts] == ([] if held else ["retention: 24 h, the authorisation"])
    assert await archive.told(1) == []
    if not held:
        await archive.told(3600)
        assert archive.pictures.deleted == {uri("1"), uri("r"), uri("2")}


async def test_enrolled_pictures_and_those_of_candidates_get_data_keys_of_their_own():
    archive = Archive(sealed=True)
    await archive.sees(found(1, "1"))
    await archive.told()
    assert archive.pictures.owned == {uri("a"), uri("b"), uri("1")}
    archive.ends(state="REVOKED")
    receipt = emitted([await archive.told()], "erasures")[0]
    stores = {one["store"]: one for one in receipt["stores"]}
    assert (stores["data-keys"]["outcome"], stores["data-keys"]["objects"]) == ("DELETED", 2)


def test_it_says_what_it_signs_with_and_that_it_has_nothing_to_sign_with():
    signing = Archive()
    assert signing.world.processor.facts == {"signs": ADMIN.public.key_id}
    unsigned = Retain({}, signing.references, MemoryState(), signing.clock)
    assert unsigned.facts == {"signs": ""}


@pytest.mark.parametrize("held", [False, True])
async def test_a_list_whose_pictures_are_kept_for_a_shorter_time_loses_them_first_unless_they_are_held(held):
    said = Retention(
        lists={"auth-1": {"picture": "24h", "candidate": "48h"}}, purposes={"stolen_vehicle": {"picture": "36h"}}
    )
    archive = Archive(*([hold("auth-1")] if held else []), retention=said)
    for name in ("auth-1", "auth-2"):
        archive.references["authorisations"].put(name, authorisation(name, valid_until=AT + 99 * HOUR))
    confirmed = found(1, "1", reference="r")
    await archive.sees(
        confirmed, {**verdict("FACE", n=1), "candidate": confirmed}, found(2, "2"),
        found(3, "3", authorisation_id="auth-2"),
    )  # fmt: skip
    assert await archive.told(23 * 3600) == []
    gone, reasons, forgotten = [], [], []
    for hours in (1, 12, 12):
        told = await archive.told(hours * 3600)
        receipts = emitted([told], "erasures")
        forgotten += [(emit.key, hours) for emit in told if emit.topic == "candidates" and emit.record is None]
        assert {i for one in receipts if not one["pictures_only"] for i in one["candidates"]} >= {*dict(forgotten)}
        gone.append(sorted(uri[9] for uri in archive.pictures.deleted))
        reasons += [one["reason"] for one in receipts]
    if held:
        assert gone == [[], ["3"], ["3"]]
    else:
        assert gone == [["2"], ["2", "3"], ["1", "2", "3", "r"]]
        assert reasons == [
            "retention: 24 h, retention.yaml, lists.auth-1.picture",
            "retention: 36 h, retention.yaml, purposes.stolen_vehicle.picture",
            "retention: 48 h, retention.yaml, lists.auth-1.candidate",
        ]
        assert sorted(key for key, _ in forgotten) == sorted(found(n, "x")["candidate_id"] for n in (1, 2)), (
            "of the list, confirmed or not, with pictures or without: console, verify and retain forget them"
        )
        assert await archive.told(900) == [], "once"


async def test_a_short_life_of_pictures_spares_what_two_people_confirmed():
    archive = Archive(retention=Retention(classes={"picture": "24h"}))
    for name in ("auth-1", "auth-2"):
        archive.references["authorisations"].put(name, authorisation(name, valid_until=AT + 99 * HOUR))
    confirmed = found(1, "1", reference="r")
    await archive.sees(confirmed, {**verdict("FACE", n=1), "candidate": confirmed}, found(2, "2"))
    await archive.told(30 * 3600)
    assert archive.pictures.deleted == {uri("2")}
    assert {uri("1"), uri("r")} <= archive.pictures.kept


async def test_what_went_by_age_has_one_signed_receipt_for_each_day_also_over_a_restart():
    archive = Archive(sealed=True)
    archive.ends(valid_until=AT + 999 * HOUR)
    archive.references["authorisations"].put("auth-2", authorisation("auth-2", valid_until=AT + 999 * HOUR))
    archive.pictures.old = 3
    assert emitted([await archive.told()], "erasures") == []
    retain = archive.world.processor
    restarted = archive.world.processor = archive._retain()
    restarted._aged._state.restore(retain._aged._state.snapshot())
    archive.pictures.old = 4
    assert emitted([await archive.told(60)], "erasures") == []
    [receipt] = emitted([await archive.told(24 * 3600)], "erasures")
    assert receipt["subject"] == "store:media"
    assert receipt["stores"][0]["objects"] == 7
    assert receipt_signed(receipt, ADMIN.public)
    assert emitted([await archive.told(24 * 3600)], "erasures") == [], "a day on which nothing went has none"
