"""What is one cause and what are two, how each ends, and how many a group can hold."""

import pytest

from fairwatch.policy.causes import SHELVES, Cause, CauseBook, cause_of_observation
from tests.support.processor_world import MemoryState
from tests.support.records import AT, observation


def seen(event_type="zone.inside", *, rule="a", channel="1", **fields):
    return observation(event_type, **{"source": {"format": "x", "rule": rule, "channel": channel}, **fields})


def cause_id(*args, **fields):
    return cause_of_observation(seen(*args, **fields))[0]


def kind(*args, **fields):
    return cause_of_observation(seen(*args, **fields))[1]


def test_two_rules_channels_or_objects_of_one_device_are_two_causes():
    whole = cause_id(active=True)
    assert cause_id(active=False) == whole, "its end is its own"
    others = [cause_id(rule="b"), cause_id(channel="2"), cause_id(object_id="7"), cause_id("loitering")]
    assert len({whole, *others}) == 5


def test_an_object_is_one_cause_whatever_it_is_called_meanwhile():
    began = cause_id("vehicle.seen", object_id="7", lifecycle="START")
    assert cause_id("object.detected", object_id="7", lifecycle="END") == began
    assert cause_id("vehicle.seen", object_id="8", lifecycle="START") != began


@pytest.mark.parametrize(
    ("event_type", "fields", "wanted"),
    [
        ("line.crossed", {}, "MOMENT"),
        ("line.crossed", {"lifecycle": "START", "active": True}, "MOMENT"),
        ("zone.inside", {"active": True}, "TRACK"),
        ("person.seen", {"lifecycle": "UPDATE", "object_id": "7"}, "TRACK"),
        ("person.seen", {}, "MOMENT"),
        ("tamper.covered", {"active": True}, "CONDITION"),
        ("io.input", {"lifecycle": "START"}, "CONDITION"),
        ("fire.detected", {"active": False}, "CONDITION"),
        ("device.fault", {}, "MOMENT"),
    ],
)
def test_what_happens_says_how_it_ends(event_type, fields, wanted):
    assert kind(event_type, **fields) == wanted


def cause(cause_id, at=AT):
    return Cause(cause_id, "TRACK", "cam-1", "person.seen", at, at, at)


@pytest.fixture
def state():
    return MemoryState()


def test_an_end_without_an_object_ends_all_of_its_thing_and_nothing_else(state):
    book = CauseBook(state, 0, "g")
    for name in ("a#1", "a#2", "b#1", "ab"):
        book.put(cause(name))
    assert [each.cause_id for each in book.ended_by("a")] == ["a#1", "a#2"]
    assert [each.cause_id for each in book.ended_by("a#2")] == ["a#2"]
    assert book.ended_by("a#3") == []


def test_an_end_with_an_object_ends_what_began_without_one(state):
    book = CauseBook(state, 0, "g")
    book.put(cause("a"))
    assert [each.cause_id for each in book.ended_by("a#7")] == ["a"]


def test_causes_come_back_as_they_were_saved_and_leave_nothing_when_they_are_gone(state):
    book = CauseBook(state, 0, "g")
    book.put(cause("a#1"))
    book.save()
    again = CauseBook(state, 0, "g")
    assert again.get("a#1") == cause("a#1")
    again.remove(cause("a#1"))
    again.save()
    assert list(state.items(0)) == []


def test_thousands_of_causes_lie_on_shelves_of_which_a_trigger_rewrites_one(state):
    book = CauseBook(state, 0, "g")
    for n in range(5_000):
        book.put(cause(f"{n}"))
    book.save()
    assert book.shelves == SHELVES
    before = dict(state.partitions[0])
    again = CauseBook(state, 0, "g", SHELVES)
    again.put(cause("17", AT + 1))
    again.save()
    assert sum(before[key] != text for key, text in state.partitions[0].items()) == 1
    assert len(list(again)) == 5_000
    again.clear()
    again.save()
    assert list(state.items(0)) == []
