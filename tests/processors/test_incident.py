"""`Incident`: what belongs together, what is taken back, what is told again, what people merge and split."""

from typing import Any

import pytest

from fairwatch.domain.outcome import Emit, Reject, Skip
from fairwatch.policy.incidents.deeds import make
from fairwatch.policy.incidents.shelf import ALERT
from fairwatch.wire.signed_actions import INCIDENTS, sign_action
from tests.support.incidents import MINUTE, SECOND, Place
from tests.support.processor_world import MemoryReference, emitted
from tests.support.records import AT
from tests.support.trust import CONSOLE, trust, vouched

DOOR = {"rule": "doors", "event_type": "access.denied", "device": "door-1"}
FACE = {"rule": "faces", "event_type": "watchlist.face", "entry_id": "missing-7", "certainty": "OBSERVED"}
PLATE = {"rule": "plates", "event_type": "watchlist.plate", "entry_id": "plate-3", "certainty": "LIKELY"}
GATES = {"from": "gate-1", "to": "gate-2", "min": "60s", "typical": "2m", "max": "10m"}


def split(incident: Any, *alerts: str, by: str = "ann", **more: Any) -> Any:
    return make(incident, "SPLIT", by, "operator", AT + MINUTE, alerts=alerts, **more)


def merge(incident: Any, into: Any, by: str = "ann", **more: Any) -> Any:
    return make(incident, "MERGE", by, "operator", AT + MINUTE, into=into["incident_id"], **more)


async def test_a_car_a_door_and_a_person_within_two_minutes_are_one_incident_with_roles_and_a_timeline() -> None:
    place = Place()
    await place.sees(1, at=0, device="gate-1", **PLATE)
    await place.sees(2, at=70, **DOOR)
    await place.sees(3, at=100, device="hall-1", **FACE)
    found = place.one
    assert [(member["role"], member["alert_id"]) for member in found["members"]] == [
        ("VEHICLE", "alert-1"), ("ACCESS", "alert-2"), ("SUBJECT", "alert-3"),
    ]  # fmt: skip
    assert [(event["device_id"], (event["at"] - AT) // SECOND) for event in found["timeline"]] == [
        ("gate-1", 0), ("door-1", 70), ("hall-1", 100),
    ]  # fmt: skip
    assert (found["state"], found["site_id"], found["certainty"], found["events"]) == ("OPEN", "harbour", "OBSERVED", 3)
    assert "missing-7" not in str(found)


async def test_what_happens_later_or_elsewhere_is_another_incident() -> None:
    place = Place()
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=121, **DOOR)
    await place.sees(3, at=0, site_id="airport", **DOOR)
    assert place.groups() == {frozenset({"alert-1"}), frozenset({"alert-2"}), frozenset({"alert-3"})}


async def test_an_event_that_comes_late_makes_one_of_the_two_between_which_it_lies() -> None:
    place = Place()
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=200, **DOOR)
    await place.sees(3, at=100, **DOOR)
    assert place.groups() == {frozenset({"alert-1", "alert-2", "alert-3"})}
    [gone] = [each for each in place.incidents.values() if each["state"] == "MERGED"]
    assert gone["merged_into"] == place.one["incident_id"]
    assert (gone["members"], gone["timeline"]) == ([], [])


async def test_an_incident_is_closed_when_nothing_came_for_its_window_and_lateness_and_forgotten_after_keep() -> None:
    place = Place(keep="1h")
    await place.sees(1, at=0, **DOOR)
    await place.waits(7 * 60 - 1)
    assert place.one["state"] == "OPEN"
    await place.waits(1)
    assert (place.one["state"], place.one["closed_at"]) == ("CLOSED", AT + 7 * MINUTE)
    await place.waits(3600)
    assert place.incidents == {}
    assert [key for key in dict(place.state.items(0)) if not key.startswith("\0")] == []


async def test_while_steps_lie_unread_nothing_is_closed_by_our_clock() -> None:
    place = Place(unread_steps=lambda _: 5)
    await place.sees(1, at=0, **DOOR)
    await place.waits(3600)
    await place.sees(2, at=90, **DOOR)
    assert place.groups() == {frozenset({"alert-1", "alert-2"})}


async def test_what_is_revoked_leaves_its_time_only() -> None:
    place = Place()
    cause = [{"cause_id": "candidate-1", "kind": "MOMENT", "device_id": "hall-1", "event_type": "watchlist.face"}]
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=30, device="hall-1", causes=cause, **FACE)
    await place.sees(3, at=30, alert="alert-2", state="CANCELLED", device="hall-1", causes=cause, **FACE)
    assert [member["alert_id"] for member in place.one["members"]] == ["alert-1"]
    gone = place.one["timeline"][1]
    assert (gone["state"], gone["alert_id"], gone["device_id"], gone["event_type"]) == ("WITHDRAWN", None, "", "other")
    assert place.one["certainty"] == "UNKNOWN"


async def test_what_is_erased_leaves_its_incident_also_when_that_is_over_and_is_not_taken_in_again() -> None:
    erasures = MemoryReference()
    place = Place(erasures=erasures)
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=1, **FACE)
    await place.waits(3600)
    erasures.put("receipt", {"candidates": [], "alerts": ["alert-2"]})
    await place.waits(1)
    assert (place.groups(), place.one["state"]) == ({frozenset({"alert-1"})}, "CLOSED")
    assert await place.sees(4, at=3600, alert="alert-2", **FACE) == [Skip("erased")]


async def test_the_end_of_what_goes_on_is_told_and_makes_no_incident_of_its_own() -> None:
    place = Place()
    await place.sees(1, at=0, alert="a", **DOOR)
    await place.sees(2, at=5000, alert="a", state="ENDED", **DOOR)
    assert (place.one["timeline"][0]["state"], place.one["updated_at"]) == ("ENDED", AT + 5000 * SECOND)
    assert await place.sees(3, at=5001, alert="a", state="ENDED", **DOOR) == [Skip("nothing_open")]


async def test_the_same_step_again_under_another_offset_changes_nothing() -> None:
    place = Place()
    step = place.step(1, at=0, **DOOR)
    await place.hears(step)
    assert await place.hears(step) == [Skip("duplicate")]
    assert place.told == 1


async def test_one_batch_tells_an_incident_once() -> None:
    place = Place()
    events = [place.world.event("incident-steps", "Alert", place.step(n, at=n, **DOOR)) for n in range(5)]
    answers = await place.world.push(*events)
    assert [record["events"] for record in emitted(answers, "incidents")] == [5]
    assert len(answers[-1]) == 1


async def test_what_is_no_step_is_a_dead_letter_and_one_of_a_rule_that_is_gone_is_skipped() -> None:
    place = Place()
    step = place.step(1, at=0, **DOOR)
    [outcome] = await place.hears({**step, "parameters": {}})
    assert isinstance(outcome, Reject)
    assert await place.hears({**step, "group": "gone|harbour"}) == [Skip("no_such_rule")]
    assert await place.hears({**place.step(2, at=61, **DOOR), "issued_at": AT}) == [Skip("future")]
    assert Skip("future") not in await place.hears({**place.step(3, at=60, **DOOR), "issued_at": AT})


async def test_a_plate_that_is_at_the_next_gate_too_soon_is_named_and_less_certain() -> None:
    place = Place(transits=[GATES])
    await place.sees(1, at=0, device="gate-1", **PLATE)
    await place.sees(2, at=20, device="gate-2", **PLATE)
    first, second = place.one["timeline"]
    assert (first["remark"], second["remark"], second["took_ms"]) == ("IMPLAUSIBLE_TRANSIT",) * 2 + (20_000,)
    assert (first["certainty"], second["certainty"], place.one["implausible"]) == ("POSSIBLE", "POSSIBLE", 2)
    assert second["other"] == first["event_id"]


@pytest.mark.parametrize(
    ("seconds", "remark", "certainty"),
    [
        (57, "PLAUSIBLE_TRANSIT", "POSSIBLE"),  # within the error of two clocks, and not near what is typical
        (55, "IMPLAUSIBLE_TRANSIT", "UNLIKELY"),
        (90, "PLAUSIBLE_TRANSIT", "LIKELY"),
        (590, "PLAUSIBLE_TRANSIT", "POSSIBLE"),
        (700, "NONE", "POSSIBLE"),
    ],
)
async def test_a_transit_time_raises_or_lowers_how_certain_both_ends_are(
    seconds: int, remark: str, certainty: str
) -> None:
    place = Place(transits=[GATES], within="1h")
    await place.sees(1, at=0, device="gate-2", **{**PLATE, "certainty": "POSSIBLE"})
    await place.sees(2, at=seconds, device="gate-1", **{**PLATE, "certainty": "POSSIBLE"})
    events = place.one["timeline"]
    assert [(event["remark"], event["certainty"]) for event in events] == [(remark, certainty)] * 2


async def test_two_cars_are_not_one_that_was_too_fast() -> None:
    place = Place(transits=[GATES])
    await place.sees(1, at=0, device="gate-1", **PLATE)
    await place.sees(2, at=20, device="gate-2", **{**PLATE, "entry_id": "plate-4"})
    assert {event["remark"] for event in place.one["timeline"]} == {"NONE"}


async def test_what_two_overlapping_cameras_see_together_is_one_event_and_more_certain() -> None:
    place = Place(overlaps=[["yard-1", "yard-2"]])
    crossing = {"rule": "fence", "event_type": "line.crossed", "certainty": "POSSIBLE"}
    await place.sees(1, at=0, device="yard-1", **crossing)
    await place.sees(2, at=2, device="yard-2", **crossing)
    await place.sees(3, at=9, device="yard-2", **crossing)
    first, second, third = place.one["timeline"]
    assert (second["same_as"], second["certainty"], first["certainty"]) == (first["event_id"], "LIKELY", "LIKELY")
    assert (third["same_as"], third["certainty"], place.one["distinct"]) == (None, "POSSIBLE", 2)


async def test_two_rules_that_raise_an_alert_of_one_sighting_are_one_event() -> None:
    place = Place()
    await place.sees(1, at=0, triggers=["sighting-1"], **DOOR)
    await place.sees(2, at=0, triggers=["sighting-1"], **{**DOOR, "rule": "night"})
    assert (place.one["events"], place.one["distinct"]) == (2, 1)


async def test_a_person_splits_an_incident_and_what_comes_later_goes_to_where_its_alert_is() -> None:
    place = Place()
    for number in (1, 2):
        await place.sees(number, at=number, **DOOR)
    [audit, *_] = await place.does(split(place.one, "alert-2", note="the guard himself"))
    assert isinstance(audit, Emit)
    assert (audit.record["action"], audit.record["actor"]) == ("incident.split", "ann")
    assert place.groups() == {frozenset({"alert-1"}), frozenset({"alert-2"})}
    new = next(each for each in place.incidents.values() if each["split_from"])
    assert new["deeds"][-1]["text"] == "the guard himself"
    await place.sees(3, at=3, alert="alert-2", **DOOR)
    assert place.incidents[new["incident_id"]]["events"] == 2
    await place.sees(4, at=3, **DOOR)
    assert len(place.groups()) == 2


async def test_a_merge_survives_a_restart_and_a_deed_that_comes_twice_is_done_once() -> None:
    place = Place()
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=400, **DOOR)
    first, second = place.incidents.values()
    deed = merge(second, first)
    await place.does(deed)
    again = Place(place.state, place.clock)
    again.incidents = place.incidents
    assert await again.does(deed) == [Skip("duplicate")]
    await again.sees(3, at=410, **DOOR)
    assert again.groups() == {frozenset({"alert-1", "alert-2", "alert-3"})}
    assert again.one["merged_from"] == [second["incident_id"]]
    assert [note["action"] for note in again.one["deeds"]] == ["MERGE"]


async def test_a_closed_incident_can_be_merged_and_is_open_where_the_other_one_was() -> None:
    place = Place()
    await place.sees(1, at=0, **DOOR)
    await place.waits(600)
    await place.sees(2, at=600, **DOOR)
    closed, going = place.incidents.values()
    await place.does(merge(going, closed))
    assert (place.one["state"], place.one["incident_id"]) == ("OPEN", closed["incident_id"])
    await place.waits(421)
    assert place.one["state"] == "CLOSED"


async def test_what_cannot_be_done_is_refused_by_name_and_audited() -> None:
    place = Place()
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=600, **DOOR)
    await place.sees(3, at=600, site_id="airport", **DOOR)
    one, two, other = place.incidents.values()
    refused = {
        "unknown": split({**one, "incident_id": "x"}, "alert-1"),
        "no_other": merge(one, one),
        "nothing_left": split(one, "alert-1"),
        "not_in_it": split(one, "alert-2"),
        "no_right": {**merge(one, two), "role": "auditor"},
        "other_site": merge(one, two, sites=["airport"]),
    }
    for number, (reason, deed) in enumerate(refused.items()):
        audit, skip = await place.does({**deed, "action_id": str(number)})
        assert skip == Skip(reason)
        assert isinstance(audit, Emit)
        assert (audit.record["action"], audit.record["details"]["reason"]) == ("incident.deed_refused", reason)
    assert (await place.does(merge(one, other)))[-1] == Skip("no_other")
    await place.does({**merge(one, two), "action_id": "good"})
    assert (await place.does({**merge(one, two), "action_id": "late"}))[-1] == Skip("merged")


async def test_only_what_the_console_signed_is_done_where_signatures_are_demanded() -> None:
    people = vouched("ann", "ben", ann=["operator"], ben=["reviewer"])
    place = Place(merges=trust(people))
    for number in (1, 2):
        await place.sees(number, at=number, **DOOR)
    good = split(place.one, "alert-2")
    by_ben = sign_action(INCIDENTS, split(place.one, "alert-2", by="ben"), CONSOLE, method="password")
    signed = sign_action(INCIDENTS, good, CONSOLE, method="password")
    for forged in (good, by_ben, {**signed, "alerts": ["alert-1"]}, {**signed, "at": AT}):
        outcomes = await place.does(forged)
        assert [each.reason for each in outcomes if isinstance(each, Reject)] == ["not_authentic"]
    assert len(place.groups()) == 1
    await place.does(signed)
    assert len(place.groups()) == 2


async def test_an_incident_of_many_events_lists_two_hundred_and_counts_the_rest() -> None:
    place = Place()
    events = [place.world.event("incident-steps", "Alert", place.step(n, at=n / 10, **DOOR)) for n in range(300)]
    [record] = emitted(await place.world.push(*events), "incidents")
    assert (record["events"], len(record["timeline"]), record["more_events"]) == (300, 200, 100)
    assert [record["timeline"][n]["at"] for n in (0, 49, 50)] == [AT, AT + 4_900_000, AT + 15 * SECOND]
    assert len(record["members"]) + record["more_members"] == 200


async def test_an_incident_of_many_events_leaves_no_alert_behind_when_it_is_forgotten() -> None:
    place = Place(keep="1h")
    for first in (0, 150):
        steps = [place.step(n, at=n / 10, **DOOR) for n in range(first, first + 150)]
        answers = await place.world.push(*(place.world.event("incident-steps", "Alert", step) for step in steps))
        place.incidents |= {record["incident_id"]: record for record in emitted(answers, "incidents")}
    await place.waits(3600)
    assert any(key.startswith(ALERT) for key, _ in place.state.items(0))
    await place.waits(3601)
    assert [key for key, _ in place.state.items(0) if key.startswith(ALERT)] == []


async def test_two_incidents_of_many_events_that_are_merged_leave_no_alert_behind_either() -> None:
    place = Place(keep="1h")
    for first, at in ((0, 0.0), (150, 1000.0)):
        steps = [place.step(n, at=at + n / 10, **DOOR) for n in range(first, first + 150)]
        answers = await place.world.push(*(place.world.event("incident-steps", "Alert", step) for step in steps))
        place.incidents |= {record["incident_id"]: record for record in emitted(answers, "incidents")}
    one, other = sorted(place.incidents.values(), key=lambda each: each["started_at"])
    await place.does(merge(other, one))
    await place.waits(3600)
    await place.waits(7200)
    assert [key for key, _ in place.state.items(0) if key.startswith(ALERT)] == []
