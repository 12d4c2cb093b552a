"""Random timelines of alerts, silences, restarts and receivers that are away: what is told is true, and in order."""

import random
from collections import defaultdict

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryReference, MemoryState, World
from tests.support.records import AT, trigger
from tests.support.timeline import ScriptedSink

GROUPS = ("a", "b", "c")
STEPS = 60


class Timeline:
    """One random run; `held` holds when which group was silenced: [from, to) in seconds."""

    def __init__(self, seed, *, away):
        self.random = random.Random(seed)
        self.clock = ManualClock(AT)
        script = {(first, first + 20): Answer("timeout", retryable=True) for first in (40, 150)} if away else {}
        self.sink = ScriptedSink(self.clock, script)
        self.state, self.silences = MemoryState(), MemoryReference()
        self.open, self.sent, self.ended = {}, defaultdict(int), set()
        self.held = defaultdict(list)
        self.lives = 0
        self.restart()

    def restart(self):
        receivers = {"control-room": Receiver("control-room", self.sink)}
        notify = Notify(receivers, self.state, self.clock, Codec(), silences=self.silences)
        self.world = World(notify, self.clock)

    @property
    def second(self):
        return (self.clock.now() - AT) / 1_000_000

    async def run(self):
        await self.world.tick()
        for _ in range(STEPS):
            await self.random.choice((self.begin, self.go_on, self.end, self.silence, self.expire, self.wait))()
            if self.random.random() < 0.1:
                self.restart()
                await self.world.tick()
            await self.world.tick(self.random.choice((0, 0.5, 1, 7)))
        for name in list(self.silences.records):
            self.let_go(name)
        for _ in range(60):
            await self.world.tick(10)

    async def tell(self, group, state):
        name = self.open[group]
        now, revision = self.clock.now(), self.sent[name]
        alert = trigger(group, alert_id=name, revision=revision, state=state, issued_at=now, received_at=now)
        self.sent[name] += 1
        await self.world.push(self.world.event("alerts", "Alert", alert, key=group))

    async def begin(self):
        group = self.random.choice(GROUPS)
        if group not in self.open:
            self.lives += 1
            self.open[group] = f"{group}-{self.lives}"
            await self.tell(group, "NEW")

    async def go_on(self):
        if self.open:
            await self.tell(self.random.choice(list(self.open)), "UPDATED")

    async def end(self):
        if self.open:
            group = self.random.choice(list(self.open))
            await self.tell(group, self.random.choice(("ENDED", "CANCELLED")))
            self.ended.add(self.open.pop(group))

    async def silence(self):
        group = self.random.choice(GROUPS)
        if group in self.silences.records:
            return
        seconds = self.random.choice((3, 20, 100))
        record = {
            "silence_id": group, "author": "bo", "role": "operator", "reason": "x", "matchers": [f'group="{group}"'],
            "starts_at": self.clock.now(), "expires_at": self.clock.now() + seconds * 1_000_000,
        }  # fmt: skip
        self.silences.put(group, record)
        self.held[group].append([self.second, self.second + seconds])
        await self.world.tick()

    async def expire(self):
        if self.silences.records:
            self.let_go(self.random.choice(list(self.silences.records)))
            await self.world.tick()

    def let_go(self, name):
        self.silences.remove(name)
        self.held[name][-1][1] = min(self.held[name][-1][1], self.second)

    async def wait(self):
        await self.world.tick(self.random.choice((5, 30)))


@pytest.mark.parametrize("away", [False, True], ids=["receiver there", "receiver away at times"])
@pytest.mark.parametrize("seed", range(8))
async def test_what_is_told_is_true_and_in_order(seed, away):
    timeline = Timeline(seed, away=away)
    await timeline.run()
    told = defaultdict(list)
    for second, _, alert in timeline.sink.taken:
        told[alert["alert_id"]].append((second, alert["revision"], alert["state"]))
    for name, last in timeline.sent.items():
        messages, over = told[name], name in timeline.ended
        revisions = [revision for _, revision, _ in messages]
        assert revisions == sorted(set(revisions)), "each once, in order"
        ends = [state for _, _, state in messages if state in ("ENDED", "CANCELLED")]
        assert len(ends) <= 1
        if not over:
            assert revisions[-1:] == [last - 1], "what burns is told as it stands, when nothing holds it any more"
        elif messages:
            assert messages[-1][2] in ("ENDED", "CANCELLED"), "who heard of a beginning heard of its end"
            if not away:
                assert len(messages) > 1, "nobody hears of an end alone"
        if not away:
            quiet = [span for span in timeline.held[name[0]] if span[0] < span[1]]
            loud = [second for second, _, state in messages if state in ("NEW", "UPDATED")]
            assert not [at for at in loud for first, until in quiet if first < at < until]
