"""When nobody answers, others are told, one step after another; an answer or an end stops it, a restart does not."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from fairwatch.domain.clock import ManualClock
from fairwatch.policy.deeds import make
from fairwatch.policy.escalations import Escalations
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from tests.policy.test_on_call import calendar, event
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, trigger

MINUTE = 60
DOOR = {"cause_id": "door", "kind": "CONDITION", "state": "FIRING", "device_id": "cam-1",
        "event_type": "io.input", "started_at": AT, "updated_at": AT}  # fmt: skip
NIGHT = {
    "steps": [{"after": "5m", "tell": ["person:ann"]}, {"after": "10m", "tell": ["person:ben"]}],
    "last_resort": ["siren"],
    "last_resort_after": "15m",
}
PEOPLE = {"ann": {"receivers": ["ann-phone"]}, "ben": {"receivers": ["ben-phone"]}}


class Watchroom:
    """One group whose rule escalates; the clock moves by minutes, and each is looked at."""

    def __init__(self, folder: Path, at: int = AT, **content) -> None:
        given = {"people": PEOPLE, "policies": {"night": NIGHT}, **content}
        (folder / "escalations.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
        self.folder, self.clock, self.state, self.silences = folder, ManualClock(at), MemoryState(), MemoryReference()
        self.said: list[tuple[int, dict | None]] = []
        self.restart()

    def restart(self) -> None:
        """Start anew with what was saved and with the file as it is."""
        rules = {"tamper": Options(escalation="night", group_interval=timedelta(0))}
        escalations = Escalations.read(self.folder / "escalations.yaml")
        group = Group(rules, self.state, self.clock, escalations=escalations, silences=self.silences)
        self.world = World(group, self.clock)

    async def raised(self, n: int = 0, **fields) -> dict:
        record = trigger(n=n, at=self.clock.now(), causes=[DOOR], **fields)
        return emitted(await self.world.push(self.world.event("alert-triggers", "Alert", record)), "alerts")[-1]

    async def deed(self, alert: dict, action: str, actor: str = "ann", **more) -> list[dict]:
        record = make(alert, action, actor, "operator", self.clock.now(), **more)
        return emitted(await self.world.push(self.world.event("alert-actions", "AlertAction", record)), "alerts")

    async def missed(self, alert: dict, receiver: str, reason: str = "gone") -> list[list]:
        """Let a receiver not take a revision, for good."""
        lost = {"delivery_id": f"{receiver} {alert['revision']}", "alert_id": alert["alert_id"],
                "revision": alert["revision"], "receiver": receiver, "sink": "email", "attempt": 1, "state": "FAILED",
                "at": self.clock.now(), "reason": reason, "received_at": AT, "group": alert["group"]}  # fmt: skip
        return await self.world.push(self.world.event("step-failures", "Delivery", lost))

    async def minutes(self, count: int) -> list[tuple[int, list[str]]]:
        """Let time pass; return who was told aside, and at which minute. `said` is what alerts say comes."""
        told = []
        for _ in range(count):
            alerts = emitted([await self.world.tick(MINUTE)], "alerts")
            at = (self.clock.now() - AT) // 60_000_000
            told += [(at, alert["addressed_to"]) for alert in alerts if alert["addressed_to"] != []]
            self.said += [(at, alert.get("escalation")) for alert in alerts]
        return told


async def test_steps_come_at_their_times_to_those_they_are_for(tmp_path):
    room = Watchroom(tmp_path)
    first = await room.raised()
    assert (first["receivers"], first.get("addressed_to")) == (["control-room"], None)
    assert await room.minutes(60) == [(5, ["ann-phone"]), (10, ["ben-phone"]), (15, ["siren"])]


async def test_each_word_says_how_many_steps_were_taken(tmp_path):
    room = Watchroom(tmp_path)
    await room.raised()
    told = [alert for _ in range(15) for alert in emitted([await room.world.tick(MINUTE)], "alerts")]
    assert [alert["escalation_step"] for alert in told] == [1, 2, 3]


@pytest.mark.parametrize("action", ["ACKNOWLEDGE", "CLAIM"])
async def test_answer_stops_every_pending_step_at_once(tmp_path, action):
    room = Watchroom(tmp_path)
    alert = await room.raised()
    assert await room.minutes(6) == [(5, ["ann-phone"])]
    [told] = await room.deed(alert, action)
    assert told["receivers"] == ["control-room", "ann-phone"], "who was told is told that somebody has answered"
    assert told["addressed_to"] is None
    assert await room.minutes(60) == []


async def test_comment_is_no_answer(tmp_path):
    room = Watchroom(tmp_path)
    await room.deed(await room.raised(), "COMMENT", note="It rains.")
    assert len(await room.minutes(60)) == 3


async def test_end_stops_it_and_a_late_answer_changes_nothing(tmp_path):
    room = Watchroom(tmp_path)
    alert = await room.raised()
    await room.minutes(6)
    ended = trigger(n=1, at=room.clock.now(), state="ENDED", causes=[{**DOOR, "state": "ENDED"}])
    [told] = emitted(await room.world.push(room.world.event("alert-triggers", "Alert", ended)), "alerts")
    assert (told["state"], told["receivers"]) == ("ENDED", ["control-room", "ann-phone"])
    assert await room.deed(alert, "ACKNOWLEDGE") == []
    assert await room.minutes(60) == []


async def test_answer_of_june_neither_stops_nor_wakes_anybody_in_october(tmp_path):
    room = Watchroom(tmp_path)
    june = await room.raised()
    await room.deed(june, "ACKNOWLEDGE")
    await room.deed(june, "CLOSE", outcome="TRUE")
    room.clock.advance(seconds=120 * 24 * 3600)
    began = (room.clock.now() - AT) // 60_000_000
    await room.raised(n=1)
    assert await room.deed(june, "ACKNOWLEDGE", "ben") == []
    assert await room.minutes(6) == [(began + 5, ["ann-phone"])]


async def test_until_somebody_answers_it_begins_again(tmp_path):
    room = Watchroom(tmp_path, policies={"night": {**NIGHT, "again_every": "30m"}})
    alert = await room.raised()
    minutes = [at for at, _ in await room.minutes(110)]
    assert minutes == [5, 10, 15, 50, 55, 60, 95, 100, 105]
    await room.deed(alert, "CLAIM")
    assert await room.minutes(100) == []


async def test_restart_loses_no_step_and_doubles_none(tmp_path):
    room = Watchroom(tmp_path)
    await room.raised()
    told = []
    for _ in range(20):
        room.restart()
        told += await room.minutes(1)
    assert told == [(5, ["ann-phone"]), (10, ["ben-phone"]), (15, ["siren"])]


def roster(folder: Path) -> None:
    """Ann is on call from 00:30 to 06:00 UTC on the day that AT is in, Ben never."""
    calendar(folder, "guards.ics", event("Ann", ":20260101T003000Z", ":20260101T060000Z"))


def waiting(when_nobody: str) -> dict:
    step = {"after": "5m", "tell": ["schedule:guards"], "when_nobody": when_nobody}
    return {
        "schedules": {"guards": {"calendar": "guards.ics"}},
        "policies": {"night": {**NIGHT, "steps": [step], "last_resort_after": "10m"}},
    }


async def test_escalation_that_waits_for_a_shift_survives_a_restart(tmp_path):
    roster(tmp_path)
    room = Watchroom(tmp_path, **waiting("wait"))
    await room.raised()
    assert await room.minutes(20) == []
    room.restart()
    assert await room.minutes(20) == [(30, ["ann-phone"]), (35, ["siren"])]


async def test_schedule_with_nobody_in_it_goes_to_the_last_resort(tmp_path):
    roster(tmp_path)
    room = Watchroom(tmp_path, **waiting("last_resort"))
    await room.raised()
    assert await room.minutes(60) == [(5, ["siren"]), (10, ["siren"])]


async def test_who_is_on_call_and_away_is_not_waited_for(tmp_path):
    roster(tmp_path)
    calendar(tmp_path, "away.ics", event("away", ":20251231T000000Z", ":20260102T000000Z"))
    people = {**PEOPLE, "ann": {"receivers": ["ann-phone"], "away": "away.ics"}}
    room = Watchroom(tmp_path, people=people, **waiting("wait"))
    await room.raised()
    assert await room.minutes(60) == [(5, ["siren"]), (10, ["siren"])]


async def test_policy_that_is_taken_out_of_the_file_ends_quietly(tmp_path):
    room = Watchroom(tmp_path)
    await room.raised()
    (tmp_path / "escalations.yaml").write_text("{}", encoding="utf-8")
    room.restart()
    assert await room.minutes(60) == []


async def test_clock_that_was_ahead_delays_no_step(tmp_path):
    room = Watchroom(tmp_path, at=AT + 3_600_000_000)
    await room.raised()
    room.clock.advance(seconds=-3600)
    await room.world.tick()
    assert await room.minutes(16) == [(5, ["ann-phone"]), (10, ["ben-phone"]), (15, ["siren"])]


async def test_swap_that_is_entered_while_the_alert_is_open_counts(tmp_path):
    roster(tmp_path)
    room = Watchroom(tmp_path, **waiting("last_resort"))
    await room.raised()
    assert await room.minutes(4) == []
    calendar(tmp_path, "guards.ics", event("Ben", ":20260101T000000Z", ":20260101T060000Z"))
    assert await room.minutes(2) == [(5, ["ben-phone"])]


async def test_broken_calendar_changes_nothing_while_it_runs(tmp_path):
    calendar(tmp_path, "guards.ics", event("Ben", ":20260101T000000Z", ":20260101T060000Z"))
    room = Watchroom(tmp_path, **waiting("last_resort"))
    await room.raised()
    (tmp_path / "guards.ics").write_text("BEGIN:VCALENDAR\r\nBEGIN:VEV", encoding="utf-8")
    assert await room.minutes(6) == [(5, ["ben-phone"])]
