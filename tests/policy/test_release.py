"""Only what enough different people have confirmed leaves the hub."""

import pytest

from fairwatch.policy.release import (
    alert_may_leave,
    confirmed_by,
    is_about_a_match,
    pictures_that_may_leave,
    verdict_may_leave,
)


def said(*votes: tuple[str, str], kind: str = "FACE", outcome: str = "CONFIRMED", **candidate: object) -> dict:
    return {
        "outcome": outcome,
        "candidate": {"kind": kind, "authorisation_id": "warrant", **candidate},
        "verifications": [{"reviewer": who, "decision": decision} for who, decision in votes],
    }


ANN, BEN, EVE = ("ann", "MATCH"), ("ben", "MATCH"), ("eve", "NO_MATCH")


def test_who_confirmed_is_named_once_in_the_order_of_their_decisions() -> None:
    assert confirmed_by(said(BEN, EVE, ANN, BEN)) == ["ben", "ann"]
    assert confirmed_by({}) == []


@pytest.mark.parametrize(
    ("verdict", "leaves"),
    [
        (said(ANN, BEN), True),
        (said(ANN), False),
        (said(ANN, ANN), False),
        (said(ANN, ("ann ", "MATCH")), False),
        (said(ANN, ("", "MATCH")), False),
        (said(ANN, EVE), False),
        (said(ANN, BEN, outcome="REVOKED"), False),
        (said(ANN, BEN, authorisation_id=""), False),
        (said(ANN, BEN, required_verifications=3), False),
        (said(ANN, BEN, required_verifications=1), True),
        (said(ANN, required_verifications=1), False),  # a face needs two whatever the authorisation says
        (said(ANN, kind="PLATE", required_verifications=1), True),
        (said(kind="PLATE", required_verifications=0), True),
        (said(ANN, kind="PLATE"), False),
    ],
)
def test_a_verdict_leaves_with_as_many_people_as_its_kind_demands(verdict: dict, leaves: bool) -> None:
    assert verdict_may_leave(verdict) is leaves


MATCHED = {
    "event_type": "watchlist.face", "candidate_id": "c", "authorisation_id": "a", "verified_by": ["ann", "ben"],
}  # fmt: skip
OF_PLATE = {"kind": "PLATE", "required_verifications": "1"}
PLATE = {**MATCHED, "event_type": "watchlist.plate", "verified_by": ["ann"]}


@pytest.mark.parametrize(
    ("alert", "leaves"),
    [
        ({"event_type": "line.crossed"}, True),
        ({"event_type": "line.crossed", "entry_id": "e"}, False),
        ({"event_type": "line.crossed", "candidate_id": "c"}, False),
        ({"event_type": "line.crossed", "authorisation_id": "a"}, False),
        ({"event_type": "line.crossed", "parameters": {"kind": "FACE"}}, False),
        ({"event_type": "face.seen"}, False),
        (MATCHED, True),
        ({**MATCHED, "verified_by": ["ann"]}, False),
        ({**MATCHED, "candidate_id": None}, False),
        ({**MATCHED, "authorisation_id": ""}, False),
        ({**MATCHED, "parameters": {"required_verifications": "3"}}, False),
        ({**PLATE, "parameters": OF_PLATE}, True),
        ({**PLATE, "parameters": {"kind": "PLATE", "required_verifications": "9"}}, False),
        ({**PLATE, "parameters": {"kind": "PLATE", "required_verifications": "-1"}}, False),  # no number: as for faces
        ({**PLATE, "parameters": {"kind": "PLATE"}}, False),
        ({**PLATE, "parameters": {"required_verifications": "1"}}, False),  # says no kind: as for faces
        (
            {**PLATE, "event_type": "watchlist.face", "parameters": {"kind": "PLATE", "required_verifications": "1"}},
            False,
        ),
    ],
)
def test_an_alert_about_a_match_leaves_only_verified_and_any_other_always(alert: dict, leaves: bool) -> None:
    assert alert_may_leave(alert) is leaves
    assert is_about_a_match(alert) is (alert != {"event_type": "line.crossed"})


ROLES = ("SCENE", "VEHICLE", "THUMBNAIL", "FACE", "PERSON", "PLATE", "OBJECT", "REFERENCE", None)


@pytest.mark.parametrize(
    ("alert", "leave"),
    [
        ({"event_type": "line.crossed"}, ["SCENE", "VEHICLE", "THUMBNAIL"]),
        ({"event_type": "line.crossed", "entry_id": "e"}, []),
        ({"event_type": "face.seen"}, []),
        (MATCHED, []),
    ],
)
def test_scenes_leave_and_nothing_that_shows_who_somebody_is_and_nothing_at_all_of_a_match(
    alert: dict, leave: list[str]
) -> None:
    media = [{"uri": f"fw-media:{role}", "role": role} for role in ROLES]
    assert [picture["role"] for picture in pictures_that_may_leave({**alert, "media": media})] == leave
    assert pictures_that_may_leave({**alert, "media": None}) == []
