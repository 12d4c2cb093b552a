"""A back-test of what is not heard: it listens as `route` does, and says what its history cannot tell."""

import json

import pytest

from fairwatch.apps.backtest.history import FileHistory, Listed
from fairwatch.apps.backtest.run import backtest, estimate
from fairwatch.policy.routing import Routes, RouteTree
from tests.support.records import AT, device, sighting, site

MINUTE = 60_000_000
BLIND = {"name": "blind", "match": {"event_types": ["line.crossed"]}, "after": "10m"}
LOST = {"name": "lost", "match": {}, "after": "10m"}
LINE = {"name": "line", "match": {"event_types": ["line.crossed"]}}
NIGHT = {"time_intervals": {"night": [{"start": "22:00", "end": "06:00"}]}}


def tree(*absent, **more):
    root = {"receivers": ["room"], "routes": [LINE] if more.pop("line", False) else []}
    return RouteTree(Routes.model_validate({"route": root, "absent": list(absent), **more}))


def seen(minute, device_id="cam-1", event_type="line.crossed", **fields):
    return "Sighting", sighting(event_type, device_id, n=minute, occurred_at=AT + minute * MINUTE, **fields)


def alive(minute, device_id="cam-1", state="ALIVE"):
    at = AT + minute * MINUTE
    return "DeviceStatus", {"device_id": device_id, "state": state, "since": at, "at": at, "gateway": "http"}


def alerts(rules, history, sites=None, devices=None, name="blind"):
    _, tallies, notes = estimate(rules, Listed(history), sites or {}, 0, 1, devices)
    return tallies[name].alerts, tallies[name].messages, notes


def test_who_falls_silent_is_an_alert_until_it_is_heard_again():
    history = [seen(0), seen(5), seen(60), seen(61, "cam-2")]
    assert alerts(tree(BLIND), history) == (1, 2, [])


def test_that_a_history_ends_is_no_silence():
    assert alerts(tree(BLIND), [seen(0)]) == (0, 0, [])
    assert alerts(tree(BLIND), [seen(0), seen(9, "cam-2")])[0] == 0
    assert alerts(tree(BLIND), [seen(0), seen(11, "cam-2")])[0] == 1, "of the other one"


def test_other_events_are_no_sign_of_life_for_a_rule_that_asks_for_some():
    history = [seen(minute, event_type="line.crossed" if minute == 0 else "zone.entered") for minute in range(0, 30, 5)]
    assert alerts(tree(BLIND), history)[0] == 1


def test_a_face_is_a_sign_of_life_and_what_goes_on_too():
    faces = [seen(minute, event_type="face.seen") for minute in range(0, 60, 8)]
    assert alerts(tree(LOST), faces, name="lost")[0] == 0
    states = [seen(minute, event_type="io.input", observation={"lifecycle": "SYNC"}) for minute in range(0, 60, 8)]
    assert alerts(tree(LOST), states, name="lost")[0] == 0


def test_heartbeats_count_for_rules_of_devices_where_the_history_has_them():
    history = [seen(0), *(alive(minute) for minute in range(1, 60)), seen(60)]
    known = {"cam-1": device("cam-1")}
    assert alerts(tree(LOST), history, devices=known, name="lost") == (0, 0, [])
    assert alerts(tree(BLIND), history, devices=known)[0] == 1
    gone = [seen(0), *(alive(minute, state="GONE") for minute in range(1, 60)), seen(60)]
    assert alerts(tree(LOST), gone, devices=known, name="lost")[0] == 1


def test_what_the_history_cannot_tell_is_said():
    [note] = alerts(tree(LOST), [seen(0), seen(60)], name="lost")[2]
    assert note == "lost: heartbeats (device-status) are not in this history: who saw nothing counts as silent"
    [note] = alerts(tree(LOST), [seen(0), alive(5), alive(6, "cam-9")], name="lost")[2]
    assert note.startswith("lost: heartbeats of 2 devices that reference.yaml does not name do not count")
    found = backtest(tree(), tree(LOST), Listed([seen(0)]), {})
    assert found.lines(5)[1].startswith("! lost: heartbeats")
    assert found.as_json()["notes"] == list(found.notes)


def test_times_are_those_of_the_site():
    at_night = {**BLIND, "match": {**BLIND["match"], "during": ["night"]}}
    history = [seen(720), seen(1_275, "cam-2", site_id="airport")]  # 21:15 UTC is 22:15 in Berlin
    assert alerts(tree(at_night, **NIGHT), history, {"harbour": site()})[0] == 1
    assert alerts(tree(at_night, **NIGHT), history, {"harbour": site(time_zone="Europe/London")})[0] == 0


@pytest.mark.parametrize("old", [tree(line=True), tree(BLIND, line=True)])
def test_a_silence_is_compared_with_silences_and_not_with_what_was_seen_last(old):
    new = tree(BLIND, line=True)
    found = backtest(old, new, Listed([seen(0), seen(60)]), {})
    told = [(one.mark, one.rule) for one in found.differences]
    assert told == ([] if old.routes.absent else [("+", "blind")])


def test_how_people_closed_a_silence_says_nothing_of_what_was_seen_before_it():
    _, record = seen(0)
    closed = {
        "alert_id": "a", "event_type": "device.silent", "outcome": "FALSE", "triggers": [record["sighting_id"]],
        "issued_at": AT + 90 * MINUTE,
    }  # fmt: skip
    _, tallies, _ = estimate(tree(BLIND, line=True), Listed([seen(0), seen(60), ("Alert", closed)]), {}, 0)
    assert (tallies["line"].false, tallies["blind"].false) == (0, 1)


def test_statuses_in_a_file_are_read(tmp_path):
    lines = [json.dumps({"type": type_, "record": record}) for type_, record in (seen(0), alive(5), seen(60))]
    (tmp_path / "day.jsonl").write_text("\n".join(lines))
    history = FileHistory([tmp_path / "day.jsonl"])
    assert [type_ for _, type_, _ in history.share(0, 1)] == ["Sighting", "DeviceStatus", "Sighting"]
