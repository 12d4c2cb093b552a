"""What an operator is told of what is not heard any more: by whom, for how long, and only while it counts."""

import pytest
import yaml
from pydantic import ValidationError

from fairwatch.domain.outcome import Skip
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.processors.route import Route
from tests.acceptance.test_quiet import DAY, of, onvif, play
from tests.acceptance.test_scenarios import INSIDE
from tests.support.processor_world import MemoryReference, World, emitted
from tests.support.records import AT, device, sighting, site

RULES = """
time_intervals: {night: [{start: "22:00", end: "06:00"}]}
route:
  receivers: [control-room]
  routes: [{name: inside, match: {event_types: ["nothing.*"]}}]
absent:
  - {name: silent, match: {}, after: 10m, severity: SEVERE, title: "{device_name} is silent"}
""".replace("nothing.*", "audio.*")
AT_NIGHT = RULES.replace("match: {}", "match: {during: [night]}")


def seen(at, rule="a"):
    return onvif(at, INSIDE, True, Rule=rule)


def told(played):
    return [(at, alert["state"], alert["device_ids"]) for at, alert in played.messages]


async def test_a_camera_that_falls_silent_is_an_alert_until_it_is_heard_again():
    played = await play(seen("12:00:00"), seen("12:05:00"), seen("13:00:00"), until="13:05:00", rules=RULES)
    assert told(played) == [("12:15:01", "NEW", ["cam"]), ("13:00:00", "ENDED", ["cam"])]
    [alert] = [alert for _, alert in played.messages if alert["state"] == "NEW"]
    assert (alert["event_type"], alert["title"], alert["severity"]) == ("device.silent", "cam is silent", "SEVERE")
    assert alert["parameters"]["last_heard"] == f"{DAY}12:05:00.000000Z"


async def test_a_camera_that_is_heard_often_enough_is_no_alert():
    played = await play(*(seen(f"12:{minute:02d}:00") for minute in range(0, 60, 9)), until="13:00:00", rules=RULES)
    assert told(played) == []


async def test_each_camera_is_missed_for_itself_and_again_after_it_was_back():
    played = await play(
        seen("12:00:00"), of("other", seen("12:04:00")), seen("12:30:00"), until="13:00:00", rules=RULES
    )
    assert told(played) == [
        ("12:10:01", "NEW", ["cam"]),
        ("12:14:01", "NEW", ["other"]),
        ("12:30:00", "ENDED", ["cam"]),
        ("12:40:01", "NEW", ["cam"]),
    ]
    assert len(played.alert_ids) == 3


async def test_silence_counts_while_it_is_armed_only():
    day = await play(seen("12:00:00"), until="21:59:00", rules=AT_NIGHT)
    assert told(day) == []
    evening = await play(seen("12:00:00"), until="22:30:00", rules=AT_NIGHT)
    assert told(evening) == [("22:10:01", "NEW", ["cam"])], "a second more at most"
    late = await play(seen("12:00:00"), seen("22:08:00"), until="22:30:00", rules=AT_NIGHT)
    assert told(late) == [("22:18:01", "NEW", ["cam"])]


async def test_armed_is_meant_in_the_time_of_the_site():
    played = await play(seen("12:00:00"), until="22:30:00", rules=AT_NIGHT, zone="Europe/Berlin")
    assert told(played) == [("21:10:01", "NEW", ["cam"])]


async def test_a_camera_that_is_switched_off_here_is_not_missed():
    off = {"cam": {"enabled": True}}
    played = await play(seen("12:00:00"), until="12:30:00", rules=RULES, devices=off, disable="cam")
    assert told(played) == []


async def test_a_stream_that_is_up_but_sees_nothing_is_told_and_one_that_is_down_once():
    rules = RULES + "  - {name: blind, match: {event_types: [zone.inside]}, after: 20m}\n"
    quiet = """{inhibit: [{name: down, source: ['rule="silent"'], target: ['rule="blind"'], equal: [device_id]}]}"""
    status = [
        onvif(f"12:{minute:02d}:00", "Device/HardwareFailure/FanFailure", False, "Failed") for minute in (5, 14, 19)
    ]
    up = await play(seen("12:00:00"), *status, until="12:25:00", rules=rules, quiet=quiet)
    assert [(at, alert["rule"]) for at, alert in up.messages] == [("12:20:01", "blind")]
    down = await play(seen("12:00:00"), until="12:25:00", rules=rules, quiet=quiet)
    assert [(at, alert["rule"]) for at, alert in down.messages] == [("12:10:01", "silent")]


async def test_a_face_is_a_sign_of_life_and_nothing_of_it_travels():
    world = World(Route(RouteTree(Routes.model_validate(yaml.safe_load(RULES))), MemoryReference()))
    face = sighting(
        "face.seen", observation={"object_class": "FACE", "object_id": "17", "media": [{"uri": "fw-media:a"}]}
    )
    [answer] = await world.push(world.event("sightings", "Sighting", face))
    [sign] = emitted([answer], "alert-triggers")
    assert (sign["event_type"], sign["state"]) == ("device.silent", "ENDED")
    assert not {"media", "parameters", "candidate_id", "object_id"} & set(sign)


def status(device_id="cam-1", state="ALIVE", at=AT):
    return {"device_id": device_id, "state": state, "since": at, "at": at, "gateway": "http", "reason": ""}


PLACES = """
  - {name: lost, match: {sites: [harbour]}, after: 10m}
  - {name: site-lost, match: {devices: [cam-1]}, group_by: [site_id], after: 10m}
  - {name: blind, match: {event_types: [zone.inside]}, after: 10m}
  - {name: zone-lost, match: {devices: [cam-1]}, group_by: [device_id, zones], after: 10m}
  - {name: elsewhere, match: {sites: [airport]}, after: 10m}
  - {name: unsure, match: {min_confidence: 0.5}, after: 10m}
"""


async def heard(record, **devices):
    known = {"cam-1": device("cam-1", site_id=None, parent_id="nvr"), "nvr": device("nvr"), **devices}
    tree = RouteTree(Routes.model_validate(yaml.safe_load(RULES.partition("absent:")[0] + "absent:" + PLACES)))
    world = World(Route(tree, MemoryReference({"harbour": site()}), MemoryReference(known)))
    [answer] = await world.push(world.event("device-status", "DeviceStatus", record))
    return answer


async def test_a_heartbeat_is_a_sign_of_life_for_rules_that_ask_for_no_event_and_for_no_other():
    answer = await heard(status())
    assert [one.record["group"] for one in answer] == ["lost|cam-1", "site-lost|harbour"]
    [sign] = [one.record for one in answer if one.record["rule"] == "lost"]
    assert (sign["state"], sign["event_type"], sign["site_name"]) == ("ENDED", "device.silent", "Harbour Station")
    assert sign["received_at"] == AT


async def test_a_device_that_has_gone_or_that_nobody_knows_gives_no_sign_of_life():
    assert await heard(status(state="GONE")) == [Skip("device_gone")]
    assert await heard(status("cam-9")) == [Skip("unknown_device")]


@pytest.mark.parametrize(
    ("absent", "sentence"),
    [
        ({"name": "silent"}, "after"),
        ({"name": "silent", "after": "0s"}, "after"),
        ({"name": "inside", "after": "1m"}, "used twice"),
        ({"name": "silent", "after": "1m", "match": {"during": ["night"]}}, "'night' is not in time_intervals"),
    ],
)
def test_what_is_wrong_with_a_rule_of_what_is_not_heard_is_said(absent, sentence):
    routes = {"route": {"receivers": ["x"], "routes": [{"name": "inside"}]}, "absent": [absent]}
    with pytest.raises(ValidationError, match=sentence):
        Routes.model_validate(routes)
