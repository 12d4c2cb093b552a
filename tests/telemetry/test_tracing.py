"""Traces: off by default, one context from cause to effect, links where events meet, nothing personal."""

import subprocess
import sys
import time
from typing import get_args

import pytest

from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.domain.event import Event
from fairwatch.engine.traces import traced
from fairwatch.telemetry import tracing
from fairwatch.telemetry.tracing import TRACE, Attribute, joined, sampled, span
from tests.support.collector import collecting

GIVEN = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = GIVEN[:-1] + b"0"
TRACE_ID = GIVEN.decode().split("-")[1]


@pytest.fixture
def collector():
    """Give a collector that every trace of this process goes to."""
    with collecting() as running:
        tracing.configure(running.url, 1.0, component="test", version="1")
        yield running
        tracing.shut_down()


def event(header=None, offset=0, **more):
    return Event("observations", "Observation", {}, "cam-1", {TRACE: header} if header else {}, 0, offset, **more)


def flushed(collector):
    """Return what was sent, all of it."""
    tracing.shut_down()
    return collector.spans


def test_off_by_default_and_contexts_pass_through():
    assert tracing.active() is None
    with span("http receive", "server", GIVEN, {}) as step:
        step.note(outcome="ok")
    assert step.context == GIVEN
    given = event(GIVEN)
    with traced("normalize", [given], [0]) as spans:
        spans.died({0: RejectedError("malformed", "")})
    assert given.headers == {TRACE: GIVEN}
    assert joined("group", "alerts", [UNSAMPLED, GIVEN]) == GIVEN


def test_what_exports_is_not_even_imported_while_off_nor_what_a_worker_needs_only_once_it_works():
    code = (
        "import sys, fairwatch.engine.worker, fairwatch.apps.processors, fairwatch.processors.match;"
        "early = 'redis' in sys.modules;"
        "import fairwatch.edges.edge;"
        "from fairwatch.telemetry import tracing; tracing.configure('', 1.0, component='c', version='1');"
        "sys.exit(early or 'fairwatch.telemetry.otel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fairwatch.telemetry.otel", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'fairwatch\[traces\]'"):
        tracing.configure("http://127.0.0.1:1", 1.0, component="c", version="1")


def test_a_step_continues_the_trace_it_was_given(collector):
    with span("http receive", "server", GIVEN, {"fairwatch.component": "http"}) as step:
        step.note(outcome="ok", status=200)
    assert step.context.split(b"-")[1].decode() == TRACE_ID
    [seen] = flushed(collector)
    assert (seen.service, seen.name, seen.kind) == ("fairwatch-test", "http receive", "SPAN_KIND_SERVER")
    assert (seen.trace_id, seen.parent_id) == (TRACE_ID, GIVEN.decode().split("-")[2])
    assert seen.attributes == {"fairwatch.component": "http", "fairwatch.outcome": "ok", "fairwatch.status": "200"}


def test_each_event_of_a_batch_goes_on_in_its_own_trace_linked_to_the_others(collector):
    other = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
    events = [event(GIVEN), event(UNSAMPLED, 1), event(other, 2), event(offset=3)]
    with traced("normalize", events, [0, 1, 3, 4]) as spans:  # the record at place 2 could not be decoded
        assert events[1].headers[TRACE] == UNSAMPLED
        assert all(sampled(one.headers[TRACE]) for one in (events[0], events[2], events[3]))
        spans.died({3: RejectedError("malformed", "plate HB-KX 41B")})
    seen = {one.attributes["messaging.kafka.offset"]: one for one in flushed(collector)}
    assert seen.keys() == {"0", "2", "3"}
    assert [seen[offset].trace_id for offset in "02"] == [TRACE_ID, "a" * 32]
    assert seen["2"].links == seen["3"].links == (seen["0"].span_id,)
    assert [seen[offset].fault for offset in "023"] == ["", "malformed", ""]
    assert {one.attributes["fairwatch.batch_size"] for one in seen.values()} == {"4"}


def test_what_follows_from_several_causes_is_linked_to_all(collector):
    other = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
    context = joined("group", "alerts", [other, GIVEN, GIVEN])
    assert context.split(b"-")[1].decode() == TRACE_ID
    [seen] = flushed(collector)
    assert (seen.name, seen.links) == ("group join", ("b" * 16,))


def test_a_ratio_of_nothing_still_follows_what_was_decided_before():
    with collecting() as running:
        tracing.configure(running.url, 0.0, component="test", version="1")
        with span("http receive", "server", None, {}) as fresh, span("http receive", "server", GIVEN, {}):
            pass
        assert not sampled(fresh.context)
        assert [one.trace_id for one in flushed(running)] == [TRACE_ID]


def test_an_error_is_told_by_its_reason_and_never_quotes_the_record(collector):
    with pytest.raises(RejectedError), span("http receive", "server", None, {}):
        raise RejectedError("invalid_field", "plate is 'HB-KX 41B'")
    with pytest.raises(ValueError, match="KX"), span("http receive", "server", None, {}):
        raise ValueError("HB-KX 41B")
    assert {one.fault for one in flushed(collector)} == {"invalid_field", "ValueError"}
    assert not any(b"KX" in body for body in collector.raw)


def test_attributes_are_a_closed_list_without_keys_values_or_devices():
    assert {name.rpartition(".")[2] for name in get_args(Attribute)} == {
        "component", "batch_size", "outcome", "sink", "status", "system", "name", "id", "offset", "size",
    }  # fmt: skip


def test_a_collector_that_is_away_holds_nobody_up():
    tracing.configure("http://127.0.0.1:9", 1.0, component="test", version="1")
    for _ in range(10_000):
        with span("http receive", "server", None, {}):
            pass
    began = time.monotonic()
    tracing.shut_down()
    assert time.monotonic() - began < 5
