"""An older genuine version that is written again counts for nothing, also for a process that starts after that."""

from typing import Any

import pytest

from fairwatch.apps.enrolling import decided, enrolled
from fairwatch.apps.signer import Signer
from fairwatch.domain.outcome import Emit
from fairwatch.policy.authorisation import NOT_AUTHENTIC
from fairwatch.wire.refused_deeds import RefusedRecords
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import SIGNINGS
from fairwatch.wire.trust import Trust
from fairwatch.wire.trust_heads import TOPIC, HeadKeeper, TrustHeads
from fairwatch.wire.vouching import revoked, vouch_key, vouch_person
from tests.support.processor_world import MemoryReference
from tests.support.records import AT
from tests.support.trust import ADMIN, CONSOLE, authorised, person_id, vouched
from tests.support.watchlist import authorisation, entry

ROLES = {"a": ["requester"], "b": ["approver"], "ann": ["requester"], "ben": ["approver"]}
ANN, BEN = Signer("ann", "requester", CONSOLE), Signer("ben", "approver", CONSOLE)
AUTHORISATIONS = SIGNINGS["authorisations"]
WIDE = authorised(authorisation(site_ids=["harbour", "airport"]), at=AT)
NARROW = authorised(authorisation(), at=AT + 10)
REVOKED = AUTHORISATIONS.signed({**NARROW, "state": "REVOKED"}, CONSOLE, "revoke", "b", "approver", at=AT + 20)


class Site:
    """Topics, of which one is signed; `start` gives what a process sees that begins now."""

    def __init__(self, topic: str = "authorisations", key: str = "auth-1") -> None:
        self.topic, self.key = topic, key
        self.records, self.heads = MemoryReference({}), MemoryReference({})
        self.vouched = vouched(*ROLES, **ROLES)  # type: ignore[arg-type]  # roles by name
        self.keeper = self.start("verify", remembers=True)
        self.trust = self.people()
        self.writer = HeadKeeper(TrustHeads(self.heads))
        self.refused = RefusedRecords("verify", [self.keeper])

    def people(self) -> Trust:
        known = self.vouched
        return Trust(known["people"], known["signing-keys"], [ADMIN.public], heads=TrustHeads(self.heads))

    def start(self, who: str = "match", *, remembers: bool = False) -> SignedReference:
        signing, heads = SIGNINGS[self.topic], TrustHeads(self.heads)
        return SignedReference(who, self.topic, self.records, self.people(), signing, heads=heads, remembers=remembers)

    def write(self, *records: dict[str, Any]) -> list[Emit]:
        """Write records one after the other, each seen by `verify`; return what it told of the last."""
        told: list[Emit] = []
        for record in records:
            self.records.put(self.key, record)
            told = self.refused.tell(AT)
            for head in self.writer.tell([*self.keeper.take_heads(), *self.trust.heads()], AT):
                self.heads.put(head.key, head.record)
        return told

    def stands(self, seen: SignedReference | None = None) -> bool:
        return bool((seen or self.start()).get(self.key)["state"] not in {NOT_AUTHENTIC, "REVOKED", "WITHDRAWN"})


@pytest.mark.parametrize(("old", "new"), [(WIDE, NARROW), (NARROW, REVOKED), (WIDE, REVOKED)])
def test_a_process_that_starts_after_an_old_version_was_written_again_does_not_believe_it(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    site = Site()
    site.write(old)
    assert site.stands()
    site.write(new)
    site.records.put("auth-1", old)
    assert not site.stands(), "nothing but the topic of heads tells it"
    [told] = site.write(old)
    assert (told.record["action"], told.record["details"]["reason"]) == ("deed.refused", "replayed")
    site.write(authorised(authorisation(), at=AT + 30))
    assert site.stands(), "asked for and agreed to anew"


def test_a_worker_refuses_what_was_overtaken_and_counts_no_forgery() -> None:
    site = Site()
    site.write(WIDE)
    running = site.start()
    assert site.stands(running)
    site.heads.put(f"{site.topic}/auth-1", {"at": AT + 11})
    assert not site.stands(running), "the head came before the record"
    assert running.take_refused() == []


def test_what_was_taken_back_does_not_stand_because_somebody_writes_another_state() -> None:
    site = Site()
    site.write({**REVOKED, "state": "GRANTED"})
    assert not site.stands()
    early = AUTHORISATIONS.signed({**NARROW, "state": "REVOKED"}, CONSOLE, "revoke", "b", "approver", at=AT - 50)
    site.write({**early, "state": "GRANTED"})
    assert not site.stands(), "a clock that is behind dates nothing back"


def test_of_many_entries_only_those_that_changed_are_remembered() -> None:
    site = Site("watchlist-entries", "entry-1")
    first = enrolled(entry(), ANN, AT)
    agreed = decided(first, "approve", BEN, AT + 1)
    assert site.write(first, agreed) == []
    assert [key for key, _ in site.heads.items() if key.startswith("watchlist")] == []
    site.write(decided(agreed, "withdraw", ANN, AT + 2))
    site.records.put("entry-1", agreed)
    assert not site.stands()


def test_an_entry_that_took_the_place_of_another_is_remembered_also_where_nobody_saw_that() -> None:
    old = enrolled(entry(plate="XYZ999"), ANN, AT)
    new = enrolled(entry(), ANN, AT - 5, {"entry-1": old})
    assert new["deeds"][0]["at"] == AT + 1
    site = Site("watchlist-entries", "entry-1")
    site.write(new)
    site.records.put("entry-1", old)
    assert not site.stands()


def test_people_and_keys_of_before_do_not_come_back() -> None:
    site = Site()
    site.write(NARROW)
    gone = vouch_person(ADMIN, "b", ["approver"], since=1_000_000, at=AT, until=AT + 5)
    there = site.vouched["people"].get(person_id("b"))
    site.vouched["people"].put(gone["person_id"], gone)
    key = vouch_key(ADMIN, CONSOLE.public, "console", at=1_000_000)
    site.vouched["signing-keys"].put(key["key_id"], revoked(ADMIN, key, at=AT, reason="stolen", void=True))
    site.write(NARROW)
    assert not site.stands()
    site.vouched["people"].put(gone["person_id"], there)
    site.vouched["signing-keys"].put(key["key_id"], key)
    started = site.people()
    assert (started.person(gone["person_id"]), started.key(key["key_id"])) == (None, None)


def test_a_head_is_told_once() -> None:
    heads = HeadKeeper(TrustHeads(MemoryReference({})))
    assert [emit.topic for emit in heads.tell([("a", "1", AT)], AT)] == [TOPIC]
    assert heads.tell([("a", "1", AT), ("a", "1", AT - 1)], AT) == []
    assert len(heads.tell([("a", "1", AT + 1)], AT)) == 1
