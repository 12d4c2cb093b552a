"""The main job end to end, as `make demo` plays it, and its traces, as a real collector got them.

One file, since tests that run side by side share the one demo only within a file.
"""

import json
from itertools import pairwise
from typing import get_args

import pytest

from fairwatch.apps.demo import world
from fairwatch.telemetry.tracing import Attribute

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

WAY_OF_A_PLATE = (
    "http receive", "normalize process", "enrich process", "match process", "verify process", "route process",
    "group process", "notify process", "notify deliver",
)  # fmt: skip
NOT_TO_BE_SAID = (
    world.STOLEN_LISTED, world.STOLEN_READ, "Stolen blue saloon", "Missing child", "inspector.ray", "judge.okafor",
    "alice", "bob", "Harbour", "hik-harbour", "control-room", "auth-", "EthicCode", "fw-media",
)  # fmt: skip


def test_the_story_ends_with_every_expected_alert_exactly_once(played):
    assert played.done.returncode == 0, played.done.stdout[-4000:] + played.done.stderr[-2000:]
    assert "✗" not in played.done.stdout
    left = [
        line
        for path in (played.folder / "logs").glob("*.log")
        for line in path.read_text().splitlines()
        if '"level": "error"' in line
    ]
    assert not left, json.dumps(left[:5])


def test_one_trace_leads_from_the_cameras_request_to_the_delivery(played):
    whole = [
        {span.name: span for span in spans}
        for spans in played.collector.traces().values()
        if {span.name for span in spans} >= set(WAY_OF_A_PLATE)
    ]
    assert whole, {span.name for span in played.collector.spans}
    for spans in whole:
        assert spans["http receive"].parent_id == ""
        for cause, effect in pairwise(WAY_OF_A_PLATE):
            assert spans[effect].parent_id == spans[cause].span_id, (cause, effect)
        assert spans["notify deliver"].attributes["fairwatch.outcome"] == "ok"
        assert {span.service for span in spans.values()} >= {"fairwatch-http", "fairwatch-match", "fairwatch-notify"}


def test_every_way_in_begins_traces_and_every_processor_goes_on_with_them(played):
    names = {span.name for span in played.collector.spans}
    assert names >= {"http receive", "mqtt receive", "viid receive", "audit process", "project process"}


def test_a_dead_letter_is_told_by_its_reason(played):
    assert {span.fault for span in played.collector.spans if span.name == "normalize process"} >= {"", "malformed"}


def test_events_of_one_batch_are_linked(played):
    by_id = {span.span_id: span for span in played.collector.spans}
    links = [(span, by_id[link]) for span in played.collector.spans for link in span.links if link in by_id]
    assert links
    assert all(span.name == other.name for span, other in links if span.name.endswith("process"))


def test_no_span_says_who_or_what_was_seen(played):
    assert {name for span in played.collector.spans for name in span.attributes} <= set(get_args(Attribute))
    for body in played.collector.raw:
        assert not [word for word in NOT_TO_BE_SAID if word.encode() in body]
