"""Which matches an alert counts, so that one which is revoked long afterwards is counted no more."""

import pytest

from fairwatch.policy.matches import LIMIT, is_revoked, note, take_out


def noted(*candidates):
    value = {"alert": {"count": len(candidates)}, "gone": []}
    for candidate in candidates:
        note(value, {"candidate_id": candidate})
    return value


def test_each_match_is_counted_by_its_candidate_and_what_is_no_match_is_not():
    value = noted("a", "b", "a", None, "")
    assert value["matches"] == {"b": 1, "a": 2}
    assert "matches" not in noted(None)


def test_the_latest_two_hundred_matches_are_remembered():
    value = noted("first", "second", *(f"c-{number}" for number in range(LIMIT - 2)))
    assert len(value["matches"]) == LIMIT == 200
    note(value, {"candidate_id": "first"})
    note(value, {"candidate_id": "new"})
    assert ("second" in value["matches"], value["matches"]["first"]) == (False, 2), "who came again is not the oldest"


@pytest.mark.parametrize(
    ("state", "candidate", "revoked"),
    [
        ("CANCELLED", "a", True),
        ("CANCELLED", "x", False),
        ("CANCELLED", None, False),
        ("ENDED", "a", False),
        ("NEW", "a", False),
    ],
)
def test_a_match_is_revoked_where_it_was_counted_and_is_taken_back(state, candidate, revoked):
    assert is_revoked(noted("a", "b"), {"state": state, "candidate_id": candidate}) is revoked
    assert not is_revoked({}, {"state": "CANCELLED", "candidate_id": "a"})


def test_a_revoked_match_is_neither_counted_nor_among_what_has_ended():
    value = noted("a", "b", "a")
    value["alert"]["count"] = 5
    value["gone"] = [{"cause_id": "a"}, {"cause_id": "b"}, {"cause_id": "a"}]
    take_out(value, {"candidate_id": "a"})
    assert (value["alert"]["count"], value["matches"], value["gone"]) == (3, {"b": 1}, [{"cause_id": "b"}])
    take_out(value, {"candidate_id": "a"})
    assert value["alert"]["count"] == 3, "it is counted no more"
    value["alert"]["count"] = 1
    take_out(value, {"candidate_id": "b"})
    assert (value["alert"]["count"], value["matches"]) == (1, {}), "an alert counts one at least"
