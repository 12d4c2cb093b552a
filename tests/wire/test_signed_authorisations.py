"""An authorisation is in force where two people signed it; what anybody can write to Kafka is not."""

from typing import Any

import pytest

from fairwatch.domain.outcome import Emit
from fairwatch.matching.mandate import Mandate
from fairwatch.matching.recheck import Recheck
from fairwatch.policy.authorisation import standing
from fairwatch.policy.erasure import ended
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.refused_deeds import RefusedRecords
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import SIGNINGS
from fairwatch.wire.vouching import revoked, vouch_key, vouch_person
from tests.support.processor_world import MemoryReference
from tests.support.records import AT, candidate, sighting
from tests.support.trust import ADMIN, CONSOLE, authorised, checked, trust, vouched
from tests.support.watchlist import authorisation, entry, lists

SIGNING = SIGNINGS["authorisations"]
FORGER = PrivateKey.of(b"f" * 32)
ROLES = {"ann": ["requester"], "ben": ["approver"], "mole": ["requester", "approver"], "olga": ["operator"]}


class Registry:
    """The topics of people, keys and authorisations, and what a worker that checks signatures makes of them."""

    def __init__(self, record: dict[str, Any] | None = None) -> None:
        self.topics: dict[str, Any] = {
            **lists([entry()], [record or authorised(authorisation(), at=AT)]),
            **vouched(*ROLES, **ROLES),  # type: ignore[arg-type]
        }
        self.worker = checked(self.topics, ["authorisations"])
        self.reference: SignedReference = self.worker["authorisations"]

    def write(self, record: dict[str, Any]) -> None:
        self.topics["authorisations"].put("auth-1", record)

    def standing(self) -> str | None:
        return standing(self.reference.get("auth-1"))


def by(name: str, act: str, role: str, record: dict[str, Any], key: PrivateKey = CONSOLE, at: int = AT) -> Any:
    return SIGNING.signed(record, key, act, name, role, at=at)


GENUINE = authorised(authorisation(), at=AT)


def test_what_two_people_signed_is_in_force() -> None:
    assert Registry().standing() is None


FORGED = {
    "nobody signed": authorisation(),
    "the approver did not sign": by("ann", "request", "requester", authorisation()),
    "the requester did not sign": by("ben", "approve", "approver", authorisation()),
    "the requester approved": by(
        "ann", "approve", "approver", by("ann", "request", "requester", authorisation(approved_by=["ann"]))
    ),
    "one person with both roles": by(
        "mole", "approve", "approver",
        by("mole", "request", "requester", authorisation(requested_by="mole", approved_by=["mole"])),
    ),
    "one approval counted twice": {**GENUINE, "approved_by": ["ben", "ben"]},
    "somebody is named beside the approver": {**GENUINE, "approved_by": ["ben", "judge"]},
    "somebody without the role": by(
        "olga", "approve", "operator", by("ann", "request", "requester", authorisation(approved_by=["olga"]))
    ),
    "in a role that the person lacks": by(
        "olga", "approve", "approver", by("ann", "request", "requester", authorisation(approved_by=["olga"]))
    ),
    "the forger's own key": authorised(authorisation(), FORGER, at=AT),
    "for another authorisation": {**authorised(authorisation("auth-2"), at=AT), "authorisation_id": "auth-1"},
    "widened afterwards": {**GENUINE, "site_ids": ["harbour", "airport"]},
    "fewer reviewers": {**authorised(authorisation(required_verifications=3), at=AT), "required_verifications": 0},
    "for a graver offence": {**GENUINE, "offence": "Annex II no. 1"},
    "lasting longer": {**GENUINE, "valid_until": GENUINE["valid_until"] + 1},
    "a request as an approval": {
        **GENUINE, "deeds": [GENUINE["deeds"][0], {**GENUINE["deeds"][0], "act": "approve"}]
    },
}  # fmt: skip


@pytest.mark.parametrize("record", FORGED.values(), ids=FORGED.keys())
def test_a_forged_authorisation_is_not_in_force_for_whoever_asks(record: dict[str, Any]) -> None:
    registry = Registry(record)
    assert registry.standing() == "not_authentic"
    place_of = Mandate(*(registry.worker[n] for n in ("watchlist-entries", "authorisations", "sites")), "REALTIME")
    place_of.refresh()
    place = place_of.place(sighting())  # type: ignore[arg-type]  # a valid record
    assert place_of.admit("entry-1", place, at=AT, now=AT) is None
    found = candidate("PLATE", entry_id="entry-1", authorisation_id="auth-1")
    assert Recheck(registry.worker).of_candidate(found, AT) == "not_authentic"  # type: ignore[arg-type]  # likewise


def test_an_administrator_of_somebody_else_vouches_for_nobody() -> None:
    registry = Registry(authorised(authorisation(), FORGER, at=AT))
    key = vouch_key(FORGER, FORGER.public, "console", at=AT)
    registry.topics["signing-keys"].put(key["key_id"], key)
    assert registry.standing() == "not_authentic"


def test_a_revocation_needs_no_signature_to_take_effect() -> None:
    registry = Registry()
    registry.write({**GENUINE, "state": "REVOKED", "deeds": []})
    assert registry.standing() == "revoked"


@pytest.mark.parametrize(
    ("record", "destroyed"),
    [
        (by("ann", "revoke", "requester", {**GENUINE, "state": "REVOKED"}), True),
        ({**GENUINE, "state": "REVOKED"}, False),
        ({**GENUINE, "state": "REJECTED", "deeds": []}, False),
        ({**GENUINE, "state": "EXPIRED"}, False),
        ({**GENUINE, "state": "REQUESTED", "valid_until": AT - 1, "deeds": []}, False),
        ({**GENUINE, "valid_until": AT - 1}, False),
        (authorised(authorisation(valid_until=AT - 1), at=AT), True),
        (by("olga", "revoke", "operator", {**GENUINE, "state": "REVOKED"}), False),
    ],
)
def test_only_an_end_that_is_signed_destroys_what_came_of_an_authorisation(
    record: dict[str, Any], *, destroyed: bool
) -> None:
    registry = Registry(record)
    strict = SignedReference(
        "retain", "authorisations", registry.topics["authorisations"], trust(registry.topics), SIGNING, destroys=True
    )
    assert (ended(strict.get("auth-1"), AT) is not None) == destroyed


def test_an_old_approval_does_not_come_back_over_a_signed_revocation() -> None:
    registry = Registry()
    assert registry.standing() is None
    registry.write(by("ann", "revoke", "requester", {**GENUINE, "state": "REVOKED"}, at=AT + 10))
    assert registry.standing() == "revoked"
    registry.write(GENUINE)
    assert registry.standing() == "not_authentic"
    assert [one.reason for one in registry.reference.take_refused()] == ["replayed"]
    registry.write(by("ben", "approve", "approver", GENUINE, at=AT + 20))
    assert registry.standing() is None, "agreed to anew"


def test_the_wider_version_does_not_come_back_over_the_narrower_one() -> None:
    wide = authorised(authorisation(site_ids=["harbour", "airport"]), at=AT)
    registry = Registry(wide)
    assert registry.standing() is None
    registry.write(authorised(authorisation(), at=AT + 10))
    assert registry.standing() is None
    registry.write(wide)
    assert registry.standing() == "not_authentic"


def test_what_a_key_signed_before_it_was_revoked_stands_and_what_comes_after_does_not() -> None:
    registry = Registry()
    key = vouch_key(ADMIN, CONSOLE.public, "console", at=1_000_000)
    registry.topics["signing-keys"].put(key["key_id"], revoked(ADMIN, key, at=AT + 5, reason="rotated"))
    assert registry.standing() is None
    registry.write(authorised(authorisation(), at=AT + 5))
    assert registry.standing() == "not_authentic"
    void = revoked(ADMIN, key, at=AT + 6, reason="stolen", void=True)
    registry.write(GENUINE)
    registry.topics["signing-keys"].put(key["key_id"], void)
    assert registry.standing() == "not_authentic"


def test_an_approver_who_has_left_approves_nothing_new_and_what_was_approved_stands() -> None:
    registry = Registry()
    left = vouch_person(ADMIN, "ben", ["approver"], since=1_000_000, at=AT + 5, until=AT + 5)
    registry.topics["people"].put(left["person_id"], left)
    assert registry.standing() is None
    registry.write(authorised(authorisation(), at=AT + 6))
    assert registry.standing() == "not_authentic"


def test_a_person_who_is_registered_later_is_believed_from_then_on_without_a_restart() -> None:
    people = MemoryReference()
    registry = Registry()
    registry.topics["people"].records.clear()
    assert registry.standing() == "not_authentic"
    before = registry.reference.version
    for name, roles in ROLES.items():
        person = vouch_person(ADMIN, name, roles, since=1_000_000, at=AT)
        registry.topics["people"].put(person["person_id"], person)
    assert people.version == 0
    assert registry.reference.version > before
    assert registry.reference.changed_since(before) is None, "any may stand now"
    assert registry.standing() is None


def test_what_is_refused_is_told_to_the_audit_log_once() -> None:
    registry = Registry(FORGED["widened afterwards"])
    told = RefusedRecords("verify", registry.worker.values())
    [audit] = told.tell(AT)
    assert isinstance(audit, Emit)
    assert audit.topic == "audit"
    assert audit.record["action"] == "deed.refused"
    assert audit.record["details"]["reason"] == "wrong_signature"
    assert told.tell(AT) == []
    registry.topics["sites"].put("x", {"site_id": "x"})
    assert registry.standing() == "not_authentic"
    assert told.tell(AT) == []
    registry.write(FORGED["nobody signed"])
    assert [one.record["details"]["reason"] for one in told.tell(AT)] == ["unsigned"]
    [again] = RefusedRecords("verify", checked(registry.topics, ["authorisations"]).values()).tell(AT)
    registry.write(FORGED["widened afterwards"])
    [first] = told.tell(AT)
    assert first.record["audit_id"] == audit.record["audit_id"] != again.record["audit_id"], "known by its id"


def test_nested_defaults_that_a_reader_fills_in_are_not_signed() -> None:
    from fairwatch.wire.deeds import content  # noqa: PLC0415

    short = {"entry_id": "e", "references": [{"uri": "fw-media:1", "role": "REFERENCE"}]}
    long = {
        "entry_id": "e", "plate": None,
        "references": [{"uri": "fw-media:1", "role": "REFERENCE", "mime": None, "retention_class": "event-media"}],
    }  # fmt: skip
    assert content("WatchlistEntry", short) == content("WatchlistEntry", long)
    assert content("WatchlistEntry", {**short, "references": []}) != content("WatchlistEntry", short)
