"""Random timelines with a fallback, storms, refusals and alerts that grow worse: each told, in order, to its end."""

from collections import defaultdict

import pytest

from fairwatch.domain.outcome import Emit
from fairwatch.policy.alert_content import SEVERITIES
from fairwatch.policy.quiet import Quiet
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.wire.avro import Codec
from tests.processors.test_notify_quiet_timelines import Timeline
from tests.support.processor_world import World
from tests.support.records import trigger
from tests.support.timeline import ScriptedSink

QUIET = Quiet.model_validate({"storm": [{"per": ["receiver"], "most": 3, "within": "20s"}]})
AWAY, NO = Answer("timeout", retryable=True), Answer("client_error", status=400)
OVER = ("ENDED", "CANCELLED")


class Worse(Timeline):
    """`room` is away or refuses at times and `duty` hears what it does not take; `boss` hears of what is severe."""

    def __init__(self, seed):
        self.severity, self.said = {}, []
        super().__init__(seed, away=False)

    def restart(self):
        if not hasattr(self, "sinks"):
            script = {(first, first + 15): self.random.choice((AWAY, NO)) for first in (10, 60, 120, 180)}
            self.sinks = {name: ScriptedSink(self.clock) for name in ("duty", "boss")}
            self.sinks["room"] = ScriptedSink(self.clock, script)
        options = {"room": {"fallback": "duty", "give_up_after": 8_000_000}, "boss": {"min_severity": "SEVERE"}}
        receivers = {name: Receiver(name, sink, **options.get(name, {})) for name, sink in self.sinks.items()}
        notify = Notify(receivers, self.state, self.clock, Codec(), silences=self.silences, quiet=QUIET)
        self.world = Noting(notify, self.clock, self.said)

    async def tell(self, group, state):
        name = self.open[group]
        rank = max(self.severity.get(name, 0), 0 if state in OVER else self.random.choice((0, 0, 0, 3)))
        self.severity[name] = rank
        now, revision = self.clock.now(), self.sent[name]
        alert = trigger(
            group, alert_id=name, revision=revision, state=state, issued_at=now, received_at=now,
            severity=SEVERITIES[rank], receivers=["room", "boss"],
        )  # fmt: skip
        self.sent[name] += 1
        await self.world.push(self.world.event("alerts", "Alert", alert, key=group))


class Noting(World):
    """Keeps what is said."""

    def __init__(self, processor, clock, said):
        super().__init__(processor, clock)
        self.noted = said

    async def push(self, *events):
        answers = await super().push(*events)
        self.noted += [one for outcomes in answers for one in outcomes]
        return answers

    async def tick(self, seconds=0.0):
        outcomes = await super().tick(seconds)
        self.noted += outcomes
        return outcomes


@pytest.mark.parametrize("seed", range(12))
async def test_each_hears_in_order_and_to_the_end_of_what_it_heard_the_beginning_of(seed):
    timeline = Worse(seed)
    await timeline.run()
    emitted = [one for one in timeline.said if isinstance(one, Emit)]
    deliveries = [one.record for one in emitted if one.topic == "deliveries"]
    failed = [one for one in deliveries if one["state"] == "FAILED"]
    assert len(failed) == sum(one.topic == "alerts-dlq" for one in emitted), "what nobody took is a dead letter"
    collected = {(one["receiver"], one["alert_id"]) for one in deliveries if one["reason"] == "storm"}
    gone = {(one["receiver"], one["alert_id"]) for one in failed}
    for name, sink in timeline.sinks.items():
        told = defaultdict(list)
        for _, _, alert in sink.taken:
            if alert["rule"] != "storm-control":
                told[alert["alert_id"]].append((alert["revision"], alert["state"]))
        for alert_id, messages in told.items():
            revisions, states = [revision for revision, _ in messages], [state for _, state in messages]
            assert revisions == sorted(set(revisions)), (name, alert_id, messages)
            assert sum(state in OVER for state in states) <= 1
            if alert_id in timeline.ended and (name, alert_id) not in gone:
                assert states[-1] in OVER, f"{name} heard of no end: {alert_id} {messages}"
            if states[0] in OVER and name == "boss":
                assert (name, alert_id) in collected or len(states) > 1, f"{name} heard of an end alone: {alert_id}"
