"""An alert names the newest hundred of its causes; all of them are found in the triggers of its group."""

from datetime import timedelta

from fairwatch.apps.backtest.state import QuickState
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.ids import stable_id
from fairwatch.policy.alert_causes import causes_of
from fairwatch.policy.routing import Options
from fairwatch.policy.told_causes import CAUSE_LIMIT
from fairwatch.processors.group import Group
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, trigger

GROUP = "tamper|harbour"


class Yard:
    """A group, what was raised of it, and its alerts."""

    def __init__(self) -> None:
        self.clock, self.raised, self.alerts = ManualClock(AT), [], []
        self.world = World(
            Group({"tamper": Options(group_interval=timedelta(0))}, MemoryState(), self.clock), self.clock
        )

    async def see(self, device: str, state: str = "NEW", kind: str = "CONDITION", **fields) -> None:
        n, at = len(self.raised), self.clock.now()
        cause = {"cause_id": device, "kind": kind, "state": "FIRING", "device_id": device,
                 "event_type": "tamper.covered", "started_at": at, "updated_at": at}  # fmt: skip
        said = trigger(GROUP, n=n, at=at, state=state, device_ids=[device], causes=[cause], **fields)
        self.raised.append(said)
        self.alerts += emitted(await self.world.push(self.world.event("alert-triggers", "Alert", said)), "alerts")
        self.clock.advance(seconds=1)

    def causes(self, alert: dict | None = None) -> list[dict]:
        twice = [one for said in self.raised for one in (said, said)]
        return causes_of(alert or self.alerts[-1], twice, QuickState())


async def test_of_a_hundred_and_fifty_devices_each_is_found_with_its_state_and_times():
    yard = Yard()
    for n in range(150):
        await yard.see(f"cam-{n}")
    assert {one["state"] for one in yard.causes()} == {"FIRING"}, "also of those that the alert does not name"
    await yard.see("cam-7")
    for n in range(20, 140):
        await yard.see(f"cam-{n}", "ENDED")
    found = {one["device_id"]: one for one in yard.causes()}
    assert len(found) == 150
    assert max(len(alert["causes"]) for alert in yard.alerts) == 100
    firing = {device for device, one in found.items() if one["state"] == "FIRING"}
    assert firing == {f"cam-{n}" for n in (*range(20), *range(140, 150))}
    assert yard.alerts[-1]["firing"] == len(firing)
    again = found["cam-7"]
    assert (again["times"], again["started_at"], again["updated_at"]) == (2, AT + 7_000_000, AT + 150_000_000)
    last = [one["updated_at"] for one in yard.causes()]
    assert last == sorted(last, reverse=True)


async def test_the_next_alert_of_the_group_is_another_one():
    yard = Yard()
    await yard.see("cam-1")
    await yard.see("cam-1", "ENDED")
    first = yard.alerts[-1]
    await yard.see("cam-2")
    assert [one["device_id"] for one in yard.causes(first)] == ["cam-1"]
    assert [(one["device_id"], one["state"]) for one in yard.causes()] == [("cam-2", "FIRING")]


async def test_what_was_revoked_is_not_among_them():
    yard = Yard()
    await yard.see("cam-1", candidate_id="c-1")
    await yard.see("cam-2", candidate_id="c-2")
    await yard.see("cam-1", "CANCELLED", candidate_id="c-1")
    assert [one["device_id"] for one in yard.causes()] == ["cam-2"]


async def test_what_began_before_its_topic_holds_it_is_what_the_alert_says():
    yard = Yard()
    await yard.see("cam-1")
    await yard.see("cam-2")
    yard.raised = yard.raised[1:]
    assert {one["device_id"] for one in yard.causes()} == {"cam-1", "cam-2"}


async def test_what_the_alert_names_and_no_trigger_tells_is_left_out_where_its_beginning_is_known():
    yard = Yard()
    await yard.see("cam-1")
    await yard.see("cam-2")
    yard.raised = yard.raised[:1]
    assert [(one["device_id"], one["state"]) for one in yard.causes()] == [("cam-1", "FIRING")]


async def test_a_moment_that_aged_out_holds_no_more():
    yard = Yard()
    await yard.see("cam-1", kind="MOMENT")
    await yard.see("cam-2")
    yard.clock.advance(seconds=900)
    await yard.see("cam-3")
    assert {one["device_id"]: one["state"] for one in yard.causes()} == {
        "cam-1": "ENDED",
        "cam-2": "FIRING",
        "cam-3": "FIRING",
    }
    await yard.see("cam-4")
    assert "cam-1" not in {one["device_id"] for one in yard.alerts[-1]["causes"]}
    assert {one["device_id"] for one in yard.causes() if one["state"] == "FIRING"} == {"cam-2", "cam-3", "cam-4"}


def test_a_cause_that_ended_says_when_also_where_more_hold_than_the_alert_names():
    devices = [f"cam-{n}" for n in range(CAUSE_LIMIT + 2)]

    def raised(number: int, device: str, state: str) -> dict:
        return trigger(GROUP, n=number, at=AT + number, state=state, device_ids=[device],
                       causes=[{"cause_id": device, "kind": "CONDITION", "device_id": device}])  # fmt: skip

    triggers = [*(raised(n, device, "NEW") for n, device in enumerate(devices)), raised(500, "cam-0", "ENDED")]
    alert = {"group": GROUP, "alert_id": stable_id("alert", GROUP, triggers[0]["alert_id"]), "state": "UPDATED",
             "updated_at": AT + 500, "firing": CAUSE_LIMIT + 1, "causes": []}  # fmt: skip
    found = causes_of(alert, triggers, QuickState())
    assert [(one["device_id"], one["started_at"], one["updated_at"]) for one in found if one["state"] == "ENDED"] == [
        ("cam-0", AT, AT + 500)
    ]
    assert len(found) == len(devices)
