"""A device's own list counts by what two people bound it to, as long as that holds, and for whom it names."""

import pytest

from fairwatch.policy.device_lists import DeviceLists
from tests.support.processor_world import MemoryReference
from tests.support.records import AT
from tests.support.watchlist import HOUR, authorisation


def bound(**fields):
    return {
        "list_id": "list-1", "device_id": "cam-1", "authorisation_id": "auth-1", "state": "BOUND", "entry_id": None,
        "entries": [{"token": "t-1", "entry_id": "e-1"}], "valid_from": AT - HOUR, "valid_until": AT + HOUR,
        "requested_by": "ann", "approved_by": ["ben"], **fields,
    }  # fmt: skip


def lists(*records, **fields):
    known = MemoryReference({"auth-1": authorisation(**fields)})
    return DeviceLists(MemoryReference({one["list_id"]: one for one in records}), known)


def claim(*records, token="t-1", at=AT, now=AT, **fields):
    return lists(*records, **fields).claim("cam-1", token, at=at, now=now)


def test_a_claim_is_of_whom_the_list_names_under_what_it_is_bound_to():
    found = claim(bound())
    assert (found.entry_id, found.list_id, found.authorisation_id, found.size) == ("e-1", "list-1", "auth-1", 1)
    assert claim(bound(), token="t-2") is None
    assert lists(bound()).claim("cam-2", "t-1", at=AT, now=AT) is None


TWO = [{"token": "t-1", "entry_id": "e-1"}, {"token": "t-2", "entry_id": "e-2"}]


def test_a_list_of_one_entry_counts_for_every_token_and_another_may_be_named_beside_it():
    one = bound(entry_id="e-9", entries=[])
    assert (claim(one).entry_id, claim(one, token="any").entry_id, claim(one).size) == ("e-9", "e-9", 1)
    both = bound(entry_id="e-9", entries=TWO)
    assert [claim(both, token=each).entry_id for each in ("t-1", "t-2", "any")] == ["e-1", "e-2", "e-9"]
    assert (claim(both).size, claim(bound(entries=TWO)).size) == (3, 2)
    assert claim(bound(entries=[*TWO, {"token": "t-3", "entry_id": "e-2"}])).size == 2, "of two people"


@pytest.mark.parametrize(
    "fields",
    [
        {"entries": TWO},
        {"entries": [{"token": "t-1", "entry_id": "e-2"}]},
        {"entry_id": "e-9"},
        {"valid_from": AT - 2 * HOUR},
        {"valid_until": AT + 2 * HOUR},
        {"list_id": "list-2"},
    ],
)
def test_a_list_that_says_something_else_has_another_version(fields):
    version = claim(bound()).version
    assert len(version) == 32
    assert claim(bound(**fields)).version != version


def test_who_asked_who_approved_and_in_which_order_entries_stand_change_no_version():
    version = claim(bound(entries=TWO)).version
    assert claim(bound(entries=TWO[::-1], requested_by="cleo", approved_by=["dan"])).version == version


@pytest.mark.parametrize(
    ("fields", "authorised"),
    [
        ({"state": "REQUESTED"}, {}),
        ({"approved_by": ["ANN "]}, {}),
        ({"approved_by": []}, {}),
        ({"valid_until": AT}, {}),
        ({"valid_from": AT + 1}, {}),
        ({"authorisation_id": "auth-2"}, {}),
        ({}, {"state": "REVOKED"}),
        ({}, {"valid_until": AT}),
        ({}, {"valid_from": AT + 1}),
    ],
)
def test_a_list_counts_only_while_it_and_its_authorisation_stand(fields, authorised):
    assert claim(bound(**fields), **authorised) is None
    second = bound(list_id="list-2", valid_from=AT - 2 * HOUR)
    if not authorised:
        assert claim(bound(**fields), second).list_id == "list-2", "another list of the device counts all the same"


def test_what_was_listed_then_and_is_not_any_more_counts_no_more():
    assert claim(bound(), at=AT + HOUR - 1, now=AT + HOUR - 1) is not None
    assert claim(bound(), at=AT + HOUR - 1, now=AT + HOUR) is None


def test_what_tells_whether_a_token_is_listed_knows_devices_without_lists_and_follows_changes():
    records = MemoryReference({"list-1": bound()})
    known = DeviceLists(records, MemoryReference({"auth-1": authorisation()}))
    assert known.asked("cam-2", AT) is None
    asked = known.asked("cam-1", AT)
    assert [asked(token) for token in ("t-1", "t-2")] == [True, False]
    records.put("list-1", bound(entries=TWO))
    assert known.asked("cam-1", AT)("t-2") is True
