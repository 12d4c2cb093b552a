"""What an operator is told of what devices say over hours: states, repetitions, what is late, kept or lost."""

import json

import pytest

from fairwatch.domain.outcome import Skip
from tests.support.places import FIXTURES
from tests.support.scenario import Scenario

RULES = "route:\n  receivers: [control-room]\n  {}\n  routes:\n    - {{name: all, match: {{}}, group_by: [{}]}}\n"
DAY = "2026-03-02T"
FIELD = FIXTURES.parent / "field"


def scenario(*steps, until, by="device_id", options="group_interval: 30s", zone="UTC"):
    """Return a scenario of one camera; a step is (time, body as it is sent, further fields)."""
    device = {"device_id": "cam", "name": "Camera", "formats": [], "enabled": True, "site_id": "s"}
    return Scenario(
        {
            "devices": {"cam": device},
            "sites": {"s": {"site_id": "s", "name": "Site", "time_zone": zone}},
            "routes": RULES.format(options, by),
            "steps": [{"at": f"{DAY}{at}+00:00", "device": "cam", "body": body, **more} for at, body, more in steps],
            "until": f"{DAY}{until}+00:00",
        }
    )


def onvif(at, topic, active, item="IsInside", *, written=None, retained=False, operation="Changed", **source):
    """Return a step of an ONVIF property that came over MQTT."""
    body = {
        "UtcTime": f"{DAY}{written or at}Z",
        "PropertyOperation": operation,
        "Source": {"VideoSource": "0", **source},
        "Data": {item: str(active).lower()},
    }
    headers = {"mqtt-retained": "true"} if retained else {}
    path = f"cam/onvif-ej/{topic}"
    return at, json.dumps(body), {"gateway": "mqtt", "path": path, "format": "onvif-event", "headers": headers}


def frigate(at, kind, object_id="7-abc", label="person", *, start="12:00:00", ended=None):
    """Return a step of an object's life as Frigate tells it."""
    h, m, s = (int(part) for part in start.split(":"))
    begun = 1_772_409_600 + h * 3600 + m * 60 + s
    h, m, s = (int(part) for part in at.split(":"))
    now = 1_772_409_600 + h * 3600 + m * 60 + s
    after = {
        "id": object_id, "camera": "yard", "frame_time": now, "label": label, "sub_label": None, "top_score": 0.9,
        "score": 0.9, "false_positive": False, "start_time": begun, "end_time": now if kind == "end" else None,
        "box": [10, 20, 400, 300], "current_zones": [], "entered_zones": [], "has_snapshot": False, "stationary": True,
    }  # fmt: skip
    body = json.dumps({"type": kind, "before": after, "after": after})
    return at, body, {"gateway": "mqtt", "path": "frigate/events", "format": "frigate"}


INSIDE = "RuleEngine/FieldDetector/ObjectsInside"
DARK = "VideoSource/ImageTooDark/AnalyticsService"
INPUT = "Device/Trigger/DigitalInput"


async def test_a_condition_holds_until_its_device_says_that_it_is_over():
    played = await scenario(
        onvif("12:00:00", DARK, True, "State"), onvif("18:30:00", DARK, False, "State"), until="23:00:00"
    ).play()
    assert played.told == [("12:00:00", "NEW"), ("18:30:00", "ENDED")]
    [cause] = played.messages[-1][1]["causes"]
    assert (cause["kind"], cause["state"], cause["device_id"]) == ("CONDITION", "ENDED", "cam")


async def test_a_condition_whose_end_never_comes_is_given_up_as_lost_and_says_so():
    options = "stale_after: 6h"
    played = await scenario(onvif("12:00:00", INPUT, True, "LogicalState"), until="23:00:00", options=options).play()
    assert played.told == [("12:00:00", "NEW"), ("18:00:00", "ENDED")]
    assert [cause["state"] for cause in played.messages[-1][1]["causes"]] == ["STALE"]


async def test_what_is_seen_and_not_heard_of_again_ends_by_quiet():
    played = await scenario(onvif("12:00:00", INSIDE, True, Rule="a"), until="12:30:00").play()
    assert played.told == [("12:00:00", "NEW"), ("12:10:00", "ENDED")]


async def test_two_rules_of_one_camera_are_two_causes_and_the_first_end_is_named():
    played = await scenario(
        onvif("12:00:00", INSIDE, True, Rule="a"),
        onvif("12:00:05", INSIDE, True, Rule="b"),
        onvif("12:01:00", INSIDE, False, Rule="a"),
        onvif("12:02:00", INSIDE, False, Rule="b"),
        until="12:30:00",
    ).play()
    assert played.told == [
        ("12:00:00", "NEW"),
        ("12:00:30", "UPDATED"),
        ("12:01:00", "UPDATED"),
        ("12:02:00", "ENDED"),
    ]
    assert [alert["firing"] for _, alert in played.messages] == [1, 2, 1, 0]
    assert [cause["state"] for cause in played.messages[2][1]["causes"]] == ["FIRING", "ENDED"]
    assert len(played.alert_ids) == 1


async def test_two_people_in_a_yard_are_one_alert_until_the_second_has_left():
    played = await scenario(
        frigate("12:00:00", "new", "1-a"),
        frigate("12:00:10", "new", "2-b", start="12:00:10"),
        frigate("12:01:00", "end", "1-a"),
        frigate("12:05:00", "end", "2-b", start="12:00:10"),
        until="12:30:00",
    ).play()
    assert [state for _, state in played.told] == ["NEW", "UPDATED", "UPDATED", "ENDED"]
    assert played.told[-1] == ("12:05:00", "ENDED")


async def test_that_something_goes_on_is_told_to_nobody():
    minutes = [f"{12 + n // 60}:{n % 60:02d}:00" for n in range(1, 180)]
    played = await scenario(
        frigate("12:00:00", "new", label="car"),
        *(frigate(at, "update", label="car") for at in minutes),
        frigate("15:00:00", "end", label="car"),
        until="16:00:00",
    ).play()
    assert played.told == [("12:00:00", "NEW"), ("15:00:00", "ENDED")]
    assert played.messages[-1][1]["count"] == 180, "each word of it is counted"


async def test_an_end_whose_beginning_was_lost_on_the_way_is_told_as_both():
    played = await scenario(frigate("12:03:00", "end", start="12:00:00"), until="12:30:00").play()
    assert played.told == [("12:03:00", "NEW"), ("12:03:00", "ENDED")]
    assert played.messages[0][1]["started_at"] + 180_000_000 == played.messages[1][1]["ended_at"]


async def test_an_end_that_comes_after_it_was_given_up_tells_nothing():
    played = await scenario(frigate("12:00:00", "new"), frigate("13:00:00", "end"), until="14:00:00").play()
    assert played.told == [("12:00:00", "NEW"), ("12:10:00", "ENDED")]


async def test_an_end_without_a_beginning_that_it_knows_of_tells_nothing():
    played = await scenario(onvif("12:00:00", INSIDE, False, Rule="a"), until="12:30:00").play()
    assert played.told == []


async def test_a_group_that_flaps_is_one_alert_that_says_how_often():
    steps = [onvif(f"12:{n // 30:02d}:{n % 30 * 2:02d}", INSIDE, n % 2 == 0, Rule="a") for n in range(60)]
    played = await scenario(*steps, until="12:30:00").play()
    assert [state for _, state in played.told] == ["NEW", *["UPDATED"] * 4, "ENDED"]
    assert played.told[-1] == ("12:02:30", "ENDED"), "when it has been over for an interval"
    assert len(played.alert_ids) == 1
    assert [alert["changes"] for _, alert in played.messages] == [0, 7, 14, 22, 29, 29]


async def test_what_a_broker_had_kept_is_no_event():
    kept = onvif("15:00:00", INSIDE, True, written="12:00:00", retained=True, Rule="gate")
    played = await scenario(
        onvif("12:00:00", INSIDE, True, Rule="gate"),
        kept,
        onvif("15:01:00", INSIDE, True, Rule="gate"),
        until="15:25:00",
    ).play()
    assert Skip("retained") in played.outcomes
    assert played.told == [
        ("12:00:00", "NEW"),
        ("12:10:00", "ENDED"),
        ("15:01:00", "NEW"),
        ("15:11:00", "ENDED"),
    ]
    assert len(played.alert_ids) == 2


async def test_a_condition_that_a_broker_had_kept_is_known_from_then_on():
    played = await scenario(
        onvif("12:00:00", INPUT, True, "LogicalState", written="09:00:00", retained=True),
        onvif("13:00:00", INPUT, False, "LogicalState"),
        until="14:00:00",
    ).play()
    assert played.told == [("12:00:00", "NEW"), ("13:00:00", "ENDED")]


async def test_what_comes_out_of_a_buffer_is_placed_where_it_happened():
    live = [onvif(f"12:0{n}:00", INSIDE, True, Rule=str(n)) for n in range(4)]
    late = [
        onvif("14:10:01", INSIDE, True, written=f"1{2 + n // 60}:{n % 60:02d}:00", Rule=f"l{n}")
        for n in range(5, 110, 7)
    ]
    after = [onvif("14:11:00", INSIDE, True, Rule="x")]
    played = await scenario(*live, *late, *after, until="15:00:00").play()
    for seen in played.sightings:
        assert seen["occurred_at"] == seen["observation"]["device_time"]["utc"]
        assert seen["occurred_at"] <= seen["observation"]["received_at"]


FIELD_CASES = sorted(FIELD.glob("*.scenario.json"))


@pytest.mark.skipif(not FIELD_CASES, reason="../shared/field is not here")
async def test_the_field_is_told_what_happened():
    played = {path.name[:3]: await Scenario(json.loads(path.read_text())).play() for path in FIELD_CASES}
    assert played["f25"].told[0] == ("12:00:00", "NEW")
    assert played["f25"].told[-1] == ("12:01:00", "ENDED")
    assert [state for _, state in played["f25"].told].count("NEW") == 1
    assert played["f28"].told == [("12:00:00", "NEW"), ("15:01:00", "ENDED")]
    assert played["f31"].told == [
        ("12:00:00", "NEW"),
        ("12:10:00", "ENDED"),
        ("15:01:00", "NEW"),
        ("15:11:00", "ENDED"),
    ]
    assert played["f35"].told == [("12:00:00", "NEW"), ("14:00:00", "ENDED")]
    for seen in played["f24"].sightings:
        at, received = seen["occurred_at"], seen["observation"]["received_at"]
        late = received - seen["observation"]["device_time"]["utc"] > 60_000_000
        assert at == seen["observation"]["device_time"]["utc"] if late else abs(at - received) <= 5_000_000
    for seen in played["f29"].sightings:
        assert abs(seen["occurred_at"] - seen["observation"]["received_at"]) <= 5_000_000
