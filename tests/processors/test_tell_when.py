"""A rule may say what a group has to come to before anybody is told, and how often a day."""

from datetime import timedelta

import pytest

from fairwatch.domain.agenda import BESIDE
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from fairwatch.telemetry.metrics import REGISTRY
from tests.support.processor_world import PARTITION, MemoryReference, MemoryState
from tests.support.records import AT, trigger

MINUTE = 60


class Room:
    """A group and what was told of it."""

    def __init__(self, tell_when: str) -> None:
        self.clock, self.state, self.told, self.number = ManualClock(AT), MemoryState(), [], 0
        self.rules = {"tamper": Options(tell_when=tell_when, resolve_after=timedelta(minutes=10))}
        self.restart()

    def restart(self) -> None:
        self.group = Group(self.rules, self.state, self.clock)

    async def see(self, device: str = "cam-1", state: str = "NEW", kind: str = "MOMENT", **fields) -> None:
        self.number += 1
        cause = {"cause_id": device, "kind": kind}
        said = trigger(n=self.number, at=self.clock.now(), state=state, causes=[cause], device_ids=[device], **fields)
        event = Event("alert-triggers", "Alert", said, said["group"], partition=PARTITION, offset=self.number)
        self._note([each for answer in await self.group.handle([event]) for each in answer])

    async def wait(self, minutes: float) -> None:
        until = self.clock.now() + round(minutes * MINUTE * 1_000_000)
        while (due := self.group.due_at()) is not None and due <= until:
            self.clock.move_to(due)
            self._note(await self.group.tick([PARTITION]))
        self.clock.move_to(until)
        self._note(await self.group.tick([PARTITION]))

    def _note(self, outcomes) -> None:
        self.told += [(e.record["state"], e.record["count"]) for e in outcomes if getattr(e, "topic", "") == "alerts"]

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.state.items(PARTITION) if key.startswith(BESIDE) or not key.startswith("\0")]


async def test_nobody_is_told_before_the_group_has_come_to_what_the_rule_asks_for():
    room = Room("group.count >= 3 || group.devices > 1")
    await room.see()
    await room.see()
    await room.wait(1)
    room.restart()
    assert room.told == []
    await room.see()
    await room.wait(11)
    assert room.told == [("NEW", 3), ("ENDED", 3)]
    await room.see("cam-1")
    await room.see("cam-2")
    assert room.told[2:] == [("NEW", 2)], "two devices are enough"


async def test_a_group_that_never_comes_to_it_is_over_untold_and_leaves_nothing():
    def not_told() -> float:
        said = {"rule": "tamper", "receiver": "control-room"}
        return REGISTRY.get_sample_value("fairwatch_alerts_not_told_total", said) or 0

    before, room = not_told(), Room("group.count >= 3")
    await room.see()
    assert not_told() == before, "it may come to it yet"
    await room.wait(11)
    assert (room.told, room.keys, not_told()) == ([], [], before + 1)
    await room.see()
    await room.see()
    assert room.told == [], "it is counted anew"


async def test_a_door_that_stays_open_is_told_when_it_was_open_for_so_long_though_nothing_else_happens():
    room = Room("group.seconds >= 300")
    await room.see(kind="CONDITION")
    await room.wait(4.9)
    room.restart()
    assert room.told == []
    await room.wait(0.7)
    assert room.told == [("NEW", 1)], "asked again with each interval"
    await room.see(kind="CONDITION", state="ENDED")
    await room.wait(1)
    assert [state for state, _ in room.told] == ["NEW", "ENDED"]


async def test_a_revoked_match_that_was_held_back_was_never_there():
    room = Room("group.count >= 3")
    await room.see(candidate_id="c")
    await room.see(state="CANCELLED", candidate_id="c")
    assert (room.told, room.keys) == ([], [])


async def test_once_in_an_hour_is_once_in_an_hour_also_after_a_restart():
    room = Room("history.since_last_s < 0 || history.since_last_s >= 3600")
    for _ in range(5):
        await room.see()
        await room.wait(20)
        room.restart()
    assert [state for state, _ in room.told] == ["NEW", "ENDED", "NEW", "ENDED"], "at once, and after an hour"


async def test_so_many_a_day_and_what_was_told_is_forgotten_after_one():
    room = Room("history.alerts_24h < 2")
    for _ in range(4):
        await room.see()
        await room.wait(60)
    assert [state for state, _ in room.told] == ["NEW", "ENDED"] * 2
    await room.wait(24 * MINUTE)
    assert room.keys == []
    await room.see()
    assert room.told[-1] == ("NEW", 1)


async def test_what_has_no_answer_is_told_and_counted():
    def failed() -> float:
        return REGISTRY.get_sample_value("fairwatch_rules_failed_total", {"rule": "tamper", "part": "tell_when"}) or 0

    before, room = failed(), Room("1 / (group.count - 1) > 0")
    await room.see()
    assert (room.told, failed()) == ([("NEW", 1)], before + 1)


async def test_what_an_earlier_release_understood_and_this_one_does_not_is_told():
    room = Room("group.count >= 9")
    await room.see()
    [key] = room.keys
    value = room.state.get(PARTITION, key)
    value["timing"]["tell_when"] = "group.colour == 3"
    room.state.put(PARTITION, key, value)
    room.restart()
    await room.see()
    await room.wait(1)
    assert room.told == [("NEW", 2)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("group.count", "says neither true nor false"),
        ("group.colour == 3", "undeclared"),
        ('group.count > "3"', "no matching overload"),
        ("hour > 3", "undeclared"),
    ],
)
def test_what_a_group_does_not_know_is_refused_when_the_rule_is_read(text, says):
    with pytest.raises(ValueError, match=says):
        Options(tell_when=text)


async def test_what_nobody_was_told_of_inhibits_nothing():
    quiet = Quiet.model_validate({"inhibit": [{"name": "lost", "source": ['rule="tamper"']}]})
    room = Room("group.count >= 2")
    room.group = Group(room.rules, room.state, room.clock, MemoryReference(), quiet)
    inhibited = []
    room._note = lambda said: inhibited.extend(
        (each.key.split("/")[1:], each.record is not None)
        for each in said
        if getattr(each, "topic", "") == "inhibitions"
    )
    await room.see()
    await room.wait(1)
    assert inhibited == [], "nothing is kept from people on account of what they do not know"
    await room.see()
    assert inhibited == [(["lost", "cam-1"], True)]
    await room.wait(30)
    assert inhibited[1:] == [(["lost", "cam-1"], False)]
