"""A worker begins where its processors have come to in whatever form they ran, and only when no other form runs."""

import asyncio
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, Self

import pytest
from structlog.testing import capture_logs

from fairwatch.domain.errors import RetryableError
from fairwatch.engine import forms
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.forms import Forms
from fairwatch.engine.ownership import HANDLED, UNTOUCHED, Note, Place
from fairwatch.engine.txn_offset_commit import Membership
from tests.support.chain_lab import LEFT, RIGHT, links

ALONE, CHAIN, STRANGER = "fairwatch-left", "fairwatch-left+right", "somebody-else"
PLACE = ("mid", 0)


class Groups:
    """The groups that a broker knows: how far each is, and who is in it."""

    def __init__(self) -> None:
        self.reach: dict[str, dict[tuple[str, int], Place]] = {CHAIN: {}, STRANGER: {}}
        self.members: set[str] = set()
        self.troubles: list[Exception] = []
        self.looks = 0

    async def __aenter__(self) -> Self:
        self.looks += 1
        if self.troubles:
            raise self.troubles.pop(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""

    async def names(self) -> list[str]:
        return sorted(self.reach)

    async def has_members(self, group: str) -> bool:
        return group in self.members

    async def reached(self, group: str, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], Place]:
        return {place: row for place, row in self.reach.get(group, {}).items() if place in places}


class Group:
    """Our own group; `leaves_after` says after how many questions we are somebody else in it."""

    def __init__(self) -> None:
        self.who: Membership | None = Membership("group", 7, "us")
        self.leaves_after = 1 << 30
        self.ids = {"mid": "new"}

    def membership(self) -> Membership | None:
        self.leaves_after -= 1
        return self.who if self.leaves_after > 0 else Membership("group", 8, "us")

    async def topic_ids(self, topics: Collection[str]) -> dict[str, str]:
        return {topic: self.ids[topic] for topic in topics if topic in self.ids}

    async def partition_counts(self, topics: Collection[str]) -> dict[str, int]:
        return dict.fromkeys(topics, 2)


class World:
    """Two processors, the second of which is asked to run by itself or both as a chain."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.groups, self.group = Groups(), Group()
        self.out: list[set[str]] = []
        self.collisions: list[str] = []
        self.pauses = 0
        self.stops_after = 1 << 30
        monkeypatch.setattr(forms, "_Groups", lambda _: self.groups)
        monkeypatch.setattr(forms, "shut_out", self._shut_out)
        monkeypatch.setattr(forms, "LOOK_AGAIN_S", 0.0)

    async def _shut_out(self, owners: set[str], _: Any) -> None:
        self.out.append(set(owners))

    def form(self, *specs: Any, embedded: bool = False) -> tuple[Forms, list[Any]]:
        made, _ = links(*specs)
        config = EngineConfig("127.0.0.1:1", embedded=embedded)
        return Forms(config, "+".join(spec.name for spec in specs), made, self.collisions.append), list(made)

    async def pause(self) -> None:
        self.pauses += 1
        if self.pauses == 3:
            self.groups.members.clear()

    def ended(self) -> bool:
        return self.pauses >= self.stops_after


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


async def test_a_worker_waits_until_the_chain_with_its_processor_has_ended_and_says_so_once(world: World) -> None:
    form, _ = world.form(LEFT)
    world.groups.members = {CHAIN, STRANGER}
    troubles = []

    async def pause() -> None:
        troubles.append(form.trouble)
        await world.pause()

    with capture_logs() as logs:
        await form.wait(pause, world.ended)
    said = f"waiting for {CHAIN} to end: processors run by themselves or in a chain, not both"
    assert troubles == [said] * 3
    assert form.trouble is None
    assert [line["error"] for line in logs if line["event"] == "forms.waiting"] == [said]


async def test_a_worker_that_is_told_to_stop_waits_no_longer(world: World) -> None:
    form, _ = world.form(LEFT)
    world.groups.members, world.stops_after = {CHAIN}, 2
    await form.wait(world.pause, world.ended)
    assert (world.pauses, form.trouble) == (2, None)


async def test_a_broker_that_does_not_say_who_runs_is_asked_again(world: World) -> None:
    form, _ = world.form(LEFT)
    world.groups.troubles = [RetryableError("first"), RetryableError("first"), RetryableError("then")]
    with capture_logs() as logs:
        await form.wait(world.pause, world.ended)
    assert [line["error"] for line in logs] == ["first", "then"]
    assert world.pauses == 3


async def test_on_the_embedded_broker_nobody_is_waited_for(world: World) -> None:
    form, _ = world.form(LEFT, embedded=True)
    world.groups.members = {CHAIN}
    await form.wait(world.pause, world.ended)
    assert world.pauses == 0


async def test_a_group_begins_where_the_least_far_of_its_processors_is_and_the_other_leaves_out_the_rest(world) -> None:
    world.groups.reach = {
        ALONE: {PLACE: Place(9, Note("them", HANDLED, "new")), ("mid", 1): Place(4, Note("", HANDLED, "old"))},
        "fairwatch-right": {PLACE: Place(5, Note("", HANDLED))},
        CHAIN: {PLACE: Place(2, Note("us", HANDLED, "new"))},
    }
    form, (left, right) = world.form(LEFT, RIGHT)
    assert await form.begin(world.group) == {PLACE: 5}
    assert (left.floors, right.floors) == ({PLACE: 9}, {PLACE: 5}), "what belongs to an older topic counts for nothing"
    assert world.out == [{"them"}], "our own last owner is shut out elsewhere"


async def test_an_owner_in_another_form_is_shut_out_once(world: World) -> None:
    world.groups.reach = {ALONE: {PLACE: Place(9, Note("them", HANDLED))}}
    form, _ = world.form(LEFT, RIGHT)
    await form.begin(world.group)
    world.group.who = Membership("group", 8, "us again")
    await form.begin(world.group)
    assert world.out == [{"them"}]


async def test_other_forms_are_asked_once_in_each_membership(world: World) -> None:
    world.groups.reach = {ALONE: {PLACE: Place(9, Note("", HANDLED))}}
    form, _ = world.form(LEFT, RIGHT)
    for _ in range(3):
        assert await form.begin(world.group) == {PLACE: 0}
    assert world.groups.looks == 1
    world.group.ids = {"mid": "newer"}  # deleted and made anew
    await form.begin(world.group)
    world.group.who = Membership("group", 8, "another")
    await form.begin(world.group)
    assert world.groups.looks == 3


async def test_who_is_no_member_yet_asks_each_time(world: World) -> None:
    form, _ = world.form(LEFT)
    world.group.who = None
    for _ in range(2):
        assert await form.begin(world.group) == {}
    assert world.groups.looks == 2


async def test_two_forms_that_begin_at_once_do_not_both_go_on(world: World) -> None:
    form, _ = world.form(LEFT)
    world.groups.members = {CHAIN}
    assert await form.begin(world.group) == {}
    assert world.collisions == [f"{CHAIN} began at the same time"]


async def test_what_is_not_known_is_asked_again_while_we_are_who_we_are(world: World) -> None:
    form, _ = world.form(LEFT)
    world.groups.troubles = [RetryableError("away"), OSError("reset"), TimeoutError()]
    with capture_logs() as logs:
        await form.begin(world.group)
    told = [(line["event"], line["log_level"]) for line in logs]
    assert told == [("forms.unknown", "warning"), *[("forms.unknown", "debug")] * 2]
    world.group.who = Membership("group", 9, "another")
    world.groups.troubles, world.group.leaves_after = [RetryableError("away")] * 9, 4
    await form.begin(world.group)
    assert len(world.groups.troubles) == 7


async def test_where_we_begin_is_forgotten_with_the_offsets_of_a_partition(world: World) -> None:
    done = Place(9, Note("", HANDLED))
    world.groups.reach = {ALONE: {PLACE: done, ("mid", 1): done}}
    form, (left, _) = world.form(LEFT, RIGHT)
    await form.begin(world.group)
    form.forget(PLACE)
    assert left.floors == {("mid", 1): 9}
    assert await form.begin(world.group) == {("mid", 1): 0}


async def test_a_partition_that_nobody_has_touched_holds_nobody_back(world: World) -> None:
    world.groups.reach = {ALONE: {PLACE: Place(500, Note("", UNTOUCHED))}}
    form, (left, _) = world.form(LEFT, RIGHT)
    assert await form.begin(world.group) == {}
    assert left.floors == {}


async def test_a_broker_that_does_not_answer_is_told_as_something_that_passes() -> None:
    form = Forms(EngineConfig("127.0.0.1:1"), "left", [], lambda _: None)
    troubles: list[Any] = []

    async def pause() -> None:
        troubles.append(form.trouble)

    with capture_logs():
        await asyncio.wait_for(form.wait(pause, lambda: bool(troubles)), 10)
    assert "the groups of other forms are not known" in troubles[0]


async def test_who_cannot_ask_for_groups_does_not_go_on_as_if_there_were_none() -> None:
    with pytest.raises(RetryableError, match="groups of other forms"):
        async with forms._Groups({"bootstrap_servers": "127.0.0.1:1"}):
            raise AssertionError("nobody answers")


class Admin:
    """aiokafka's admin client, as far as it is asked for groups."""

    def __init__(self) -> None:
        self.described: list[Any] = []
        self.offsets: dict[Any, Any] = {}

    async def describe_consumer_groups(self, groups: list[str]) -> list[Any]:
        assert groups == [CHAIN]
        return [SimpleNamespace(groups=self.described)]

    async def list_consumer_groups(self) -> list[Any]:
        return [(STRANGER, "consumer"), (ALONE, "consumer")]

    async def list_consumer_group_offsets(self, group: str, partitions: list[Any]) -> dict[Any, Any]:
        assert group == CHAIN
        return {tp: row for tp, row in self.offsets.items() if tp in partitions}


@pytest.fixture
async def asked() -> tuple[Any, Admin]:
    groups, admin = forms._Groups({"bootstrap_servers": "127.0.0.1:1"}), Admin()
    groups._admin = admin
    return groups, admin


async def test_a_group_has_members_where_the_broker_names_some(asked) -> None:
    groups, admin = asked
    assert await groups.names() == [ALONE, STRANGER]
    admin.described = [(0, CHAIN, "Empty", "consumer", "", [])]
    assert not await groups.has_members(CHAIN)
    admin.described = [(0, CHAIN, "Stable", "consumer", "range", [("one",)])]
    assert await groups.has_members(CHAIN)
    admin.described = [(14, CHAIN, "", "", "", [])]
    with pytest.raises(RetryableError, match="not known: GroupLoadInProgressError"):
        await groups.has_members(CHAIN)


async def test_how_far_a_group_is_needs_an_answer_for_every_partition(asked) -> None:
    groups, admin = asked
    admin.offsets = {
        forms.TopicPartition("mid", 0): SimpleNamespace(offset=7, metadata="us handled id"),
        forms.TopicPartition("mid", 1): SimpleNamespace(offset=-1, metadata=""),
    }
    assert await groups.reached(CHAIN, [PLACE, ("mid", 1)]) == {PLACE: Place(7, Note("us", HANDLED, "id"))}
    with pytest.raises(RetryableError, match=f"how far {CHAIN.replace('+', '.')} has come"):
        await groups.reached(CHAIN, [PLACE, ("mid", 1), ("mid", 2)])
