"""MQTT topic filters."""

import pytest

from fairwatch.gateways.mqtt_topics import check_filter, matches, overlap


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("frigate/events", "frigate/events", True),
        ("frigate/+/snapshot", "frigate/yard/snapshot", True),
        ("frigate/+", "frigate/yard/snapshot", False),
        ("cam/#", "cam/onvif-ej/RuleEngine/&1/2", True),
        ("cam/#", "cam", True),
        ("#", "$SYS/broker/load", False),
        ("+/events", "frigate/events", True),
        ("frigate/events", "frigate/event", False),
        ("a/b/c", "a/b", False),
    ],
)
def test_filter_matches_as_mqtt_says(pattern, topic, expected):
    assert matches(pattern, topic) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("frigate/#", "frigate/events", True),
        ("+/events", "frigate/+", True),
        ("cam-1/#", "cam-2/#", False),
        ("a/b", "a/b/c", False),
        ("a/b/#", "a/b", True),
        ("a/+/c", "a/b/d", False),
    ],
)
def test_overlap_is_found_both_ways(one, other, expected):
    assert overlap(one, other) is overlap(other, one) is expected


@pytest.mark.parametrize("pattern", ["", "a/#/b", "a#", "a/b+", "a\0"])
def test_wrong_filter_is_refused(pattern):
    with pytest.raises(ValueError, match=r"topic filter|level"):
        check_filter(pattern)
