"""Alerts that were open under an older version, which kept what was firing in the group itself, go on."""

from typing import Any

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.processors.group import Group
from tests.support.processor_world import PARTITION, MemoryState, World, emitted
from tests.support.records import AT, trigger

SECOND = 1_000_000
GROUP = "tamper:cam-1"
NEWER = ("stale_after", "tell_progress")


def _world(state: MemoryState, seconds: float = 0) -> World:
    clock = ManualClock(AT + round(seconds * SECOND))
    return World(Group({}, state, clock), clock)


async def _push(world: World, number: int, **fields: Any) -> list[dict[str, Any]]:
    said = trigger(n=number, at=world.clock.now(), group=GROUP, **fields)
    return emitted(await world.push(world.event("alert-triggers", "Alert", said, key=GROUP)), "alerts")


@pytest.fixture
async def kept() -> MemoryState:
    """Give what an older version kept of one alert that two devices had raised."""
    state = MemoryState()
    world = _world(state)
    for number, device in enumerate(("cam-1", "cam-2")):
        await _push(world, number, device_ids=[device])
    value = state.get(PARTITION, GROUP)
    assert value is not None
    kind = value["alert"]["event_type"]
    state.partitions.clear()
    older = {name: value[name] for name in ("alert", "told_at", "due", "ended")}
    older["timing"] = {name: value["timing"][name] for name in value["timing"] if name not in NEWER}
    older |= {"changed_at": AT, "seen": ["0e7d8a31-53b1-5c5"], "firing": [f"cam-1|{kind}", f"cam-2|{kind}"]}
    state.put(PARTITION, GROUP, older)
    return state


@pytest.mark.parametrize("ticks", [0, 3], ids=["at once", "after ticks"])
async def test_an_alert_that_was_open_ends_when_the_last_of_its_devices_has_ended(kept, ticks):
    world = _world(kept, seconds=1)
    for _ in range(ticks):
        await world.tick(0.5)
    assert [alert["state"] for alert in await _push(world, 2, device_ids=["cam-1"], state="ENDED")] == []
    assert await _push(world, 3, device_ids=["cam-2"], state="ENDED") == []
    told = [emit.record for _ in range(60) for emit in await world.tick(0.5) if emit.topic == "alerts"]
    assert [(alert["state"], alert["ended_at"]) for alert in told] == [("ENDED", AT + SECOND * (2 + ticks) // 2)]
    assert kept.get(PARTITION, GROUP) is None


async def test_an_alert_that_was_open_counts_on_and_is_not_ended_by_a_device_that_did_not_raise_it(kept):
    world = _world(kept, seconds=1)
    assert await _push(world, 2, device_ids=["cam-3"], state="ENDED") == []
    await _push(world, 3, device_ids=["cam-1"])
    told = [emit.record for _ in range(120) for emit in await world.tick(0.5) if emit.topic == "alerts"]
    assert [(alert["state"], alert["count"]) for alert in told[:1]] == [("UPDATED", 3)]


async def test_what_an_older_version_kept_of_an_alert_that_is_over_is_forgotten(kept):
    kept.put(PARTITION, GROUP, {"alert": None, "seen": ["0e7d8a31-53b1-5c5"], "over_at": AT + 3600 * SECOND})
    world = _world(kept, seconds=1)
    assert await world.tick(0.5) == []
    assert kept.get(PARTITION, GROUP) is None


async def test_a_group_begins_anew_over_what_an_older_version_kept_of_it(kept):
    kept.put(PARTITION, GROUP, {"alert": None, "seen": ["0e7d8a31-53b1-5c5"], "over_at": AT + 3600 * SECOND})
    world = _world(kept, seconds=1)
    assert [alert["state"] for alert in await _push(world, 2)] == ["NEW"]
    assert "seen" not in (kept.get(PARTITION, GROUP) or {})
