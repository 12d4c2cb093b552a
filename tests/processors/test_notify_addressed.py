"""A revision that is for some receivers goes to these; one for the console goes to none; who was told is told on."""

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Skip
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryState, World
from tests.support.records import AT, trigger
from tests.support.timeline import ScriptedSink


class Ways:
    """Two receivers, and what each was told."""

    def __init__(self) -> None:
        clock = ManualClock(AT)
        self.sinks = {name: ScriptedSink(clock) for name in ("control-room", "ann-phone")}
        receivers = {name: Receiver(name, sink) for name, sink in self.sinks.items()}
        self.world = World(Notify(receivers, MemoryState(), clock, Codec()), clock)

    async def push(self, revision: int, **fields):
        alert = trigger(revision=revision, **fields)
        [answer] = await self.world.push(self.world.event("alerts", "Alert", alert, key=alert["group"]))
        return answer

    def told(self) -> dict[str, list[int]]:
        return {name: [alert["revision"] for _, _, alert in sink.taken] for name, sink in self.sinks.items()}


async def test_step_of_an_escalation_goes_to_whom_it_is_for_and_its_end_to_all():
    ways, both = Ways(), ["control-room", "ann-phone"]
    await ways.push(0, receivers=["control-room"])
    await ways.push(1, state="UPDATED", receivers=both, addressed_to=["ann-phone"])
    await ways.push(2, state="UPDATED", receivers=both, acknowledged_by="ann")
    await ways.push(3, state="ENDED", receivers=both)
    assert ways.told() == {"control-room": [0, 2, 3], "ann-phone": [1, 2, 3]}


async def test_comment_goes_to_nobody_and_what_follows_to_everybody():
    ways = Ways()
    await ways.push(0, receivers=["control-room"])
    assert await ways.push(1, state="UPDATED", receivers=["control-room"], addressed_to=[]) == [Skip("for_the_console")]
    await ways.push(2, state="UPDATED", receivers=["control-room"], addressed_to=None)
    assert ways.told()["control-room"] == [0, 2]
