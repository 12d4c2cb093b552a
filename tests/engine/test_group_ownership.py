"""Partitions are taken over when the broker lets us, however long that takes, and only while they are ours."""

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, TransactionalIdAuthorizationFailed
from faust.types import TP
from structlog.testing import capture_logs

from fairwatch.domain.errors import RetryableError
from fairwatch.engine.group_ownership import CLAIM_AGAIN_S, GroupOwnership
from fairwatch.engine.ownership import HANDLED, UNTOUCHED, Note, Place
from fairwatch.engine.transactions import Transactions
from fairwatch.engine.txn_offset_commit import Membership

FIRST, SECOND = TP("in", 0), TP("in", 1)
US = Membership("group", 7, "us")


class Coordinator:
    """The group's offsets, as a broker keeps them; its answers to some requests are lost."""

    def __init__(self, places: Mapping[TP, Place]) -> None:
        self.kept = dict(places)
        self.who: Membership | None = US
        self.ids: dict[str, str] = {}  # as a broker that knows none
        self.away = self.deaf = 0  # so many more questions, or notes, are not answered
        self.asked = 0

    def membership(self) -> Membership | None:
        return self.who

    async def places(self) -> dict[TP, Place]:
        self.asked += 1
        if self.away:
            self.away -= 1
            raise KafkaConnectionError("no answer")
        return dict(self.kept)

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        return {topic: self.ids[topic] for topic in topics if topic in self.ids}

    async def begins(self, partitions: Iterable[TP]) -> dict[TP, int]:
        return dict.fromkeys(partitions, 3)

    async def note(self, places: Mapping[TP, Place]) -> bool:
        if self.deaf:
            self.deaf -= 1
            return False
        self.kept |= places
        return True


class World:
    """One consumer that was given two partitions, and what it does."""

    def __init__(self, places: Mapping[TP, Place]) -> None:
        self.group = Coordinator(places)
        self.pauses: list[float] = []
        self.out: list[set[str]] = []
        self.troubles: list[Exception] = []
        self.leaves_after: int | None = None
        self.app = SimpleNamespace(consumer_generation_id=US.generation, client_options={})
        consumer: Any = SimpleNamespace(
            app=self.app,
            group=self.group,
            next_commit={},
            assignment=lambda: {FIRST, SECOND},
            committed_by_transaction=lambda _: None,
        )
        transactions = Transactions("us", {}, record_max=1 << 20)
        self.ownership = GroupOwnership(consumer, transactions, shut_out=self._shut_out, pause=self._pause)

    async def _shut_out(self, owners: Iterable[str], _: Mapping[str, Any]) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.out.append(set(owners))

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == self.leaves_after:
            self.group.who = Membership("group", 8, "us")


@pytest.fixture
def world() -> World:
    """Give partitions whose last owner died."""
    return World({FIRST: Place(41, Note("them", "9")), SECOND: Place(17, Note("", HANDLED))})


async def test_a_last_owner_is_shut_out_and_our_name_takes_its_place(world):
    await world.ownership.take_over()
    assert world.out == [{"them"}]
    assert world.group.kept == {FIRST: Place(41, Note("us", HANDLED)), SECOND: Place(17, Note("us", HANDLED))}
    assert world.ownership.membership == US


async def test_a_partition_that_nobody_ever_had_begins_where_the_topic_does(world):
    del world.group.kept[SECOND]
    await world.ownership.take_over()
    assert world.group.kept[SECOND] == Place(3, Note("us", UNTOUCHED))


async def test_a_broker_that_is_away_while_a_last_owner_is_shut_out_is_waited_for_with_growing_pauses(world):
    world.troubles = [KafkaConnectionError("away"), TimeoutError(), OSError("reset")]
    with capture_logs() as logs:
        await world.ownership.take_over()
    assert world.pauses == [1.0, 2.0, 4.0]
    assert [line["event"] for line in logs] == ["partitions.not_taken_over"] * 3
    assert world.out == [{"them"}]
    assert world.ownership.membership == US


async def test_what_the_group_has_committed_is_asked_again_after_each_trouble(world):
    world.group.away = 2
    await world.ownership.take_over()
    assert world.pauses == [1.0, 2.0]
    assert world.ownership.membership == US


async def test_nobody_waits_for_a_right_that_is_missing(world):
    world.troubles = [TransactionalIdAuthorizationFailed("no")]
    with pytest.raises(TransactionalIdAuthorizationFailed):
        await world.ownership.take_over()
    assert (world.pauses, world.ownership.membership) == ([], None)


async def test_partitions_that_the_group_gives_away_meanwhile_are_not_waited_for(world):
    world.troubles, world.leaves_after = [KafkaConnectionError("away") for _ in range(9)], 3
    await world.ownership.take_over()
    assert len(world.pauses) == 3
    assert world.ownership.membership is None
    assert world.group.kept[FIRST].note.owner == "them"


async def test_a_claim_that_the_group_did_not_take_is_made_again(world):
    world.group.deaf = 3
    await world.ownership.take_over()
    assert world.pauses == [CLAIM_AGAIN_S] * 3
    assert world.group.kept[FIRST] == Place(41, Note("us", HANDLED))
    assert world.ownership.membership == US


async def test_a_claim_ends_when_we_are_somebody_else_in_the_group(world):
    world.group.deaf, world.leaves_after = 99, 2
    await world.ownership.take_over()
    assert world.pauses == [CLAIM_AGAIN_S] * 2
    assert world.ownership.membership is None


async def test_partitions_are_taken_over_once_in_each_generation(world):
    await world.ownership.take_over()
    asked = world.group.asked
    await world.ownership.take_over()
    assert world.group.asked == asked
    world.app.consumer_generation_id, world.group.who = 8, Membership("group", 8, "us")
    await world.ownership.take_over()
    assert world.group.asked > asked
    assert world.ownership.membership == world.group.who


async def test_the_same_partitions_under_the_same_generation_are_taken_over_again_once_they_were_let_go(world):
    await world.ownership.take_over()
    await world.ownership.let_go()
    assert (world.group.kept[FIRST].note.owner, world.ownership.membership) == ("", None)
    await world.ownership.take_over()
    assert (world.group.kept[FIRST].note.owner, world.ownership.membership) == ("us", US)


async def test_offsets_of_a_topic_that_was_deleted_and_made_anew_are_not_gone_on_from(world):
    world.group.ids = {"in": "new"}
    world.group.kept = {FIRST: Place(41, Note("them", "9", "old")), SECOND: Place(17, Note("", HANDLED, "new"))}
    with capture_logs() as logs:
        await world.ownership.take_over()
    assert world.out == [{"them"}], "it may still write to other topics"
    assert world.group.kept == {
        FIRST: Place(3, Note("us", UNTOUCHED, "new")),
        SECOND: Place(17, Note("us", HANDLED, "new")),
    }
    assert [line["event"] for line in logs] == ["topic.made_anew"]


@pytest.mark.parametrize(("noted", "now"), [("", "new"), ("old", None)], ids=["an older version", "an older broker"])
async def test_where_no_id_is_known_offsets_are_gone_on_from(world, noted, now):
    world.group.ids = {"in": now} if now else {}
    world.group.kept[FIRST] = Place(41, Note("", HANDLED, noted))
    await world.ownership.take_over()
    assert world.group.kept[FIRST] == Place(41, Note("us", HANDLED, now or ""))


async def test_what_we_commit_bears_the_id_of_the_topic_that_we_took_over(world):
    world.group.ids = {"in": "first"}
    await world.ownership.take_over()
    assert not world.ownership.topics_changed({"in": "first", "other": "x"})
    assert not world.ownership.topics_changed({}), "it may come back"
    world.group.ids = {"in": "second"}
    assert world.ownership.topics_changed(world.group.ids)
    assert world.ownership.note(FIRST, "12") == "us 12 first"
    assert await world.ownership.commit({FIRST: 50})
    assert world.group.kept[FIRST] == Place(50, Note("us", HANDLED, "first"))
    await world.ownership.let_go()
    assert world.group.kept[SECOND] == Place(17, Note("", HANDLED, "first")), "so that the next owner does not go on"


async def test_what_was_set_back_is_where_we_are(world):
    await world.ownership.take_over()
    world.ownership.set_back(FIRST, 2)
    assert world.ownership.anchor() == {FIRST: 2}


async def test_who_is_no_member_takes_nothing_over(world):
    world.group.who = None
    await world.ownership.take_over()
    assert (world.ownership.membership, world.group.asked, world.out) == (None, 0, [])


async def test_who_was_given_nothing_takes_nothing_over(world):
    world.ownership._consumer.assignment = set
    await world.ownership.take_over()
    assert (world.ownership.membership, world.group.asked) == (None, 0)


async def test_offsets_are_committed_only_as_the_member_that_took_the_partitions_over(world):
    assert not await world.ownership.commit({FIRST: 50}), "nothing was taken over yet"
    await world.ownership.take_over()
    world.group.deaf = 1
    assert not await world.ownership.commit({FIRST: 50}), "the group did not take it"
    assert world.ownership.anchor() == {FIRST: 41}
    assert await world.ownership.commit({FIRST: 50})
    assert world.ownership.anchor() == {FIRST: 50}
    world.group.who = Membership("group", 8, "us")
    assert not await world.ownership.commit({FIRST: 60})
    assert await world.ownership.places() == world.group.kept


async def test_a_group_that_does_not_say_where_it_stands_has_not_given_our_partitions_away(world):
    await world.ownership.take_over()
    world.group.kept.clear()
    with pytest.raises(RetryableError, match=r"how far the group has come in .* of our partitions is not known"):
        await world.ownership.places()


async def test_what_may_still_be_pending_keeps_our_name_in_the_notes(world):
    await world.ownership.take_over()
    world.ownership._transactions._in_doubt = "7"
    await world.ownership.let_go()
    assert (world.group.kept[FIRST].note.owner, world.ownership.membership) == ("us", None)


async def test_a_partition_is_untouched_until_something_of_it_is_handled(world):
    del world.group.kept[SECOND]
    await world.ownership.take_over()
    world.ownership._consumer.next_commit = {SECOND: 4}
    await world.ownership.let_go()
    assert world.group.kept[SECOND] == Place(4, Note("", HANDLED))
    del world.group.kept[SECOND]
    world.ownership._consumer.next_commit = {}
    await world.ownership.take_over()
    world.ownership.took_effect({SECOND: 9})
    await world.ownership.let_go()
    assert world.group.kept[SECOND] == Place(9, Note("", HANDLED))
