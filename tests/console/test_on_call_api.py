"""Operators see at the console who is on call and who is called when nobody answers."""

from pathlib import Path

from fairwatch.apps.on_call import OnCallNow
from fairwatch.domain.clock import ManualClock
from tests.console.test_waiting_api import AT
from tests.policy.test_on_call import calendar, event
from tests.support.console_world import console_world
from tests.support.records import trigger

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


RECEIVERS = """
receivers:
  - {name: ann-phone, email: {to: [ann@example.org], sender: hub@example.org, host: mail.example.org}}
  - {name: siren, mqtt: {url: "mqtts://broker.example.org", topic: siren}}
"""


async def test_an_alert_says_who_is_called_next_by_which_way_and_when(valkey: str, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    shifts = event("Ann", ":20251201T000000Z", ":20270103T000000Z")
    calendar(folder, "guards.ics", shifts)
    (folder / "escalations.yaml").write_text(FILE)
    (folder / "receivers.yaml").write_text(RECEIVERS)
    comes = {"policy": "night", "state": "DUE", "step": 1, "due_at": AT + 250_000_000}
    async with console_world(valkey, tmp_path, clock=ManualClock(AT), calls=OnCallNow(folder)) as world:
        alerts = {
            state: trigger(n=n, at=AT, escalation={**comes, **more})
            for n, (state, more) in enumerate(
                {
                    "first": {},
                    "last": {"step": 3},
                    "held": {"state": "HELD", "due_at": None},
                    "answered": {"state": "ANSWERED"},
                }.items()
            )
        } | {"none": trigger(n=9, at=AT)}
        for alert in alerts.values():
            await world.fold("alerts", alert)
        world.clock.advance(seconds=10)
        olga = await world.caller("olga")

        async def told(state: str, who=olga) -> dict:
            return (await who.get(f"/api/alerts/{alerts[state]['alert_id']}"))[1]["next_call"]

        assert await told("first") == {
            "policy": "night", "state": "DUE", "step": 1, "at": AT + 250_000_000, "in_s": 240,
            "whom": [{"person": "ann", "name": "Ann Bauer", "receiver": "ann-phone", "way": "email"}],
        }  # fmt: skip
        assert [(one["receiver"], one["way"]) for one in (await told("last"))["whom"]] == [("siren", "mqtt")]
        held, answered = await told("held"), await told("answered")
        assert (held["state"], held["in_s"], held["whom"]) == ("HELD", None, [])
        assert (answered["state"], answered["in_s"], answered["whom"]) == ("ANSWERED", 240, [])
        assert await told("none") is None
        assert (await told("first", await world.caller("ben")))["whom"] == [], "who may not answer sees no names"


def test_a_file_that_is_wrong_from_the_beginning_is_said_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "escalations.yaml").write_text("policies: [")
    calls = OnCallNow(tmp_path)
    assert "escalations.yaml" in calls(AT)["error"]
    (tmp_path / "escalations.yaml").write_text("{}")
    assert calls(AT) == {"schedules": [], "policies": []}
