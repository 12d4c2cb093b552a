"""What is written later, by a timer, still belongs to the traces that caused it."""

from datetime import timedelta

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.engine.encoding import Encoding
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.telemetry import tracing
from fairwatch.telemetry.tracing import TRACE
from fairwatch.wire.avro import Codec
from fairwatch.wire.topics import topics
from tests.support.collector import collecting
from tests.support.processor_world import PARTITION, MemoryState, World
from tests.support.records import AT, trigger
from tests.support.timeline import ScriptedSink

FIRST, SECOND, THIRD = (f"00-{letter * 32}-{letter * 16}-01".encode() for letter in "abc")
TEXTS = tuple(trace.decode() for trace in (FIRST, SECOND, THIRD))


def traced_event(topic: str, record, trace: bytes, offset: int) -> Event:
    return Event(topic, "Alert", record, record["group"], {TRACE: trace}, PARTITION, offset)


@pytest.fixture
def clock():
    return ManualClock(AT)


async def test_an_alert_that_waited_names_all_its_triggers_and_the_next_one_only_its_own(clock):
    rules = {"tamper": Options(group_wait=timedelta(seconds=3), group_interval=timedelta(seconds=5))}
    world = World(Group(rules, MemoryState(), clock), clock)
    await world.push(
        traced_event("alert-triggers", trigger(at=AT, n=0), FIRST, 0),
        traced_event("alert-triggers", trigger(at=AT + 1, n=1), SECOND, 1),
    )
    opened = await world.tick(4)
    await world.push(traced_event("alert-triggers", trigger(at=AT + 2, n=2), THIRD, 2))
    updated = await world.tick(6)
    assert [(emit.topic, emit.causes) for emit in opened] == [("alerts", TEXTS[:2]), ("audit", TEXTS[:2])]
    assert [(emit.topic, emit.causes) for emit in updated] == [("alerts", TEXTS[2:]), ("audit", TEXTS[2:])]


async def test_without_traces_the_state_says_nothing_of_them(clock):
    state = MemoryState()
    world = World(Group({}, state, clock), clock)
    await world.push(world.event("alert-triggers", "Alert", trigger()))
    assert "traces" not in str(state.partitions)


async def test_what_a_timer_writes_carries_a_context(clock):
    records = {name: topic.record for name, topic in topics().items()}
    encoding = Encoding(Group.spec, Codec(), records, "")
    encoding.begin(clock.now())
    with collecting() as collector:
        tracing.configure(collector.url, 1.0, component="group", version="1")
        output = encoding.timed_output(Emit("alerts", "g", trigger(), TEXTS))
        tracing.shut_down()
        [join] = collector.spans
    assert dict(output.headers)[TRACE].decode() == f"00-{join.trace_id}-{join.span_id}-01"
    assert (join.trace_id, join.links) == ("c" * 32, ("a" * 16, "b" * 16))


async def test_every_attempt_to_deliver_is_a_step_of_the_alerts_trace(clock):
    sink = ScriptedSink(clock, {(0, 2): Answer("unreachable", retryable=True)})
    world = World(Notify({"control-room": Receiver("control-room", sink)}, MemoryState(), clock, Codec()), clock)
    with collecting() as collector:
        tracing.configure(collector.url, 0.0, component="notify", version="1")
        await world.push(traced_event("alerts", trigger(revision=0), FIRST, 0))
        await world.tick(5)
        tracing.shut_down()
    assert [(span.name, span.parent_id, span.attributes["fairwatch.outcome"]) for span in collector.spans] == [
        ("notify deliver", "a" * 16, "unreachable"),
        ("notify deliver", "a" * 16, "ok"),
    ]
    names = ("fairwatch.sink", "fairwatch.status")
    said = [(span.kind, *(span.attributes[name] for name in names)) for span in collector.spans]
    assert said == [("SPAN_KIND_CLIENT", "scripted", "0"), ("SPAN_KIND_CLIENT", "scripted", "204")]
