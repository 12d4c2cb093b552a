"""Nothing is compared without an authorisation that is in force here and now."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.policy.authorisation import entry_in_force, in_force

FROM, UNTIL = 1_000, 2_000


def authorisation(**fields: Any) -> dict[str, Any]:
    return {
        "authorisation_id": "a-1",
        "state": "GRANTED",
        "kinds": ["PLATE"],
        "modes": ["REALTIME"],
        "site_ids": ["site-1"],
        "valid_from": FROM,
        "valid_until": UNTIL,
        "requested_by": "ann",
        "approved_by": ["ben"],
        **fields,
    }


def ask(record: dict[str, Any] | None, **fields: Any) -> str | None:
    question = {
        "at": 1_500,
        "now": 1_500,
        "device_id": "cam-1",
        "site_id": "site-1",
        "areas": ("harbour",),
        "kind": "PLATE",
        "mode": "REALTIME",
        **fields,
    }
    return in_force(record, **question)  # type: ignore[arg-type]


def test_granted_here_and_now_is_in_force() -> None:
    assert ask(authorisation()) is None


def test_without_one_nothing_is_in_force() -> None:
    assert ask(None) == "no_authorisation"


@pytest.mark.parametrize(
    ("state", "reason"),
    [("REQUESTED", "not_granted"), ("REJECTED", "not_granted"), ("REVOKED", "revoked"), ("EXPIRED", "expired")],
)
def test_every_state_but_granted_refuses(state: str, reason: str) -> None:
    assert ask(authorisation(state=state)) == reason


DAY = 24 * 3_600_000_000


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"valid_until": FROM + DAY}, None),
        ({"valid_until": FROM + DAY + 1}, "not_granted"),  # longer than a day needs a second person
        ({"valid_until": FROM}, "not_granted"),
        ({"urgency": ""}, "not_granted"),
        ({"requested_by": " "}, "no_approver"),
        ({"state": "REJECTED"}, "not_granted"),
        ({"state": "REVOKED"}, "revoked"),
        ({"state": "GRANTED", "approved_by": []}, "no_approver"),  # urgency is for what is asked for
        ({"site_ids": ["site-2"]}, "wrong_place"),
    ],
)
def test_what_cannot_wait_is_in_force_for_a_day_at_most_until_somebody_says_no(
    fields: dict[str, Any], reason: str | None
) -> None:
    asked = authorisation(state="REQUESTED", urgency="abducted an hour ago", approved_by=[])
    assert ask({**asked, **fields}) == reason


def test_urgency_ends_by_itself_when_nobody_agrees() -> None:
    asked = authorisation(state="REQUESTED", urgency="abducted an hour ago", approved_by=[])
    assert ask(asked, now=UNTIL) == "expired"


def test_a_missing_state_is_not_granted() -> None:
    record = authorisation()
    del record["state"]
    assert ask(record) == "not_granted"


@pytest.mark.parametrize(
    ("at", "now", "reason"),
    [
        (FROM, FROM, None),
        (UNTIL - 1, UNTIL - 1, None),
        (FROM - 1, FROM, "not_yet"),
        (FROM, FROM - 1, "not_yet"),
        (UNTIL, FROM, "expired"),
        (FROM, UNTIL, "expired"),
    ],
)
def test_validity_is_checked_at_the_event_and_at_the_wall_clock(at: int, now: int, reason: str | None) -> None:
    assert ask(authorisation(), at=at, now=now) == reason


@pytest.mark.parametrize("approved_by", [[], ["ann"], [" ANN "], [""]])
def test_the_requester_alone_cannot_approve(approved_by: list[str]) -> None:
    assert ask(authorisation(approved_by=approved_by)) == "no_approver"


def test_a_nameless_requester_cannot_be_told_from_the_approver() -> None:
    assert ask(authorisation(requested_by=" ")) == "no_approver"


def test_empty_places_are_nowhere() -> None:
    assert ask(authorisation(site_ids=[])) == "wrong_place"


@pytest.mark.parametrize("place", [{"site_ids": ["site-1"]}, {"device_ids": ["cam-1"]}, {"areas": ["city", "harbour"]}])
def test_any_of_the_three_lists_reaches_a_place(place: dict[str, list[str]]) -> None:
    assert ask(authorisation(**{"site_ids": [], **place})) is None


def test_an_unknown_site_is_in_no_list() -> None:
    assert ask(authorisation(site_ids=[""]), site_id=None, areas=()) == "wrong_place"


def test_kind_and_mode_must_be_named() -> None:
    assert ask(authorisation(), kind="FACE") == "wrong_kind"
    assert ask(authorisation(kinds=["UNKNOWN"]), kind="UNKNOWN") == "wrong_kind"
    assert ask(authorisation(), mode="POST") == "wrong_mode"


@given(
    sites=st.sets(st.sampled_from("ABC")),
    devices=st.sets(st.sampled_from("XYZ")),
    site=st.sampled_from("ABC"),
    device=st.sampled_from("XYZ"),
)
def test_only_named_places_are_ever_reached(sites: set[str], devices: set[str], site: str, device: str) -> None:
    record = authorisation(site_ids=list(sites), device_ids=list(devices))
    reached = ask(record, site_id=site, device_id=device, areas=()) is None
    assert reached == (site in sites or device in devices)


def entry(**fields: Any) -> dict[str, Any]:
    return {"entry_id": "e-1", "kind": "PLATE", "valid_from": FROM, "valid_until": UNTIL, **fields}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"state": "SUSPENDED"}, "suspended"),
        ({"state": "WITHDRAWN"}, "withdrawn"),
        ({"state": "EXPIRED"}, "expired"),
        ({"valid_from": 1_501}, "not_yet"),
        ({"valid_until": 1_500}, "expired"),
        ({"device_ids": ["cam-1"]}, None),
        ({"device_ids": ["cam-2"]}, "wrong_place"),
        ({"areas": ["harbour"]}, None),
        ({"areas": ["city"]}, "wrong_place"),
        ({"device_ids": ["cam-1"], "areas": ["city"]}, "wrong_place"),
    ],
)
def test_an_entry_narrows_its_authorisation(fields: dict[str, Any], reason: str | None) -> None:
    answer = entry_in_force(entry(**fields), at=1_500, now=1_500, device_id="cam-1", areas=("harbour",))  # type: ignore[arg-type]
    assert answer == reason
