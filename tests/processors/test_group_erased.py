"""Of an alert that was erased `group` keeps and tells nothing any more, and lets go what it inhibits."""

from datetime import timedelta

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, trigger

RULE = Options(group_wait=timedelta(0), group_interval=timedelta(seconds=1), resolve_after=timedelta(hours=1))
QUIET = Quiet.model_validate({"inhibit": [{"name": "lost", "source": ['rule="tamper"']}]})


def receipt(**named: list[str]) -> dict[str, object]:
    return {"receipt_id": "r", "candidates": [], "alerts": [], "pictures_only": False, **named}


@pytest.mark.parametrize("by", ["alerts", "candidates"])
async def test_an_alert_that_was_erased_is_told_no_more_and_is_kept_nowhere(by: str) -> None:
    clock, state, erasures = ManualClock(AT), MemoryState(), MemoryReference()
    world = World(Group({"tamper": RULE}, state, clock, quiet=QUIET, erasures=erasures), clock)
    seen = trigger(title="A missing child", candidate_id="candidate-1", entry_id="entry-1")
    answers = await world.push(world.event("alert-triggers", "Alert", seen))
    [told], [inhibits] = emitted(answers, "alerts"), emitted(answers, "inhibitions")
    assert await world.tick(1) == []
    erasures.put("r", receipt(**{by: [told["alert_id"] if by == "alerts" else "candidate-1"]}))
    assert [(emit.topic, emit.key, emit.record) for emit in await world.tick(1)] == [
        ("inhibitions", inhibits["silence_id"], None)
    ]
    assert "missing child" not in str(state.partitions)
    assert await world.tick(7200) == [], "no end is told"
    again = World(Group({"tamper": RULE}, state, clock, erasures=erasures), clock)
    assert emitted(await again.push(again.event("alert-triggers", "Alert", {**seen, "state": "ENDED"})), "alerts") == []


async def test_others_are_told_as_before() -> None:
    clock, erasures = ManualClock(AT), MemoryReference({"r": receipt(alerts=["another"])})
    world = World(Group({"tamper": RULE}, MemoryState(), clock, erasures=erasures), clock)
    await world.push(world.event("alert-triggers", "Alert", trigger()))
    [ended] = [emit.record for emit in await world.tick(7200) if emit.topic == "alerts"]
    assert ended["state"] == "ENDED"
