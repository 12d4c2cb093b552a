"""Errors say what they are told, also in another process; what nobody says has the quiet meaning."""

import pickle
import time
from uuid import UUID, uuid5

from fairwatch.domain.calendar import local_time, zone
from fairwatch.domain.clock import ManualClock, SystemClock
from fairwatch.domain.errors import OverloadedError, RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.history import REMEMBERED, History
from fairwatch.domain.ids import stable_id
from fairwatch.domain.part import Part
from fairwatch.domain.ports import Facet
from fairwatch.domain.processor import Spec


def test_a_refusal_passes_from_one_process_to_another_as_it_was() -> None:
    error = pickle.loads(pickle.dumps(RejectedError("invalid_field", "device_id is 'x'", "device_id")))
    assert (error.reason, error.detail, error.field) == ("invalid_field", "device_id is 'x'", "device_id")
    assert str(error) == "invalid_field: device_id is 'x'"


def test_who_is_overloaded_says_when_to_come_again() -> None:
    assert (OverloadedError("7 wait").retry_after_s, str(OverloadedError("7 wait"))) == (1.0, "7 wait")
    assert (OverloadedError("7 wait", 30.0).retry_after_s, str(OverloadedError("7 wait", 30.0))) == (30.0, "7 wait")


def test_an_event_of_nowhere_is_of_no_offset_and_no_partition() -> None:
    event = Event("in", "Observation", {})
    assert (event.partition, event.offset, dict(event.headers)) == (-1, -1, {})


def test_a_processor_has_no_state_and_does_not_replay_unless_it_says_so() -> None:
    spec = Spec("probe", ("in",), ("out",))
    assert (spec.state, spec.replay, spec.tick_s, spec.references) == (False, False, None, ())


def test_a_manual_clock_moves_by_what_it_is_told_and_the_machines_clock_counts_microseconds() -> None:
    clock = ManualClock(5)
    assert (clock.now(), clock.advance(seconds=1.5), clock.now()) == (5, 1_500_005, 1_500_005)
    clock.move_to(1_500_004)
    assert clock.now() == 1_500_005, "time does not go back"
    clock.move_to(1_500_006)
    assert clock.now() == 1_500_006
    before = time.time()
    assert before <= SystemClock().now() / 1_000_000 + 0.001 <= time.time() + 0.002


def test_a_part_that_says_nothing_else_is_not_listed_and_tells_people_at_once() -> None:
    facet = Facet("alert", "a", "alert", 1, 0, {})
    assert (facet.listed, facet.open, facet.quiet, facet.media) == (False, None, False, ())


def test_a_component_that_says_no_more_than_its_name_is_missed_and_takes_no_calls() -> None:
    part = Part(name="two-words", kind="gateway", summary="", does="")
    assert (part.essential, part.port, part.module) == (True, 0, "two_words")
    assert part.produces() == part.consumes() == ()


def test_a_component_reads_and_writes_what_its_processor_does() -> None:
    spec = Spec("probe", ("in",), ("out",), references=("devices",))
    part = Part(name="probe", kind="processor", summary="", does="", spec=spec, writes=("x",), references=("y",))
    assert (part.produces(), part.consumes()) == (("out",), ("in", "devices"))
    told = Part(name="probe", kind="gateway", summary="", does="", writes=("x",), references=("y",))
    assert (told.produces(), told.consumes()) == (("x",), ("y",))


def test_an_id_is_the_uuid_of_what_makes_a_thing_unique() -> None:
    namespace = UUID("5b1c6f0e-6a5d-5d0f-9a53-8f6f2f6c1a11")
    for number in range(64):
        assert stable_id("thing", "é", number) == str(uuid5(namespace, f"thing\x1fé\x1f{number}"))


def test_a_history_names_the_last_changes_and_says_when_it_does_not_know() -> None:
    history = History()
    assert (history.since(0), history.since(1), history.since(-1)) == ([], None, None)
    for key in "abc":
        history.note(key)
    assert (history.since(2), history.since(3), history.since(4)) == (["b", "c"], ["a", "b", "c"], None)
    for number in range(8192):
        history.note(str(number))
    assert REMEMBERED == len(history.since(8192) or ()) == 8192
    assert history.since(8193) is None
    history.forget()
    assert (history.since(0), history.since(1)) == ([], None)


def test_an_instant_is_told_in_local_time_by_the_zone_of_a_place() -> None:
    berlin = zone("Europe/Berlin")
    assert berlin is not None
    assert local_time(1_767_225_600_000_000, berlin).isoformat() == "2026-01-01T01:00:00+01:00"
    assert zone("Nowhere/Land") is zone("") is zone(None) is None
    assert zone("../etc/passwd") is zone("Europe") is zone("n" * 5_000) is None, "no name makes a hub stumble"
