"""Somebody hears of a receiver that takes nothing, and somebody else when nothing is delivered at all."""

import asyncio

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.processors.group import Group
from fairwatch.processors.notify import Notify
from fairwatch.sinks.heartbeat import Progress
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.watch import Watch
from fairwatch.telemetry.metrics import LAG, REGISTRY, lag
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, trigger
from tests.support.timeline import OK, ScriptedSink

AWAY = Answer("timeout", retryable=True)
GONE = Answer("gone", status=410)
MINUTE = 60


@pytest.fixture
def clock():
    return ManualClock(AT)


class Watched:
    """`notify` with a receiver, an operator and somebody who hears the heartbeat."""

    def __init__(self, clock, sink, state=None, lag=lambda _: 0, **watch):
        self.clock, self.watcher, self.operator = clock, ScriptedSink(clock), ScriptedSink(clock)
        self.state = state or MemoryState()
        receivers = {
            "room": Receiver("room", sink),
            "duty": Receiver("duty", self.operator),
            "watch": Receiver("watch", self.watcher),
        }
        watch = {"operators": ("duty", "room"), **watch}
        notify = Notify(receivers, self.state, clock, Codec(), watch=Watch(**watch), lag=lag)
        self.world = World(notify, clock)
        self.said = []

    async def push(self, *alerts):
        self.said += await self.world.push(*(self.world.event("alerts", "Alert", one, one["group"]) for one in alerts))

    async def passes(self, seconds, step=10):
        for _ in range(int(seconds / step)):
            self.said.append(await self.world.tick(step))
            await asyncio.sleep(0)

    @property
    def troubles(self):
        return emitted(self.said, "alert-triggers")

    @property
    def beats(self):
        return [second for second, _, _ in self.watcher.taken]


def alert(n=0, receivers=("room",)):
    return trigger(f"g{n}", n=n, receivers=list(receivers))


async def test_operators_hear_once_a_minute_of_a_receiver_for_which_alerts_wait_too_long(clock):
    hub = Watched(clock, ScriptedSink(clock, {(0, 10**9): AWAY}))
    await hub.push(*(alert(n) for n in range(50)))
    await hub.passes(4 * MINUTE)
    assert hub.troubles == [], "five minutes are not over"
    await hub.passes(16 * MINUTE)
    first, *more = hub.troubles
    assert 2 <= len(more) <= 16
    assert (first["title"], first["receivers"]) == ("Receiver room takes no alerts", ["duty"])
    assert first["parameters"] == {"receiver": "room", "reason": "timeout"}
    assert (first["state"], first["severity"], first["urgency"]) == ("NEW", "SEVERE", "IMMEDIATE")
    assert first["description"] == "room answers timeout. Alerts wait for it."
    assert len({told["alert_id"] for told in hub.troubles}) == len(hub.troubles)


async def test_operators_hear_at_once_of_a_receiver_that_is_gone_and_of_one_that_nobody_configured(clock):
    hub = Watched(clock, ScriptedSink(clock, {(0, 10**9): GONE}))
    await hub.push(alert(1), alert(2), alert(3, ["nobody"]))
    await hub.passes(1, step=0.5)  # a machine that is busy takes the answers in later
    told = {one["parameters"]["reason"]: one for one in hub.troubles}
    assert (set(told), len(hub.troubles)) == ({"gone", "unknown_receiver"}, 2)
    assert "will not be back (410)" in told["gone"]["description"]
    assert "went to its fallback and the dead letters" in told["gone"]["description"]
    assert told["unknown_receiver"]["receivers"] == ["duty", "room"], "it is neither of them that is in trouble"


async def test_a_trouble_becomes_one_alert_of_operators_that_ends_by_itself(clock):
    hub = Watched(clock, ScriptedSink(clock, {(0, 10**9): AWAY}))
    group = World(Group({}, MemoryState(), clock), clock)
    await hub.push(alert())
    alerts = []
    for minute in range(45):
        before = len(hub.troubles)
        if minute < 20:
            await hub.passes(MINUTE)
        else:
            clock.advance(seconds=MINUTE)
        new = [group.event("alert-triggers", "Alert", one, one["group"]) for one in hub.troubles[before:]]
        alerts += emitted([*await group.push(*new), await group.tick()], "alerts")
    assert [(one["state"], one["receivers"]) for one in (alerts[0], alerts[-1])] == [
        ("NEW", ["duty"]),
        ("ENDED", ["duty"]),
    ]
    assert len({one["alert_id"] for one in alerts}) == 1
    await hub.push(alerts[0])
    assert [told["title"] for _, _, told in hub.operator.taken] == ["Receiver room takes no alerts"]


async def test_a_sign_of_life_is_sent_in_each_interval_also_by_the_next_worker(clock):
    hub = Watched(clock, ScriptedSink(clock), heartbeat="watch")
    await hub.passes(5 * MINUTE)
    assert len(hub.beats) == 5
    _, _, told = hub.watcher.taken[0]
    assert (told["state"], told["exercise"]) == ("ENDED", True), "it opens nothing, wherever it arrives"
    again = Watched(clock, ScriptedSink(clock), hub.state, heartbeat="watch")
    await again.passes(0.5, step=0.5)
    assert again.beats == [], "the last one was sent this minute"
    await again.passes(2 * MINUTE)
    assert [told["revision"] for _, _, told in again.watcher.taken] == [6, 7]
    await again.world.processor.close()


async def test_it_is_sent_by_one_worker_of_many(clock):
    hub = Watched(clock, ScriptedSink(clock), heartbeat="watch")
    clock.advance(seconds=MINUTE)
    await hub.world.processor.tick([1, 2])
    await asyncio.sleep(0)
    assert hub.beats == []
    assert hub.world.processor.due_at() is None


async def test_a_receiver_in_trouble_does_not_stop_it(clock):
    hub = Watched(clock, ScriptedSink(clock, {(0, 10**9): AWAY}), heartbeat="watch")
    await hub.push(*(alert(n) for n in range(50)))
    await hub.passes(20 * MINUTE)
    assert len(hub.beats) == 20


async def test_it_stays_away_while_events_wait_and_none_is_handled(clock):
    waiting = [0]
    hub = Watched(clock, ScriptedSink(clock), heartbeat="watch", lag=lambda _: waiting[0])
    await hub.passes(2 * MINUTE)
    waiting[0] = 5
    await hub.passes(10 * MINUTE)
    assert len(hub.beats) <= 2 + 3
    before = len(hub.beats)
    await hub.push(alert())
    await hub.passes(2 * MINUTE)
    assert len(hub.beats) > before, "five wait, but one was handled"
    labels = {"receiver": "watch", "outcome": "no_progress"}
    assert REGISTRY.get_sample_value("fairwatch_deliveries_total", labels) >= 5


async def test_it_stays_away_while_one_batch_fails_again_and_again(clock):
    hub = Watched(clock, ScriptedSink(clock), heartbeat="watch")
    await hub.passes(MINUTE)
    bad = hub.world.event("alerts", "Alert", {"receivers": ["room"], "group": "odd"}, "odd")
    for _ in range(30):
        with pytest.raises(KeyError):
            await hub.world.processor.handle([bad])
        await hub.passes(20)
    assert len(hub.beats) <= 1 + 4
    await hub.push(alert())
    before = len(hub.beats)
    await hub.passes(2 * MINUTE)
    assert len(hub.beats) > before


async def test_it_stays_away_while_deliveries_are_on_their_way_and_nothing_is_answered(clock):
    class Never(ScriptedSink):
        async def send(self, delivery_id, told):
            await asyncio.Event().wait()
            return OK

    hub = Watched(clock, Never(clock), heartbeat="watch")
    await hub.push(*(alert(n) for n in range(4)))
    await hub.passes(10 * MINUTE)
    assert len(hub.beats) <= 3
    await hub.world.processor.close()


async def test_one_that_is_not_taken_is_not_sent_again_and_stops_nothing(clock):
    class Broken(ScriptedSink):
        async def send(self, delivery_id, told):
            self.tried += 1
            raise RuntimeError("no")

    hub = Watched(clock, ScriptedSink(clock), heartbeat="watch")
    broken = Broken(clock)
    object.__setattr__(hub.world.processor._heartbeat._receiver, "sink", broken)
    await hub.passes(3 * MINUTE)
    assert broken.tried == 3
    await hub.push(alert())
    assert emitted(hub.said, "deliveries")[-1]["state"] == "DELIVERED"


def test_work_stands_still_when_nothing_was_done_for_as_long_as_the_limit_and_there_was_something_to_do():
    progress = Progress(limit=100)
    asked = [
        (0, (True, 1), []),
        (99, (True, 1), []),
        (100, (True, 1), ["events"]),
        (150, (True, 2), []),  # something was done
        (249, (True, 2), []),
        (250, (True, 2), ["events"]),
        (260, (False, 2), []),  # nothing is left to do
        (359, (True, 2), []),
        (360, (True, 2), ["events"]),
        (10, (True, 2), []),  # by a clock that was put right
        (110, (True, 2), ["events"]),
    ]
    for now, work, stuck in asked:
        assert progress.stuck({"events": work, "idle": (False, 0)}, now) == stuck, now


def test_what_waits_on_the_topic_is_counted_for_the_partitions_that_are_ours():
    for partition, waiting in (("0", 3), ("1", 4), ("2", 5)):
        LAG.labels("lagging", "alerts", partition).set(waiting)
    assert (lag("lagging", [0, 2]), lag("lagging", []), lag("nobody", [0])) == (8, 0, 0)
