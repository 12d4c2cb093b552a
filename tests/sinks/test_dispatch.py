"""The lanes of all receivers together: what may go now, what is given up, and what a fallback is told."""

import asyncio
import json

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.sinks.dispatch import Dispatch, place_of
from fairwatch.sinks.ledger import Ledger, delivery_id
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryState
from tests.support.records import AT, trigger

SECOND = 1_000_000
OK, AWAY, GONE = Answer("ok", status=204), Answer("timeout", retryable=True), Answer("gone")


class Sink:
    """Answers in the order of its answers, the last of them for ever."""

    kind = "probe"

    def __init__(self, *answers):
        self.answers, self.told, self.held = list(answers), [], None

    async def send(self, delivery_id, alert):
        self.told.append((alert["alert_id"], alert["revision"]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if self.held is not None:
            await self.held.wait()
        return answer

    async def close(self):
        pass


class World:
    def __init__(self, **receivers):
        self.clock, self.state = ManualClock(AT), MemoryState()
        self.dispatch = Dispatch(receivers, self.state, self.clock, Codec())
        self.memory = Forgetful()

    async def tell(self, name, alert_id="one", revision=0, group="g"):
        """Queue an alert for a receiver and send what may go; return what is told of it."""
        place = place_of(0, group, name)
        alert = trigger(group, alert_id=alert_id, revision=revision, receivers=[name])
        self.dispatch.ledger(place).append(alert, name, 7, self.clock.now(), "")
        return self.records(await self.dispatch.send([place], {0: self.memory}))

    async def tick(self, seconds=0.0):
        self.clock.advance(seconds=seconds)
        places = self.dispatch.due([0], self.clock.now())
        return self.records(await self.dispatch.send(places, {0: self.memory}))

    @staticmethod
    def records(sent):
        return [
            (emit.record["receiver"], emit.record["state"], emit.record["reason"], emit.record["next_attempt_at"])
            for _, emits in sent
            for emit in emits
            if emit.topic == "deliveries"
        ]


class Forgetful:
    """Remembers ids as the memory of a partition does."""

    def __init__(self):
        self.ids = set()

    def knows(self, identity):
        return identity in self.ids

    def note(self, identity):
        self.ids.add(identity)

    def forget(self, identity):
        self.ids.discard(identity)


@pytest.fixture
def sink():
    return Sink(OK)


async def test_what_was_put_off_is_due_when_it_may_go_and_not_before(sink):
    world = World(patrol=Receiver("patrol", sink, concurrency=1))
    value = Ledger.empty() | {"next_at": AT + 5 * SECOND}
    place = place_of(0, "g", "patrol")
    ledger = Ledger(value, "patrol")
    ledger.append(trigger("g"), "patrol", 7, AT, "")
    world.dispatch.agenda.put(*place, ledger.value)
    assert world.dispatch.due_at() == AT + 5 * SECOND
    assert world.dispatch.due([0], AT + 5 * SECOND - 1) == []
    assert world.dispatch.due([0], AT + 5 * SECOND) == [place]


async def test_a_failure_says_when_it_is_tried_again_and_only_then_it_is():
    sink = Sink(AWAY, OK)
    world = World(patrol=Receiver("patrol", sink))
    [(name, state, reason, again)] = await world.tell("patrol")
    assert (name, state, reason) == ("patrol", "RETRYING", "timeout")
    assert AT < again == world.dispatch.due_at()
    world.clock.advance(seconds=(again - 1 - AT) / SECOND)
    assert await world.tick() == []
    world.clock.advance(seconds=1 / SECOND)
    assert await world.tick() == [("patrol", "DELIVERED", "ok", None)]


async def test_a_receiver_that_is_gone_is_told_nothing_more_whatever_else_is_on_its_way_to_it():
    sink = Sink(GONE, AWAY, OK)
    world = World(patrol=Receiver("patrol", sink, concurrency=2))
    places = [place_of(0, group, "patrol") for group in ("a", "b")]
    for place in places:
        world.dispatch.ledger(place).append(trigger(place[1][0]), "patrol", 7, AT, "")
    await world.dispatch.send(places, {0: world.memory})
    assert await world.tell("patrol", "later", group="c") == [("patrol", "FAILED", "gone", None)]
    assert len(sink.told) == 2


async def test_a_receiver_that_nobody_knows_is_told_of_as_such_also_where_it_was_known_before(sink):
    world = World(patrol=Receiver("patrol", sink))
    assert await world.tell("nobody") == [("nobody", "FAILED", "unknown_receiver", None)]
    left = Ledger(Ledger.empty(), "old")
    left.append(trigger("g"), "old", 7, AT, "")
    world.state.put(0, "g|old", left.value)
    assert await world.tick() == [("old", "FAILED", "unknown_receiver", None)]
    assert world.state.get(0, "g|old") is None


async def test_a_fallback_is_told_instead_and_has_none_of_its_own():
    first, second, third = Sink(Answer("client_error")), Sink(Answer("client_error")), Sink(OK)
    world = World(
        first=Receiver("first", first, fallback="second"),
        second=Receiver("second", second, fallback="third"),
        third=Receiver("third", third),
    )
    said = await world.tell("first")
    assert [row[:3] for row in said] == [("first", "FAILED", "client_error"), ("second", "FAILED", "client_error")]
    assert (second.told, third.told) == ([("one", 0)], [])


async def test_revisions_of_one_alert_go_one_after_the_other(sink):
    sink.held = asyncio.Event()
    world = World(patrol=Receiver("patrol", sink, concurrency=8))
    assert await world.tell("patrol", revision=0) == []
    assert await world.tell("patrol", revision=1) == []
    assert sink.told == [("one", 0)]
    sink.held.set()
    await asyncio.sleep(0.01)
    assert [row[1] for row in await world.tick()] == ["DELIVERED"]
    await asyncio.sleep(0.01)
    assert [row[1] for row in await world.tick()] == ["DELIVERED"]
    assert sink.told == [("one", 0), ("one", 1)]


async def test_a_ledger_that_somebody_else_emptied_meanwhile_is_read_anew(sink):
    sink.answers = [AWAY]
    world = World(patrol=Receiver("patrol", sink))
    await world.tell("patrol")
    world.state.delete(0, "g|patrol")  # by another worker that had the partition in between
    assert not world.dispatch.ledger(place_of(0, "g", "patrol")).waiting


async def test_no_more_of_an_unknown_receiver_is_taken_up_in_one_tick_than_of_a_known_one(sink, monkeypatch):
    monkeypatch.setattr("fairwatch.sinks.dispatch.TICK_LIMIT", 3)
    world = World(patrol=Receiver("patrol", sink))
    for number in range(10):
        left = Ledger(Ledger.empty(), "old")
        left.append(trigger(f"g{number}"), "old", 7, AT, "")
        world.state.put(0, f"g{number}|old", left.value)
    assert len(world.dispatch.due([0], AT)) == 3


async def test_what_nobody_took_is_a_dead_letter_that_says_where_it_lay_who_did_not_take_it_and_how_often():
    sink = Sink(AWAY, AWAY, Answer("client_error", status=400))
    world = World(patrol=Receiver("patrol", sink, backoff=SECOND, backoff_max=SECOND))
    alert = trigger("g", alert_id="one", revision=2, receivers=["patrol"])
    place = place_of(3, "g", "patrol")
    world.dispatch.ledger(place).append(alert, "patrol", 7, world.clock.now(), "")
    sent = await world.dispatch.send([place], {3: world.memory})
    for _ in range(3):
        world.clock.advance(seconds=1)
        due = world.dispatch.due([3], world.clock.now())
        sent += await world.dispatch.send(due, {3: world.memory})
    [letter] = [emit for _, emits in sent for emit in emits if emit.topic == "alerts-dlq"]
    said = {name: letter.record[name] for name in ("topic", "partition", "offset", "key", "processor", "reason", "at")}
    assert said == {
        "topic": "alerts",
        "partition": 3,
        "offset": 7,
        "key": b"g",
        "processor": "notify",
        "reason": "undeliverable",
        "at": world.clock.now() - SECOND,
    }
    assert letter.key == "g"
    assert letter.record["field"] == "receivers"
    assert letter.record["detail"] == "receiver 'patrol' did not take revision 2: client_error after 3 attempts"
    assert Codec().decode(letter.record["value"])[1]["revision"] == 2


async def test_what_has_no_place_in_its_schema_is_a_dead_letter_as_text():
    world = World(patrol=Receiver("patrol", Sink(Answer("client_error"))))
    place = place_of(0, "g", "patrol")
    world.dispatch.ledger(place).append(trigger("g", alert_id="one", started_at="yesterday"), "patrol", 7, AT, "")
    sent = await world.dispatch.send([place], {0: world.memory})
    [letter] = [emit.record for _, emits in sent for emit in emits if emit.topic == "alerts-dlq"]
    assert json.loads(letter["value"])["started_at"] == "yesterday"


async def test_a_receiver_is_asked_no_more_at_a_time_than_it_says():
    sink = Sink(OK)
    sink.held = asyncio.Event()
    world = World(patrol=Receiver("patrol", sink, concurrency=2))
    places = [place_of(0, f"g{number}", "patrol") for number in range(5)]
    for number, place in enumerate(places):
        world.dispatch.ledger(place).append(trigger(f"g{number}", alert_id=str(number)), "patrol", 7, AT, "")
    await world.dispatch.send(places, {0: world.memory})
    assert len(sink.told) == 2
    sink.held.set()
    for _ in range(9):
        await world.tick()
        await asyncio.sleep(0)
    assert len(sink.told) == 5


@pytest.mark.parametrize(("most", "tries"), [(1, 1), (3, 3)])
async def test_a_receiver_that_says_how_often_is_tried_that_often_and_given_up(most, tries):
    sink = Sink(AWAY)
    world = World(patrol=Receiver("patrol", sink, max_attempts=most, backoff=SECOND, backoff_max=SECOND))
    states = [state for _, state, _, _ in await world.tell("patrol")]
    for _ in range(9):
        states += [state for _, state, _, _ in await world.tick(1)]
    assert states == ["RETRYING"] * (tries - 1) + ["FAILED"]
    assert len(sink.told) == tries


@pytest.mark.parametrize(("seconds", "state"), [(59, "RETRYING"), (60, "FAILED")])
async def test_it_is_given_up_when_it_has_waited_for_as_long_as_its_receiver_says(seconds, state):
    sink = Sink(AWAY)
    world = World(patrol=Receiver("patrol", sink, give_up_after=60 * SECOND))
    await world.tell("patrol")
    world.dispatch.lanes["patrol"].put_right()
    ledger = world.dispatch.ledger(place_of(0, "g", "patrol"))
    ledger.postpone(AT + seconds * SECOND)
    world.dispatch.agenda.put(*place_of(0, "g", "patrol"), ledger.value)
    assert [row[1] for row in await world.tick(seconds)] == [state]


async def test_a_fallback_that_was_told_anyway_is_not_told_again():
    first, second = Sink(Answer("client_error")), Sink(OK)
    world = World(
        first=Receiver("first", first, fallback="second"),
        second=Receiver("second", second),
    )
    place = place_of(0, "g", "first")
    alert = trigger("g", alert_id="one", receivers=["first", "second"])
    world.dispatch.ledger(place).append(alert, "first", 7, world.clock.now(), "")
    await world.dispatch.send([place], {0: world.memory})
    assert second.told == [], "it stands among the receivers itself"
    for _ in range(2):  # driven again from the dead letters
        await world.tell("first", "two")
    assert second.told == [("two", 0)]


async def test_who_is_back_is_told_at_once_what_was_put_off_for_longer_than_it_was_away():
    sink = Sink(AWAY, AWAY, AWAY, OK)
    world = World(patrol=Receiver("patrol", sink))
    lane = world.dispatch.lanes["patrol"]

    def pause(name):
        alert = trigger("g", alert_id=name, revision=0, receivers=["patrol"])
        return lane.pause(3, delivery_id(alert, "patrol"), AWAY)

    name = next(name for name in map(str, range(99)) if pause(name) > lane.pause(3, "patrol", AWAY))
    await world.tell("patrol", name)
    for _ in range(2):
        await world.tick((world.dispatch.due_at() - world.clock.now()) / SECOND)
    world.clock.advance(seconds=(lane.opens_at - world.clock.now()) / SECOND)
    assert await world.tell("patrol", "new", group="h") == [("patrol", "DELIVERED", "ok", None)]
    assert await world.tick() == [("patrol", "DELIVERED", "ok", None)]
    assert [told for told, _ in sink.told] == [name, name, name, "new", name]


async def test_what_has_no_place_on_its_topic_yet_is_a_dead_letter_all_the_same():
    world = World(patrol=Receiver("patrol", Sink(Answer("client_error"))))
    letters = []
    for name in ("one", "two"):  # as `notify` in one worker with `group` takes them up
        place = place_of(0, name, "patrol")
        alert = trigger(name, alert_id=name, receivers=["patrol"])
        world.dispatch.ledger(place).append(alert, "patrol", -1, AT, "")
        sent = await world.dispatch.send([place], {0: world.memory})
        letters += [emit.record for _, emits in sent for emit in emits if emit.topic == "alerts-dlq"]
    assert [(letter["offset"], letter["reason"]) for letter in letters] == [(-1, "undeliverable")] * 2
    assert len({letter["dead_letter_id"] for letter in letters}) == 2
