"""Operators see at the console who is on call and who is called when nobody answers."""

from pathlib import Path

from fairwatch.apps.on_call import OnCallNow
from fairwatch.domain.clock import ManualClock
from tests.console.test_waiting_api import AT
from tests.policy.test_on_call import calendar, event
from tests.support.console_world import console_world

FILE = """
people: {ann: {receivers: [ann-phone]}, ben: {receivers: [ben-phone]}}
schedules: {guards: {calendar: guards.ics}}
policies:
  night:
    steps: [{after: 2m, tell: ["schedule:guards"]}, {after: 5m, tell: ["person:ben"]}]
    last_resort: [siren]
"""


async def test_operators_see_who_is_on_call_and_nobody_else_does(valkey: str, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    now = ManualClock(AT)
    async with console_world(valkey, tmp_path, clock=now, calls=OnCallNow(folder)) as world:
        olga = await world.caller("olga")
        assert (await olga.get("/api/oncall"))[1] == {"schedules": [], "policies": []}, "nothing escalates here"
        ann, ben = ("20251201", "20260103"), ("20260103", "20260104")
        shifts = [event(who, *(f":{day}T000000Z" for day in days)) for who, days in (("Ann", ann), ("Ben", ben))]
        calendar(folder, "guards.ics", *shifts)
        (folder / "escalations.yaml").write_text(FILE)
        world.clock.advance(seconds=11)
        _, said = await olga.get("/api/oncall")
        assert said["schedules"] == [{"name": "guards", "people": "ann", "until": "2026-01-03T00:00 UTC"}]
        assert [(step["after"], step["whom"]) for step in said["policies"]] == [
            ("0:02:00", "ann-phone"),
            ("0:05:00", "ben-phone"),
            ("0:15:00", "siren"),
        ]
        assert (await (await world.caller("ben")).get("/api/oncall"))[0] == 403


def test_a_file_that_is_wrong_from_the_beginning_is_said_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "escalations.yaml").write_text("policies: [")
    calls = OnCallNow(tmp_path)
    assert "escalations.yaml" in calls(AT)["error"]
    (tmp_path / "escalations.yaml").write_text("{}")
    assert calls(AT) == {"schedules": [], "policies": []}
