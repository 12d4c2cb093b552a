"""What an alert and its verdict name by partition and offset is looked at there: a forged place shows."""

from collections.abc import Mapping
from typing import Any

from fairwatch.apps.lineage.collect import gather
from fairwatch.apps.lineage.places import FITS, GONE, NOTHING, OTHER, UNREAD, placed
from tests.apps.test_explained import match
from tests.support import records

PLACES = {"candidates": 7, "verifications": 8, "sightings": 9}


def there(lies: Mapping[str, Any], **closed: Any) -> dict[str, str]:
    """Return what is told of the places of a verdict, where the topics hold this."""
    topics, reference = match()
    found = gather(topics.find, lambda name: reference.get(name, {}), records.trigger("watchlist|entry-1")["alert_id"])
    assert found.verdict is not None
    named = [{"topic": topic, "partition": 0, "offset": offset} for topic, offset in PLACES.items()]
    found.verdict["follows"] = named
    step = placed(found, lambda topic, _partition, _offset: lies.get(topic, NOTHING), **closed)
    return {one["place"].split("/")[0]: one["there"] for one in step["facts"]}


def test_what_lies_where_it_is_named_fits_and_another_record_does_not() -> None:
    verdict = records.verdict("FACE", people=("ann", "ben"))
    lies = {"candidates": verdict["candidate"], "verifications": {"verification_id": "another"}, "sightings": GONE}
    assert there(lies) == {"candidates": FITS, "verifications": OTHER, "sightings": GONE}
    assert there({})["candidates"] == NOTHING


def test_a_topic_that_may_not_be_read_here_is_told_as_such() -> None:
    assert there({}, closed={"sightings"})["sightings"] == UNREAD
