"""Decides which worker reads what: partition n of every topic with one worker, and where it was if that is fair."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata


class Assignor:
    """Range assignment that remembers.

    State shared by topics needs partition n of all of them on one worker, which range assignment gives and aiokafka's
    sticky one does not. But range assignment deals anew whenever somebody comes or goes. Here every member says which
    numbers it had, and keeps them up to its share.

    It goes by the name of range assignment, so that a group may hold workers that do not remember: aiokafka joins twice
    when it is given two ways of assigning, and a group whose members have no way in common takes no new one.
    """

    name = "range"

    def __init__(self) -> None:
        self._had: list[int] = []

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """Say what we read and what we had."""
        return ConsumerProtocolMemberMetadata(0, list(topics), orjson.dumps(self._had))

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Remember what we got."""
        self._had = sorted({tp.partition for tp in assignment.partitions()})

    @staticmethod
    def assign(
        cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Return what each member gets; where they do not all read the same topics, as range assignment does."""
        subscriptions = {frozenset(member.subscription) for member in members.values()}
        if len(subscriptions) != 1:
            by_range: dict[str, ConsumerProtocolMemberAssignment] = RangePartitionAssignor.assign(cluster, members)
            return by_range
        [topics] = subscriptions
        found = {topic: cluster.partitions_for_topic(topic) or set() for topic in sorted(topics)}
        numbers = sorted(set[int]().union(*found.values()))
        dealt = deal(numbers, {name: claims(member.user_data) for name, member in members.items()})
        return {
            name: ConsumerProtocolMemberAssignment(
                0, [(topic, [n for n in dealt[name] if n in there]) for topic, there in found.items()], b""
            )
            for name in members
        }


def claims(user_data: bytes | None) -> list[int]:
    """Return the numbers that a member says it had; none where it says nothing that we understand."""
    try:
        said = orjson.loads(user_data or b"[]")
    except orjson.JSONDecodeError:
        return []
    return [number for number in said if isinstance(number, int)] if isinstance(said, list) else []


def deal(numbers: Sequence[int], had: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Deal numbers evenly among members so that as few as possible change hands.

    >>> deal(range(6), {"a": [0, 1, 2], "b": [3, 4, 5], "c": []})
    {'a': [0, 1], 'b': [3, 4], 'c': [2, 5]}
    >>> deal(range(5), {"a": [], "b": []})
    {'a': [0, 1, 2], 'b': [3, 4]}
    """
    share, more = divmod(len(numbers), len(had))
    left = set(numbers)
    dealt: dict[str, list[int]] = {}
    # Who had most goes first: it keeps one more where the numbers do not come out even.
    for name in sorted(had, key=lambda name: (-len(had[name]), name)):
        kept = [number for number in sorted(set(had[name])) if number in left]
        dealt[name] = kept[: share + (more > 0)]
        more -= len(dealt[name]) > share
        left -= set(dealt[name])
    rest = sorted(left)
    for name in sorted(dealt, key=lambda name: (len(dealt[name]), name)):
        wanted = share + (more > 0) - len(dealt[name])
        if wanted > 0:
            more -= wanted + len(dealt[name]) > share
            dealt[name] = sorted([*dealt[name], *rest[:wanted]])
            rest = rest[wanted:]
    return {name: dealt[name] for name in sorted(dealt)}
