"""A face is released by two different people or not at all."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.policy.two_person import Case, objection, required_people, rule

CASE = Case(required=2, expires_at=1_000, involved=("Ann", "carl"))


def vote(reviewer: str, decision: str = "MATCH", at: int = 10, role: str = "reviewer") -> Any:
    return {
        "verification_id": f"{reviewer}-{at}",
        "candidate_id": "c-1",
        "reviewer": reviewer,
        "role": role,
        "decision": decision,
        "decided_at": at,
    }


def outcome(*votes: Any, case: Case = CASE, now: int = 100, refusal: Any = None) -> str:
    return rule(case, votes, opened_at=1, now=now, refusal=refusal).outcome


def test_two_different_people_confirm() -> None:
    ruling = rule(CASE, [vote("dora", at=10), vote("emil", at=20)], opened_at=1, now=100)
    assert (ruling.outcome, ruling.at, len(ruling.counted)) == ("CONFIRMED", 20, 2)


@given(spelling=st.sampled_from(["dora", "Dora", " dora ", "DORA", "\uff44ora"]), times=st.lists(st.integers(0, 999)))
def test_one_person_never_confirms_however_often(spelling: str, times: list[int]) -> None:
    assert outcome(vote("dora"), *(vote(spelling, at=t) for t in times)) == "PENDING"


def test_one_no_match_rejects_even_after_matches_by_others() -> None:
    case = Case(required=3, expires_at=1_000)
    assert outcome(vote("dora"), vote("emil"), vote("fay", "NO_MATCH"), case=case) == "REJECTED"


def test_unsure_counts_for_nothing_and_takes_back() -> None:
    assert outcome(vote("dora"), vote("emil", "UNSURE")) == "PENDING"
    assert outcome(vote("dora", at=1), vote("dora", "UNSURE", at=2), vote("emil")) == "PENDING"


def test_the_latest_decision_of_a_person_counts() -> None:
    assert outcome(vote("dora", "NO_MATCH", at=1), vote("dora", at=2), vote("emil")) == "CONFIRMED"


@pytest.mark.parametrize("name", ["ann", "ANN", " Carl"])
def test_nobody_judges_the_own_case(name: str) -> None:
    assert objection(CASE, vote(name)) == "own_case"
    assert outcome(vote(name), vote("dora")) == "PENDING"
    assert outcome(vote(name, "NO_MATCH"), vote("dora"), vote("emil")) == "CONFIRMED"


def test_a_name_is_needed_and_so_is_time() -> None:
    assert objection(CASE, vote(" ")) == "no_reviewer"
    assert objection(CASE, vote("dora", at=1_000)) == "too_late"


def test_undecided_in_time_expires() -> None:
    ruling = rule(CASE, [vote("dora")], opened_at=1, now=1_000)
    assert (ruling.outcome, ruling.at) == ("EXPIRED", 1_000)


def test_revoked_overrules_everything() -> None:
    assert outcome(vote("dora"), vote("emil"), refusal="revoked") == "REVOKED"


def test_a_face_needs_two_whatever_is_written_and_a_plate_what_is_written() -> None:
    assert [required_people("FACE", n) for n in (-1, 0, 1, 2, 3)] == [2, 2, 2, 2, 3]
    assert [required_people("UNKNOWN", n) for n in (0, 2)] == [2, 2]
    assert [required_people("PLATE", n) for n in (-1, 0, 1)] == [0, 0, 1]
    assert outcome(case=Case(required=0, expires_at=1_000)) == "CONFIRMED"


votes = st.lists(
    st.builds(
        vote,
        st.sampled_from(["ann", "dora", "emil", "fay", "Dora "]),
        st.sampled_from(["MATCH", "NO_MATCH", "UNSURE"]),
        st.integers(0, 3),
    ),
    max_size=4,
)


@given(votes)
def test_the_order_of_arrival_changes_nothing(cast: list[Any]) -> None:
    assert len({outcome(*order) for order in permutations(cast)}) == 1


@given(votes)
def test_confirmed_means_two_people_and_nobody_against(cast: list[Any]) -> None:
    ruling = rule(CASE, cast, opened_at=1, now=100)
    if ruling.outcome == "CONFIRMED":
        people = {v["reviewer"].strip().casefold() for v in ruling.counted}
        assert len(people) >= 2
        assert "ann" not in people
        assert {v["decision"] for v in ruling.counted} == {"MATCH"}
