"""Errors say what they are told, also in another process; what nobody says has the quiet meaning."""

import pickle

from fairwatch.domain.clock import ManualClock, SystemClock
from fairwatch.domain.errors import OverloadedError, RejectedError
from fairwatch.domain.event import Event
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
    assert SystemClock().now() > 1_767_225_600_000_000


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
