"""MQTT topic filters."""

import sys
import time

import pytest

from fairwatch.edges.credentials import DeviceBinding
from fairwatch.edges.device_index import Devices
from fairwatch.edges.mqtt.topics import OverlapError, TopicOwners, check_filter

MICROS = 1e6


def matches(pattern, topic):
    owners = TopicOwners()
    owners.add(pattern, "cam-1")
    return owners.of(topic) == "cam-1"


def overlap(first, second):
    owners = TopicOwners()
    owners.add(first, "cam-1")
    try:
        owners.add(second, "cam-2")
    except OverlapError as error:
        return (error.first, error.owner) == (first, "cam-1")
    return False


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
        ("+/+", "a/b/c", False),
        ("a/+/#", "a", False),
        ("a/+/c", "+/b/+", True),
    ],
)
def test_overlap_is_found_both_ways(one, other, expected):
    assert overlap(one, other) is overlap(other, one) is expected


def test_filters_of_one_device_may_overlap():
    owners = TopicOwners()
    for pattern in ("a/#", "a/b", "a/b", "+/b"):
        owners.add(pattern, "cam-1")
    assert owners.of("a/b") == "cam-1"


def _pace(count: int) -> float:
    """Return the seconds in which one of so many devices is found."""
    names = [f"cam-{number}" for number in range(count)]
    devices = Devices(
        DeviceBinding(device_id=name, mqtt_topics=(f"site/{name}/#", f"frigate-{name}/+/events")) for name in names
    )
    some = names[:: max(1, count // 1_000)]
    topics = [f"site/{name}/onvif-ej/RuleEngine" for name in some] + [f"frigate-{name}/a/events" for name in some]
    best = float("inf")
    for _ in range(9):  # the quickest of a few, by the time of this thread: the machine does other things as well
        began = time.thread_time()
        found = [devices.by_topic(topic) for topic in topics]
        best = min(best, (time.thread_time() - began) / len(topics))
    assert [one.device_id for one in found if one] == some * 2
    assert devices.by_topic(f"site/cam-{count}/x") is None
    return best


def test_one_of_ten_thousand_devices_is_found_as_quickly_as_one_of_a_hundred():
    few, many = _pace(100), _pace(10_000)
    if sys.gettrace() is None:  # `make coverage` counts each line meanwhile
        assert many < 4 * few, f"{many * MICROS:.1f} us, {few * MICROS:.1f} us"


@pytest.mark.parametrize("pattern", ["", "a/#/b", "a#", "a/b+", "a\0"])
def test_wrong_filter_is_refused(pattern):
    with pytest.raises(ValueError, match=r"topic filter|level"):
        check_filter(pattern)
