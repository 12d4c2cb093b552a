"""Incidents are counted once each: opened, closed, merged, split, too fast; what people do to them is audited whole."""

from typing import Any

from fairwatch.domain.outcome import Emit, Skip
from fairwatch.telemetry.metrics import REGISTRY
from tests.processors.test_incident import DOOR, FACE, GATES, PLATE, merge, split
from tests.support.incidents import Place
from tests.support.processor_world import MemoryReference

WHAT = ("opened", "closed", "merged", "split", "implausible_transit")


class Counts:
    """What was counted of the rule `yard` since it was made."""

    def __init__(self) -> None:
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        labels = ({"rule": "yard", "what": what} for what in WHAT)
        return {each["what"]: REGISTRY.get_sample_value("fairwatch_incidents_total", each) or 0 for each in labels}

    @property
    def new(self) -> dict[str, float]:
        return {what: now - self._before[what] for what, now in self._now().items() if now != self._before[what]}


async def test_an_incident_is_counted_when_it_opens_and_once_when_it_closes_however_often_it_is_told() -> None:
    counts, erasures = Counts(), MemoryReference()
    place = Place(erasures=erasures)
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=1, **FACE)
    assert counts.new == {"opened": 1}
    await place.waits(3600)
    assert counts.new == {"opened": 1, "closed": 1}
    erasures.put("receipt", {"candidates": [], "alerts": ["alert-2"]})
    await place.waits(1)
    assert (place.one["state"], len(place.one["members"])) == ("CLOSED", 1)
    assert counts.new == {"opened": 1, "closed": 1}


async def test_what_is_revoked_opens_nothing() -> None:
    counts, place = Counts(), Place()
    assert await place.sees(1, at=0, state="CANCELLED", **FACE) == [Skip("nothing_open")]
    await place.sees(2, at=0, alert="a", **FACE)
    await place.sees(3, at=1, alert="a", state="CANCELLED", **FACE)
    assert counts.new == {"opened": 1}


async def test_two_that_become_one_are_counted_as_one_that_was_merged_and_what_is_split_as_split() -> None:
    counts, place = Counts(), Place()
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=200, **DOOR)
    await place.sees(3, at=100, **DOOR)
    assert counts.new == {"opened": 2, "merged": 1}
    assert (await place.does(split(place.one, "alert-9")))[-1] == Skip("not_in_it")
    await place.does({**split(place.one, "alert-2"), "action_id": "other"})
    assert counts.new == {"opened": 2, "merged": 1, "split": 1}


async def test_each_way_that_is_too_fast_is_counted_once() -> None:
    counts, place = Counts(), Place(transits=[GATES])
    await place.sees(1, at=0, device="gate-1", **PLATE)
    await place.sees(2, at=20, device="gate-2", **PLATE)
    assert counts.new == {"opened": 1, "implausible_transit": 2}
    await place.sees(3, at=30, **DOOR)
    assert counts.new == {"opened": 1, "implausible_transit": 2}
    await place.sees(4, at=40, device="gate-1", **PLATE)
    assert place.one["implausible"] == 3
    assert counts.new == {"opened": 1, "implausible_transit": 3}


async def test_incidents_that_are_known_are_counted_until_they_are_forgotten() -> None:
    place = Place(keep="1h")
    for seconds, known in ((0, 2), (3600, 2), (7200, 0)):
        if not seconds:
            await place.sees(1, at=0, **DOOR)
            await place.sees(2, at=0, site_id="airport", **DOOR)
        await place.waits(seconds)
        assert REGISTRY.get_sample_value("fairwatch_incidents_known") == known


def audited(outcomes: list[Any]) -> dict[str, Any]:
    [audit] = [each.record for each in outcomes if isinstance(each, Emit) and each.topic == "audit"]
    assert isinstance(audit, dict)
    return audit


async def test_the_audit_of_a_merge_says_into_which_it_went_why_and_how() -> None:
    place = Place()
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=600, **DOOR)
    one, two = place.incidents.values()
    said = audited(await place.does(merge(two, one, note="the same car", via="api")))
    assert (said["action"], said["actor"], said["subject"]) == ("incident.merge", "ann", two["incident_id"])
    details = said["details"]
    assert {name: details[name] for name in ("deed", "role", "into", "note", "via")} == {
        "deed": "MERGE", "role": "operator", "into": one["incident_id"], "note": "the same car", "via": "api",
    }  # fmt: skip
    assert details["policy"]
    assert "alerts" not in details


async def test_the_audit_of_a_split_names_the_alerts_that_left() -> None:
    place = Place()
    for number in (1, 2, 3):
        await place.sees(number, at=number, **DOOR)
    details = audited(await place.does(split(place.one, "alert-2", "alert-3")))["details"]
    assert details["alerts"] == "alert-2,alert-3"
    assert not {"into", "note"} & set(details)


async def test_a_step_of_the_future_does_not_count_and_neither_does_one_that_says_it_was_known_later() -> None:
    place = Place()
    ahead = place.step(1, at=61, **DOOR)
    assert await place.hears(ahead) != [Skip("future")], "it says that it was known then"
    place = Place()
    assert await place.hears({**ahead, "issued_at": place.clock.now()}) == [Skip("future")]
