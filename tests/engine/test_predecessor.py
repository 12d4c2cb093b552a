"""Who is started again takes out of the group the process of its name that was killed, and nobody else."""

from collections.abc import Mapping
from types import SimpleNamespace

from aiokafka.errors import KafkaConnectionError

from fairwatch.engine.consumer_thread import BatchThread
from fairwatch.engine.predecessor import AGAIN_S, dismiss_predecessor


class Group:
    """A group whose members change each time that somebody asks; None for a broker that does not answer."""

    def __init__(self, *members: Mapping[str, str] | None, deaf: int = 0) -> None:
        self.member_id = "us"
        self.left: list[str] = []
        self.pauses: list[float] = []
        self._members = list(members)
        self._deaf = deaf

    async def members(self) -> Mapping[str, str]:
        found = self._members.pop(0) if len(self._members) > 1 else self._members[0]
        if found is None:
            raise KafkaConnectionError
        return {member: client for member, client in found.items() if member not in self.left}

    async def dismiss(self, member_id: str) -> None:
        if self._deaf:
            self._deaf -= 1
            raise KafkaConnectionError
        self.left.append(member_id)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


async def look(group: Group) -> list[str]:
    """Return who was taken out by `match-1`."""
    await dismiss_predecessor(group, "match-1", group.pause)
    return group.left


DEAD = {"dead": "match-1@1.0", "other": "match-10@1.0", "foreign": "kafka-ui"}


async def test_the_dead_one_of_our_name_is_taken_out_and_nobody_else():
    assert await look(Group({**DEAD, "us": "match-1@1.1"})) == ["dead"]


async def test_we_join_first_so_that_the_group_is_not_empty_for_a_moment():
    group = Group(DEAD, DEAD, {**DEAD, "us": "match-1@1.1"})
    assert await look(group) == ["dead"]
    assert group.pauses == [AGAIN_S] * 2


async def test_nobody_is_taken_out_where_nobody_has_our_name():
    assert await look(Group({"us": "match-1@1.1", "other": "match-2@1.1"})) == []


async def test_a_broker_that_does_not_answer_is_asked_again():
    group = Group(None, None, {**DEAD, "us": "match-1@1.1"}, deaf=1)
    assert await look(group) == ["dead"]
    assert group.pauses == [AGAIN_S] * 3


def test_a_consumer_that_has_not_started_yet_is_nobody_in_its_group():
    thread = BatchThread.__new__(BatchThread)
    for consumer in (None, SimpleNamespace(_coordinator=None)):
        thread._consumer = consumer
        assert (thread.connected, thread.member_id) == (False, "")
