"""Nobody waits for the answer of another receiver; nothing vanishes; who is back is told how things stand."""

import asyncio

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.processors.notify import Notify
from fairwatch.sinks.dispatch import WAIT_S
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.telemetry.metrics import REGISTRY
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, trigger
from tests.support.timeline import OK, ScriptedSink

SECOND, HOUR = 1_000_000, 3_600_000_000
AWAY = Answer("timeout", retryable=True)
BROKEN = Answer("server_error", retryable=True, status=500)


@pytest.fixture
def clock():
    return ManualClock(AT)


class HeldSink:
    """Answers when it is let go."""

    kind = "held"

    def __init__(self):
        self.asked, self.go = [], asyncio.Event()

    async def send(self, delivery_id, alert):
        self.asked.append((alert["alert_id"], alert["state"]))
        await self.go.wait()
        return OK

    async def close(self):
        pass


class Room:
    """A world of `notify` whose receivers have a sink each."""

    def __init__(self, clock, state=None, **receivers):
        self.state = state or MemoryState()
        self.receivers = receivers
        self.world = World(Notify(receivers, self.state, clock, Codec()), clock)
        self.said = []

    async def push(self, *alerts):
        answers = await self.world.push(
            *(self.world.event("alerts", "Alert", alert, key=alert["group"]) for alert in alerts)
        )
        self.said += answers
        return answers

    async def tick(self, seconds=0.0):
        emits = await self.world.tick(seconds)
        self.said.append(emits)
        return emits

    @property
    def outcomes(self):
        """(receiver, state, reason) of each delivery record."""
        return [(d["receiver"], d["state"], d["reason"]) for d in emitted(self.said, "deliveries")]


def alert(n=0, receivers=("quick",), **fields):
    return trigger(f"g{n}", n=n, receivers=list(receivers), **fields)


async def test_a_receiver_that_takes_its_time_keeps_nobody_waiting(clock):
    held, sink = HeldSink(), ScriptedSink(clock)
    room = Room(clock, slow=Receiver("slow", held, concurrency=2), quick=Receiver("quick", sink))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for first in range(0, 30, 10):
        await room.push(*(alert(n, ["slow", "quick"]) for n in range(first, first + 10)))
    assert loop.time() - began < 3 * WAIT_S, "once at most: then it is known to be slow"
    assert len(sink.taken) == 30
    assert len(held.asked) == 2, "as many at a time as it may be asked"
    held.go.set()
    await asyncio.sleep(0)
    for _ in range(20):
        await room.tick(0.5)
        await asyncio.sleep(0)
    assert [outcome for outcome in room.outcomes if outcome[0] == "slow"] == [("slow", "DELIVERED", "ok")] * 30
    assert len(set(held.asked)) == 30


async def test_what_is_answered_later_is_due_at_once(clock):
    held = HeldSink()
    room = Room(clock, quick=Receiver("quick", held))
    await room.push(alert())
    assert room.world.processor.due_at() is None, "nothing is due while the answer is out"
    held.go.set()
    await asyncio.sleep(0.01)
    assert room.world.processor.due_at() == clock.now()
    await room.tick()
    assert room.outcomes == [("quick", "DELIVERED", "ok")]
    assert [key for key, _ in room.state.items(0) if not key.startswith("\0")] == []


async def test_what_was_out_when_the_worker_died_is_sent_again_under_the_same_id(clock):
    held, state = HeldSink(), MemoryState()
    room = Room(clock, state, quick=Receiver("quick", held))
    await room.push(alert())
    sink = ScriptedSink(clock)
    again = Room(clock, state, quick=Receiver("quick", sink))
    await again.tick()
    assert len(sink.taken) == 1
    await room.world.processor.close()


async def test_the_next_life_of_a_group_does_not_overtake_the_last_one(clock):
    sink = ScriptedSink(clock, {(0, 5): AWAY})
    room = Room(clock, quick=Receiver("quick", sink))
    first, second = {"alert_id": "first"}, {"alert_id": "second"}
    await room.push(alert(**first), alert(**first, revision=1, state="ENDED"))
    await room.push(alert(**second))
    for _ in range(20):
        await room.tick(1)
    assert [(told["alert_id"], told["state"]) for _, _, told in sink.taken] == [("first", "ENDED"), ("second", "NEW")]


async def test_a_receiver_that_fails_is_asked_by_one_delivery_at_a_time_whatever_waits(clock):
    sink = ScriptedSink(clock, {(0, 60): BROKEN})
    room = Room(clock, quick=Receiver("quick", sink, concurrency=8))
    await room.push(*(alert(n) for n in range(1_000)))
    assert sink.tried == 8
    for _ in range(100):
        await room.tick(0.5)
    assert sink.tried <= 8 + 7, "pauses of 1, 2, 4, 8, 16 and 32 s"
    for _ in range(80):
        await room.tick(2)
    assert len(sink.taken) == 1_000


async def test_who_is_back_hears_of_the_extreme_first(clock):
    sink = ScriptedSink(clock, {(0, 5): AWAY})
    room = Room(clock, quick=Receiver("quick", sink, concurrency=1))
    await room.push(*(alert(n, severity="EXTREME" if n in (700, 900) else "MINOR") for n in range(1_000)))
    for _ in range(30):
        await room.tick(1)
    assert {told["alert_id"] for _, _, told in sink.taken[:3]} >= {alert(n)["alert_id"] for n in (700, 900)}
    assert len(sink.taken) == 1_000


async def test_what_was_tried_in_vain_does_not_come_last_when_an_outage_is_over(clock):
    sink = ScriptedSink(clock, {(0, 1_800): AWAY})
    room = Room(clock, quick=Receiver("quick", sink, concurrency=1))
    await room.push(*(alert(n, severity="EXTREME" if n > 95 else "MINOR") for n in range(100)))
    while not sink.taken:
        await room.tick(1)
    await room.tick()
    told = [one["severity"] for _, _, one in sink.taken]
    assert len(told) == 100, "all at once, and not each after a pause of its own"
    assert "EXTREME" not in told[5:]


async def test_what_is_extreme_does_not_lose_its_place_to_what_was_quicker(clock):
    class Taking(ScriptedSink):
        async def send(self, delivery_id, told):
            await asyncio.sleep(0)
            return await super().send(delivery_id, told)

    sink = Taking(clock, {(0, 5): AWAY})
    room = Room(clock, quick=Receiver("quick", sink, concurrency=8))
    alerts = [alert(n, severity="EXTREME" if n > 359 else "MINOR") for n in range(400)]
    await room.push(*alerts, *({**one, "revision": 1, "state": "UPDATED"} for one in alerts[360:]))
    while len(sink.taken) < 400:
        await room.tick(1)
    told = [one["severity"] for _, _, one in sink.taken]
    assert len(told) == 400, "of each alert the newest revision only"
    assert "EXTREME" not in told[40 + 8 + 2 :], "one probe and what was on its way beside it came before"
    assert {one["parameters"].get("skipped_revisions") for _, _, one in sink.taken if one["revision"]} == {"1"}


async def test_one_alert_that_is_always_refused_does_not_hold_up_the_others(clock):
    class Picky(ScriptedSink):
        async def send(self, delivery_id, told):
            if told["severity"] == "EXTREME":
                self.tried += 1
                return BROKEN
            return await super().send(delivery_id, told)

    sink = Picky(clock)
    room = Room(clock, quick=Receiver("quick", sink))
    await room.push(alert(0, severity="EXTREME"))
    for n in range(1, 121):
        await room.push(alert(n))
        await room.tick(10)
    assert len(sink.taken) >= 118
    assert sink.tried - len(sink.taken) < 25, "twenty minutes of pauses up to five minutes, and once more after each"


async def test_who_asks_for_time_gets_it_and_not_more_than_an_hour(clock):
    busy = Answer("rate_limited", retryable=True, status=429, retry_after=90 * SECOND)
    sink = ScriptedSink(clock, {(0, 1): busy})
    room = Room(clock, quick=Receiver("quick", sink))
    await room.push(alert())
    assert room.world.processor.due_at() == AT + 90 * SECOND
    sink = ScriptedSink(clock, {(0, 1): Answer("rate_limited", retryable=True, retry_after=900 * HOUR)})
    room = Room(clock, quick=Receiver("quick", sink))
    await room.push(alert())
    assert room.world.processor.due_at() == AT + HOUR


async def test_it_is_tried_for_days_then_the_fallback_is_told_and_it_is_a_dead_letter(clock):
    sink, other = ScriptedSink(clock, {(0, 10**9): AWAY}), ScriptedSink(clock)
    receivers = {
        "quick": Receiver("quick", sink, fallback="duty"),
        "duty": Receiver("duty", other),
    }
    room = Room(clock, **receivers)
    await room.push(alert())
    for _ in range(71 * 6):
        await room.tick(600)
    assert (other.taken, emitted(room.said, "alerts-dlq")) == ([], [])
    for _ in range(12):
        await room.tick(600)
    assert len(other.taken) == 1
    [letter] = emitted(room.said, "alerts-dlq")
    assert letter["reason"] == "undeliverable"
    assert room.outcomes[-2:] == [("quick", "FAILED", "timeout"), ("duty", "DELIVERED", "ok")]


async def test_a_fallback_that_is_away_too_is_no_circle(clock):
    sink = ScriptedSink(clock, {(0, 10**9): Answer("client_error", status=400)})
    room = Room(clock, quick=Receiver("quick", sink, fallback="duty"), duty=Receiver("duty", sink, fallback="quick"))
    await room.push(alert())
    assert [outcome[:2] for outcome in room.outcomes] == [("quick", "FAILED"), ("duty", "FAILED")]


async def test_who_says_that_it_is_gone_is_told_nothing_more_and_its_fallback_everything(clock):
    sink, other = ScriptedSink(clock, {(0, 10**9): Answer("gone", status=410)}), ScriptedSink(clock)
    room = Room(clock, quick=Receiver("quick", sink, fallback="duty", concurrency=1), duty=Receiver("duty", other))
    await room.push(*(alert(n) for n in range(20)))
    assert (sink.tried, len(other.taken)) == (1, 20)


async def test_a_receiver_hears_only_of_what_it_wants(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, quick=Receiver("quick", sink, send_resolved=False, min_severity="SEVERE"))
    await room.push(
        alert(1, severity="SEVERE"),
        alert(1, severity="SEVERE", revision=1, state="ENDED"),
        alert(2, severity="MODERATE"),
        alert(3, severity="EXTREME"),
    )
    assert [(told["severity"], told["state"]) for _, _, told in sink.taken] == [("SEVERE", "NEW"), ("EXTREME", "NEW")]


async def test_a_sink_of_ours_that_breaks_costs_an_attempt_and_nothing_else(clock):
    class Broken(ScriptedSink):
        async def send(self, delivery_id, alert):
            raise RuntimeError("no")

    quick = ScriptedSink(clock)
    room = Room(clock, odd=Receiver("odd", Broken(clock)), quick=Receiver("quick", quick))
    await room.push(alert(1, ["odd", "quick"]))
    assert ("odd", "RETRYING", "internal_error") in room.outcomes
    assert len(quick.taken) == 1


async def test_every_answer_is_counted_by_receiver(clock):
    def counted(outcome):
        labels = {"receiver": "counted", "outcome": outcome}
        return REGISTRY.get_sample_value("fairwatch_deliveries_total", labels) or 0

    before = counted("ok"), counted("timeout")
    room = Room(clock, counted=Receiver("counted", ScriptedSink(clock, {(0, 1): AWAY})))
    await room.push(alert(1, ["counted"]))
    waiting = {"receiver": "counted"}
    await room.tick()
    assert REGISTRY.get_sample_value("fairwatch_deliveries_waiting", waiting) == 1
    await room.tick(5)
    assert (counted("ok") - before[0], counted("timeout") - before[1]) == (1, 1)
    assert REGISTRY.get_sample_value("fairwatch_deliveries_waiting", waiting) == 0


async def test_a_backlog_of_thousands_is_worked_off_by_the_ticks(clock):
    sink = ScriptedSink(clock, {(0, 5): AWAY})
    room = Room(clock, quick=Receiver("quick", sink))
    await room.push(*(alert(n) for n in range(3_000)))
    clock.advance(seconds=6)
    loop = asyncio.get_running_loop()
    began = loop.time()
    while len(sink.taken) < 3_000:
        assert room.world.processor.due_at() in (None, clock.now()), "no pause while something may go"
        await room.tick()
        assert loop.time() - began < 60


async def test_what_a_batch_that_failed_had_taken_up_is_told_once_when_it_comes_again(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, quick=Receiver("quick", sink))
    before = room.state.snapshot()
    with pytest.raises(KeyError):
        await room.push(alert(1), {"receivers": ["quick"], "group": "odd"})
    room.state.restore(before)
    await room.push(alert(1))
    assert len(sink.taken) == 1


class ClosingSink(ScriptedSink):
    """Counts how often it is closed."""

    closed = 0

    async def close(self):
        self.closed += 1


async def test_who_stops_lets_go_of_every_receiver_and_of_what_is_under_way(clock):
    left = []

    class Hanging(ClosingSink):
        async def send(self, delivery_id, alert):
            try:
                await asyncio.Event().wait()
            finally:
                left.append(alert["alert_id"])

    sinks = {"quick": ClosingSink(clock), "other": ClosingSink(clock), "slow": Hanging(clock)}
    room = Room(clock, **{name: Receiver(name, sink) for name, sink in sinks.items()})
    await room.push(alert(receivers=sinks))
    await room.world.processor.close()
    await asyncio.sleep(0)
    assert [sink.closed for sink in sinks.values()] == [1, 1, 1]
    assert len(left) == 1, "nobody is asked any longer"
