"""What a rule makes of a sighting that ends: it speaks for its beginning where that would have raised an alert."""

import pytest

from fairwatch.domain.outcome import Skip
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.subject import of_sighting
from fairwatch.processors.route import Route, triggers_of
from tests.support.processor_world import MemoryReference, World, emitted
from tests.support.records import AT, sighting

SECOND = 1_000_000
RULE = {"name": "inside", "match": {"event_types": ["zone.inside"]}, "title": "Somebody is inside"}
WRITTEN = {
    "lifecycle": "END",
    "active": False,
    "device_time": {"utc": AT, "raw": "", "zone": "+00:00"},
    "appeared_at": {"utc": AT - 60 * SECOND, "raw": "", "zone": "+00:00"},
}


def tree(**match):
    rule = {**RULE, "match": {**RULE["match"], **match}}
    return RouteTree(Routes.model_validate({"route": {"receivers": ["room"], "routes": [rule]}}))


@pytest.mark.parametrize(("match", "started"), [({}, AT - 60 * SECOND), ({"min_confidence": 1.0}, AT)])
def test_an_end_says_when_it_began_where_the_beginning_would_have_been_told(match, started):
    [told] = triggers_of(tree(**match), of_sighting(sighting("zone.inside", observation=WRITTEN)))
    assert (told.record["state"], told.record["started_at"], told.record["ended_at"]) == ("ENDED", started, AT)
    assert (told.record["title"], told.key) == ("Somebody is inside", "inside|cam-1")


async def test_what_no_rule_takes_is_counted_as_such_and_what_one_takes_is_told():
    world = World(Route(tree(), MemoryReference({})))
    [unrouted] = await world.push(world.event("sightings", "Sighting", sighting("line.crossed")))
    assert unrouted == [Skip("unrouted")]
    answers = await world.push(world.event("sightings", "Sighting", sighting("zone.inside", observation=WRITTEN)))
    assert [said["rule"] for said in emitted(answers, "alert-triggers")] == ["inside"]
    assert Skip("unrouted") not in answers[0]
