"""What a cause is called: the same thing alike, whoever names it, and different things apart."""

import pytest

from fairwatch.policy.causes import cause_of, cause_of_observation, plain_name

SEEN = {
    "device_id": "recorder",
    "event_type": "zone.inside",
    "active": True,
    "source": {"device_id": "cam-1", "channel": "1", "rule": "a"},
}


def name(**changed):
    source = {**SEEN["source"], **changed.pop("source", {})}
    return cause_of_observation({**SEEN, **changed, "source": source})[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"device_id": "another"},
        {"event_type": "zone.loitering"},
        {"object_id": "7"},
        {"source": {"device_id": "cam-2"}},
        {"source": {"channel": "2"}},
        {"source": {"rule": "b"}},
    ],
)
def test_another_device_camera_channel_rule_object_or_event_is_another_cause(changed):
    assert name(**changed) != name()
    assert name(**changed) == name(**changed)


def test_objects_of_one_thing_begin_with_its_name():
    assert name(object_id="7").startswith(name() + "#")
    assert name(object_id="7") != name(object_id="8")


def test_a_trigger_names_its_cause_or_is_named_as_an_earlier_release_did():
    told = {"causes": [{"cause_id": "x", "kind": "TRACK"}, {"cause_id": "y", "kind": "MOMENT"}], "event_type": "e"}
    assert cause_of(told) == ("x", "TRACK")
    earlier = {"event_type": "line.crossed", "device_ids": ["cam-1", "cam-2"]}
    assert cause_of(earlier) == ("cam-1|line.crossed", "MOMENT")
    assert plain_name({**earlier, "candidate_id": "c"}) == "c"
    assert plain_name({"event_type": "line.crossed"}) == "|line.crossed"
