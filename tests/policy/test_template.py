"""Titles and texts: what they may say, what they cannot reach, and that one that fails makes no alert late."""

import pytest
from pydantic import ValidationError

from fairwatch.policy.routing import Options, Routes, RouteTree
from fairwatch.policy.subject import of_sighting
from fairwatch.policy.template import Template, TitleTemplate
from fairwatch.processors.route import Route
from fairwatch.telemetry.metrics import REGISTRY
from tests.support.processor_world import MemoryReference, World, emitted
from tests.support.records import sighting

SEEN = of_sighting(sighting(zones=["quay", "gate"], device_name="Gate {1}"))


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{event_type} at {device_name}", "line.crossed at Gate {1}"),
        ("{zones} of {site_name}", "quay,gate of Harbour Station"),
        ("${zones[0]}: {site_id}", "quay: harbour"),
        ('${zones.size() > 1 ? string(zones.size()) + " zones" : zones[0]}', "2 zones"),
        ('${{"line.crossed": "Fence", "b": "}"}[event_type]}', "Fence"),
        ('${"\\"}" + site_id}', '"}harbour'),
        ("{{event_type}} costs $5", "{event_type} costs $5"),
        ('at ${hour < 6 ? "night" : "day"}', "at night"),
    ],
)
def test_a_template_says_fields_and_expressions(template, text):
    assert Template(template).fill(SEEN).text == text


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{device}", "unknown placeholder 'device'"),
        ("{device_name.__class__}", "unknown placeholder"),
        ("{device_name:>99999999}", "unknown placeholder"),
        ("{device_name!r}", "unknown placeholder"),
        ("{0}", "unknown placeholder"),
        ("{device_name", "broken placeholder"),
        ("device_name}", "broken placeholder"),
        ("${site_id", "broken placeholder"),
        ("${hour}", "gives no text"),
        ("${media[0]}", "undeclared reference to 'media'"),
        ("${observation.attributes}", "undeclared reference"),
        ("${verified_by[0]}", "undeclared reference"),
        ("${'" + "x" * 2_000 + "'}", "more than 2000 characters"),
    ],
)
def test_what_no_template_may_say_is_named_when_the_rules_are_loaded(template, says):
    with pytest.raises(ValidationError, match="title") as caught:
        Options.model_validate({"title": template})
    assert says in str(caught.value)


def test_an_empty_title_is_refused_and_an_empty_description_is_none():
    with pytest.raises(ValueError, match="is empty"):
        TitleTemplate(" ")
    assert Template("").fill(SEEN).text == ""


def test_what_fails_is_told_plainly():
    filled = TitleTemplate('${facts["nowhere"]}').fill(SEEN)
    assert (filled.text, "nowhere" in filled.failed) == ("line.crossed at Gate {1}", True)
    assert Template("${string(1 / (hour - hour))}").fill(SEEN).text == ""


def test_what_writes_more_than_it_may_is_told_plainly():
    """Half a million characters from a short template: a long name, two thousand times."""
    long = of_sighting(sighting(device_name="x" * 300))
    filled = TitleTemplate("{device_name}" * 2_000).fill(long)
    assert filled.text == "line.crossed at " + "x" * 300
    assert filled.failed == "it has 600000 characters"


async def test_an_alert_whose_title_fails_is_raised_all_the_same_and_counted():
    node = {"name": "odd", "receivers": ["room"], "title": "${zones[9]}", "description": "${zones[0]}"}
    tree = RouteTree(Routes.model_validate({"route": {"routes": [node]}}))
    world, labels = World(Route(tree, MemoryReference())), {"rule": "odd", "part": "title"}
    before = REGISTRY.get_sample_value("fairwatch_rules_failed_total", labels) or 0
    answers = await world.push(world.event("sightings", "Sighting", sighting(zones=["quay"])))
    [trigger] = emitted(answers, "alert-triggers")
    assert (trigger["title"], trigger["description"]) == ("line.crossed at Camera cam-1", "quay")
    assert REGISTRY.get_sample_value("fairwatch_rules_failed_total", labels) == before + 1


def test_a_template_is_written_out_as_it_was_read():
    from pydantic import TypeAdapter  # noqa: PLC0415

    adapter = TypeAdapter(Template)
    read = adapter.validate_python("{device_name}: {event_type}")
    assert adapter.validate_python(read) is read
    assert adapter.dump_json(read) == b'"{device_name}: {event_type}"'
