"""Quiet that is honest: what an operator is told of, and of what not, while alerts are silenced."""

from datetime import datetime

import yaml

from fairwatch.domain.calendar import instant
from fairwatch.domain.outcome import Emit
from tests.acceptance.test_scenarios import DARK, INSIDE, onvif
from tests.support.scenario import Scenario

DAY = "2026-03-02T"
RULES = """
route:
  receivers: [control-room]
  group_interval: 30s
  routes:
    - {name: fire, match: {event_types: ["fire.*"]}, severity: EXTREME}
    - {name: dark, match: {event_types: ["tamper.*"]}, severity: MODERATE}
    - {name: inside, match: {event_types: ["zone.*"]}, severity: MODERATE, repeat_interval: 1h}
"""
FIRE = "RuleEngine/FireAlarm/Fire"


def silence(at, until, *matchers, silence_id="s-1", **more):
    """Return a step at which somebody silences alerts."""
    record = {
        "silence_id": silence_id,
        "author": "bo",
        "role": "operator",
        "reason": "works at the gate",
        "matchers": list(matchers),
        "starts_at": moment(at),
        "expires_at": moment(until),
        **more,
    }
    return {"at": f"{DAY}{at}+00:00", "silence": record}


def moment(at):
    return instant(datetime.fromisoformat(f"{DAY}{at}+00:00"))


def expire(at, silence_id="s-1"):
    return {"at": f"{DAY}{at}+00:00", "expire": silence_id}


async def play(*steps, until, rules=RULES, quiet="{}", devices=None, zone="UTC", disable=""):
    """Play steps; those of devices are (time, body, further fields)."""
    devices = {
        name: {"device_id": name, "name": name, "formats": [], "enabled": True, "site_id": "s", **more}
        for name, more in {"cam": {}, "other": {}, **(devices or {})}.items()
    }
    said = [
        step if isinstance(step, dict) else {"at": f"{DAY}{step[0]}+00:00", "device": "cam", "body": step[1], **step[2]}
        for step in steps
    ]
    script = {
        "devices": devices,
        "sites": {"s": {"site_id": "s", "name": "Site", "time_zone": zone}},
        "routes": rules,
        "quiet": yaml.safe_load(quiet),
        "steps": said,
        "until": f"{DAY}{until}+00:00",
    }
    scenario = Scenario(script)
    if disable:
        scenario.disable(disable)
    return await scenario.play()


def held(played):
    """Return why deliveries were held back, and on whose account."""
    records = [one.record for one in played.outcomes if isinstance(one, Emit) and one.topic == "deliveries"]
    return [(one["reason"], one["held_by"]) for one in records if one["state"] == "SUPPRESSED"]


def dark(at, on):
    return onvif(at, DARK, on, "State")


async def test_what_is_silenced_is_told_to_nobody_and_the_delivery_says_why():
    played = await play(
        silence("11:00:00", "13:00:00", 'rule="dark"'),
        dark("12:00:00", True),
        dark("12:10:00", False),
        until="14:00:00",
    )
    assert played.told == []
    assert held(played) == [("silenced", "s-1")] * 2


async def test_what_still_burns_when_the_silence_ends_is_told_at_once():
    played = await play(
        silence("11:00:00", "13:00:00", 'rule="dark"'),
        dark("12:00:00", True),
        dark("15:00:00", False),
        until="16:00:00",
    )
    assert played.told == [("13:00:00", "NEW"), ("15:00:00", "ENDED")]


async def test_a_silence_that_is_ended_early_ends_at_once():
    played = await play(
        silence("11:00:00", "20:00:00", 'rule="dark"'), dark("12:00:00", True), expire("12:30:00"), until="16:00:00"
    )
    assert played.told == [("12:30:00", "NEW")]


async def test_who_was_told_of_a_beginning_is_told_of_its_end_silence_or_not():
    played = await play(
        dark("11:00:00", True),
        silence("11:30:00", "20:00:00", 'device_id="cam"'),
        dark("12:00:00", False),
        until="16:00:00",
    )
    assert played.told == [("11:00:00", "NEW"), ("12:00:00", "ENDED")]


async def test_a_silence_stops_what_an_open_alert_repeats_and_says_how_much_it_held_back():
    inside = [
        onvif(f"{hour}:0{minute}:00", INSIDE, True, Rule="a") for hour in (11, 12, 13) for minute in range(0, 10, 5)
    ]
    rules = RULES.replace("repeat_interval: 1h", "resolve_after: 2h, repeat_interval: 10m")
    played = await play(
        *inside[:2], silence("11:06:00", "12:55:00", 'rule="inside"'), *inside[2:], until="13:06:00", rules=rules
    )
    times = [at for at, _ in played.told]
    assert times[0] == "11:00:00"
    assert not [at for at in times if "11:06:00" < at < "12:55:00"]
    assert "12:55:00" in times
    [after] = [alert for at, alert in played.messages if at == "12:55:00"]
    assert int(after["parameters"]["skipped_revisions"]) == len(held(played)) - 1


async def test_what_is_extreme_is_told_until_a_second_person_agrees():
    alone = silence("11:00:00", "13:00:00", 'rule="fire"')
    both = silence("11:00:00", "13:00:00", 'rule="fire"', approved_by=["ann"])
    himself = silence("11:00:00", "13:00:00", 'rule="fire"', approved_by=[" Bo"])
    burns = onvif("12:00:00", FIRE, True, "State")
    assert (await play(alone, burns, until="12:30:00")).told == [("12:00:00", "NEW")]
    assert (await play(himself, burns, until="12:30:00")).told == [("12:00:00", "NEW")]
    assert (await play(both, burns, until="12:30:00")).told == []


async def test_a_silence_that_has_yet_to_begin_holds_nothing_back_before():
    later = silence("11:00:00", "20:00:00", 'rule="dark"', starts_at=moment("12:30:00"))
    played = await play(
        later, dark("12:00:00", True), dark("12:10:00", False), dark("12:40:00", True), until="13:00:00"
    )
    assert played.told == [("12:00:00", "NEW"), ("12:10:00", "ENDED")]


async def test_a_snoozed_alert_is_quiet_until_it_ends_and_the_next_one_is_told():
    first = await play(dark("11:00:00", True), until="11:01:00")
    [alert_id] = first.alert_ids
    played = await play(
        dark("11:00:00", True),
        silence("11:10:00", "20:00:00", f'alert_id="{alert_id}"'),
        dark("12:00:00", False),
        dark("13:00:00", True),
        until="14:00:00",
    )
    assert [state for _, state in played.told] == ["NEW", "ENDED", "NEW"]


async def test_of_a_group_of_two_cameras_one_cannot_be_silenced_without_the_other():
    rules = RULES.replace("severity: MODERATE}", "severity: MODERATE, group_by: [site_id]}")
    other = dark("12:00:05", True)
    other[2]["device"], other[2]["path"] = "other", other[2]["path"].replace("cam/", "other/")
    steps = (silence("11:00:00", "20:00:00", 'device_id="cam"'), dark("12:00:00", True), other)
    played = await play(*steps, until="12:30:00", rules=rules)
    assert played.told == [("12:00:30", "UPDATED")]


async def test_a_silence_that_is_not_valid_holds_nothing_back():
    for odd in ([], ['device_id=""'], ['colour="red"'], ['device_id=~"("'], ['zones!="x"']):
        played = await play(silence("11:00:00", "13:00:00", *odd), dark("12:00:00", True), until="12:30:00")
        assert played.told == [("12:00:00", "NEW")], odd
    longer = silence("11:00:00", "23:30:00", 'rule="dark"')
    assert (await play(longer, dark("12:00:00", True), until="12:30:00")).told == [("12:00:00", "NEW")]


LOST = """
inhibit:
  - {name: camera-lost, source: ['rule="lost"'], equal: [device_id], stale: true}
  - {name: recorder-lost, source: ['rule="lost"'], equal: {parent_id: device_id}}
"""
WITH_LOST = (
    RULES + '    - {name: lost, match: {event_types: ["device.fault"]}, severity: SEVERE, group_by: [device_id]}\n'
)
FAULT = "Device/HardwareFailure/StorageFailure"


def of(device, step):
    """Return a step as another device sends it."""
    at, body, more = step
    return at, body, {**more, "device": device, "path": more["path"].replace("cam/", f"{device}/")}


def lost(at, on, device="cam"):
    return of(device, onvif(at, FAULT, on, "Failed"))


async def test_what_follows_from_a_camera_that_is_lost_is_not_told_and_is_when_it_is_back():
    played = await play(
        lost("12:00:00", True),
        dark("12:01:00", True),
        lost("12:30:00", False),
        until="13:00:00",
        rules=WITH_LOST,
        quiet=LOST.replace(", stale: true", ""),
    )
    told = [(at, alert["rule"], alert["state"]) for at, alert in played.messages]
    assert told == [
        ("12:00:00", "lost", "NEW"),
        ("12:30:00", "lost", "ENDED"),
        ("12:30:05", "dark", "NEW"),
    ]
    source = played.messages[0][1]["alert_id"]
    assert held(played) == [("inhibited", source)]


async def test_a_recorder_that_is_lost_inhibits_its_cameras_and_no_others():
    devices = {"cam": {"parent_id": "nvr"}, "nvr": {}}
    played = await play(
        lost("12:00:00", True, "nvr"),
        dark("12:01:00", True),
        of("other", dark("12:01:00", True)),
        until="13:00:00",
        rules=WITH_LOST,
        quiet=LOST,
        devices=devices,
    )
    told = [(alert["rule"], alert["device_ids"]) for _, alert in played.messages]
    assert told == [("lost", ["nvr"]), ("dark", ["other"])]


async def test_what_is_extreme_is_told_whatever_is_lost():
    burns = onvif("12:01:00", FIRE, True, "State")
    played = await play(lost("12:00:00", True), burns, until="13:00:00", rules=WITH_LOST, quiet=LOST)
    assert [alert["rule"] for _, alert in played.messages] == ["lost", "fire"]


async def test_what_a_camera_said_that_is_lost_is_stale_and_says_so():
    played = await play(dark("11:00:00", True), lost("12:00:00", True), until="13:00:00", rules=WITH_LOST, quiet=LOST)
    told = [(at, alert["rule"], alert["state"]) for at, alert in played.messages]
    assert told == [("11:00:00", "dark", "NEW"), ("12:00:00", "lost", "NEW"), ("12:00:00", "dark", "ENDED")]
    assert [cause["state"] for cause in played.messages[-1][1]["causes"]] == ["STALE"]


async def test_losses_do_not_inhibit_each_other():
    played = await play(
        lost("12:00:00", True, "nvr"),
        lost("12:10:00", True),
        until="13:00:00",
        rules=WITH_LOST,
        quiet=LOST,
        devices={"cam": {"parent_id": "nvr"}, "nvr": {}},
    )
    assert [(alert["rule"], alert["device_ids"]) for _, alert in played.messages] == [
        ("lost", ["nvr"]),
        ("lost", ["cam"]),
    ]


async def test_what_ends_with_the_loss_that_inhibits_it_is_not_told_at_all():
    played = await play(
        lost("12:00:00", True),
        dark("12:01:00", True),
        lost("12:30:00", False),
        dark("12:30:02", False),
        until="13:00:00",
        rules=WITH_LOST,
        quiet=LOST.replace(", stale: true", ""),
    )
    assert {alert["rule"] for _, alert in played.messages} == {"lost"}
