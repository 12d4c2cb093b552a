"""What is looked for, and what a device's list stands for, counts where the people who are named signed it."""

from typing import Any

import pytest

from fairwatch.apps.enrolling import decided, enrolled
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.matching.mandate import Mandate
from fairwatch.matching.recheck import Recheck
from fairwatch.policy.device_lists import DeviceLists
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.refused_deeds import AT_ONCE, RefusedRecords
from fairwatch.wire.signings import SIGNINGS
from tests.support import trust
from tests.support.processor_world import MemoryReference
from tests.support.records import AT, candidate, sighting
from tests.support.trust import CONSOLE, authorised, checked, vouched
from tests.support.watchlist import HOUR, authorisation, entry, lists

FORGER = PrivateKey.of(b"f" * 32)
ROLES = {"ann": ["requester", "reviewer"], "ben": ["approver", "reviewer"], "carl": ["requester"], "olga": ["operator"]}
GENUINE = trust.enrolled(entry(), at=AT)


def worker(*entries: dict[str, Any], **more: MemoryReference) -> dict[str, Any]:
    known = lists(list(entries), [authorised(authorisation(), at=AT)])
    return checked({**known, **vouched(*ROLES, **ROLES), **more})  # type: ignore[arg-type]  # roles by name


def admitted(references: dict[str, Any], entry_id: str = "entry-1") -> bool:
    mandate = Mandate(*(references[n] for n in ("watchlist-entries", "authorisations", "sites")), "REALTIME")
    mandate.refresh()
    place = mandate.place(sighting())  # type: ignore[arg-type]  # a valid record
    return mandate.admit(entry_id, place, at=AT, now=AT) is not None


def test_an_entry_that_its_author_signed_is_looked_for() -> None:
    references = worker(GENUINE)
    assert admitted(references)
    found = candidate("PLATE", entry_id="entry-1", authorisation_id="auth-1", plate_listed="ABCB123")
    assert Recheck(references).of_candidate(found, AT) is None  # type: ignore[arg-type]  # a valid record


@pytest.mark.parametrize(
    "record",
    [
        entry(),
        trust.enrolled(entry(), FORGER, at=AT),
        {**GENUINE, "plate": "XYZ999"},
        {**GENUINE, "authorisation_id": "auth-2"},
        {**GENUINE, "plate_edits": 1},
        {**GENUINE, "valid_until": GENUINE["valid_until"] + 1},
        {**GENUINE, "created_by": "ann"},
        {**GENUINE, "approved_by": "ben"},
        {**GENUINE, "approved_by": "carl"},
        {**trust.enrolled(entry("entry-2"), at=AT), "entry_id": "entry-1"},
        trust.enrolled(entry(created_by="olga"), at=AT),
        {
            **trust.enrolled(entry(kind="FACE", plate=None, references=[{"uri": "a"}]), at=AT),
            "references": [{"uri": "b"}],
        },
    ],
)
def test_a_forged_entry_is_neither_compared_nor_enrolled_nor_confirmed(record: dict[str, Any]) -> None:
    references = worker(record)
    assert not admitted(references)
    found = candidate(record["kind"], entry_id="entry-1", authorisation_id="auth-1")
    assert Recheck(references).of_candidate(found, AT)  # type: ignore[arg-type]  # a valid record
    mandate = Mandate(*(references[n] for n in ("watchlist-entries", "authorisations", "sites")), "REALTIME")
    mandate.refresh()
    assert list(mandate.enrollable(AT)) == []
    assert len(RefusedRecords("verify", references.values()).tell(AT)) == 1


def test_a_change_of_a_running_list_is_checked() -> None:
    references = worker(GENUINE)
    mandate = Mandate(*(references[n] for n in ("watchlist-entries", "authorisations", "sites")), "REALTIME")
    mandate.refresh()
    place = mandate.place(sighting())  # type: ignore[arg-type]  # a valid record
    for record, admits in (({**GENUINE, "plate": "XYZ999"}, False), (GENUINE, True), ({**GENUINE, "deeds": []}, False)):
        references["watchlist-entries"]._inner.put("entry-1", record)
        mandate.refresh()
        assert (mandate.admit("entry-1", place, at=AT, now=AT) is not None) == admits


def test_what_a_device_lists_itself_needs_nobody_since_it_never_matches() -> None:
    references = worker(entry(authorisation_id=None, created_by="device:cam"))
    assert RefusedRecords("verify", references.values()).tell(AT) == []
    assert not admitted(references)


def test_an_entry_does_not_come_back_after_it_was_withdrawn() -> None:
    ann = Signer("ann", "requester", CONSOLE)
    made = enrolled({name: value for name, value in entry().items() if name != "created_by"}, ann, AT)
    references = worker(made)
    assert admitted(references)
    references["watchlist-entries"]._inner.put("entry-1", decided(made, "withdraw", ann, AT + 1))
    assert not admitted(references)
    references["watchlist-entries"].get("entry-1")
    references["watchlist-entries"]._inner.put("entry-1", made)
    assert not admitted(references)


def test_who_enrols_does_not_agree_and_nothing_is_enrolled_without_an_authorisation() -> None:
    ann, ben = Signer("ann", "requester", CONSOLE), Signer("ben", "approver", CONSOLE)
    made = enrolled({**entry(), "approved_by": "ben"}, ann, AT)
    assert made["approved_by"] is None
    assert admitted(worker(decided(made, "approve", ben, AT + 1)))
    with pytest.raises(ConfigurationError, match="a second person"):
        decided(made, "approve", Signer("ann", "approver", CONSOLE), AT)
    with pytest.raises(RejectedError, match="without authorisation"):
        enrolled(entry(authorisation_id=None), ann, AT)
    with pytest.raises(ConfigurationError, match="none of the roles"):
        enrolled(entry(), Signer("olga", "operator", CONSOLE), AT)


def test_a_long_list_of_forgeries_is_told_little_by_little_and_each_once() -> None:
    references = worker(*(entry(f"entry-{number}") for number in range(2 * AT_ONCE + 5)))
    told = RefusedRecords("verify", references.values())
    sizes = [len(told.tell(AT)) for _ in range(4)]
    assert (sum(sizes), max(sizes), sizes[-1]) == (2 * AT_ONCE + 5, AT_ONCE, 0)


BINDING = {
    "list_id": "list-1", "device_id": "cam-1", "authorisation_id": "auth-1", "state": "BOUND", "entry_id": "entry-1",
    "entries": [], "valid_from": AT - HOUR, "valid_until": AT + HOUR, "requested_by": "ann", "approved_by": ["ben"],
    "reason": "report 17", "updated_at": AT,
}  # fmt: skip


def _bound(key: PrivateKey = CONSOLE) -> dict[str, Any]:
    signing = SIGNINGS["device-lists"]
    made = signing.signed(BINDING, key, "bind", "ann", "reviewer", at=AT)
    return signing.signed(made, key, "approve", "ben", "reviewer", at=AT)


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        (_bound(), True),
        (BINDING, False),
        (_bound(FORGER), False),
        ({**_bound(), "entry_id": "entry-2"}, False),
        ({**_bound(), "device_id": "cam-2"}, False),
        ({**_bound(), "approved_by": ["ben", "carl"]}, False),
        ({**_bound(), "deeds": _bound()["deeds"][1:]}, False),
    ],
)
def test_a_device_list_is_bound_by_two_people_who_signed(record: dict[str, Any], counts: bool) -> None:
    references = worker(GENUINE, **{"device-lists": MemoryReference({"list-1": record})})
    known = DeviceLists(references["device-lists"], references["authorisations"])
    assert (known.claim(record["device_id"], "id:1", at=AT, now=AT) is not None) == counts
