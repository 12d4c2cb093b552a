"""Who reads what: each number once, evenly, one worker for a number of all topics, and little changes hands."""

from typing import Any

import orjson
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.engine.assignor import Assignor, claims, deal

NUMBERS = st.integers(0, 40).map(range)
HAD = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.lists(st.integers(0, 45)), min_size=1, max_size=8)


class Cluster:
    def __init__(self, **topics: int) -> None:
        self._topics = topics

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._topics[topic])) if topic in self._topics else None


def member(topics: list[str], had: list[int]) -> ConsumerProtocolMemberMetadata:
    return ConsumerProtocolMemberMetadata(0, topics, orjson.dumps(had))


def numbers_by_topic(assigned: Any) -> dict[str, dict[str, list[int]]]:
    return {name: dict(one.assignment) for name, one in assigned.items()}


@given(NUMBERS, HAD)
def test_each_number_has_one_member_and_all_have_as_many(numbers: range, had: dict[str, list[int]]) -> None:
    dealt = deal(numbers, had)
    assert sorted(number for mine in dealt.values() for number in mine) == list(numbers)
    sizes = [len(mine) for mine in dealt.values()]
    assert max(sizes) - min(sizes) <= 1
    assert deal(numbers, dealt) == dealt, "nothing moves when nobody came or went"


@given(st.integers(1, 40), st.integers(1, 8))
def test_only_what_a_newcomer_gets_and_what_a_leaver_had_changes_hands(partitions: int, members: int) -> None:
    numbers = range(partitions)
    first = deal(numbers, {f"m{place}": [] for place in range(members)})
    joined = deal(numbers, {**first, "a-newcomer": []})
    assert sum(len(set(joined[name]) - set(first[name])) for name in first) == 0
    stay = {name: mine for name, mine in joined.items() if name != "m0"}
    left = deal(numbers, stay)
    assert all(set(stay[name]) <= set(left[name]) for name in stay)


def test_a_number_of_all_topics_is_with_one_worker() -> None:
    cluster = Cluster(candidates=4, verifications=4, few=2)
    topics = ["candidates", "verifications", "few"]
    found = numbers_by_topic(Assignor.assign(cluster, {"a": member(topics, [2]), "b": member(topics, [])}))
    assert found["a"]["candidates"] == found["a"]["verifications"]
    assert 2 in found["a"]["candidates"]
    assert sorted(found["a"]["few"] + found["b"]["few"]) == [0, 1]


def test_members_that_read_different_topics_get_what_range_assignment_gives() -> None:
    found = numbers_by_topic(
        Assignor.assign(Cluster(old=2, new=2), {"a": member(["old"], []), "b": member(["old", "new"], [])})
    )
    assert found == {"a": {"old": [0]}, "b": {"new": [0, 1], "old": [1]}}


def test_what_a_member_says_that_does_not_remember_is_nothing() -> None:
    assert claims(b"") == claims(None) == claims(b"\x00\x01") == claims(b'{"a": 1}') == []
    assert claims(b"[3, 1]") == [3, 1]


def test_what_it_got_is_what_it_says_next_time() -> None:
    assignor = Assignor()
    given_to_it = Assignor.assign(Cluster(a=3), {"me": member(["a"], [])})["me"]
    assignor.on_assignment(given_to_it)
    assert claims(assignor.metadata(["a"]).user_data) == [0, 1, 2]
