"""`Group` tells incidents of what became part of an alert: once, and without what it must not."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from fairwatch.policy.incidents.roles import role_of
from fairwatch.policy.incidents.rules import IncidentRule
from fairwatch.policy.incidents.shelf import ALERT
from fairwatch.policy.incidents.step import Step
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.policy.rule_faults import Places, rule_faults
from fairwatch.processors.group import Group
from tests.support.incidents import Place
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, trigger

ROUTES: dict[str, Any] = {
    "route": {
        "receivers": ["room"],
        "routes": [
            {"name": "tamper", "match": {"event_types": ["tamper.*"]}},
            {"name": "quiet", "shadow": True, "match": {"event_types": ["line.crossed"]}},
        ],
    },
    "incidents": [
        {"name": "gates", "per": "rule", "devices": ["gate-1", "gate-2"]},
        {"name": "site", "event_types": ["tamper.*", "watchlist.face"], "sites": ["harbour"]},
    ],
}


def world(**incident: Any) -> World:
    said = {**ROUTES, "incidents": [{**ROUTES["incidents"][1], **incident}]} if incident else ROUTES
    made = World(None)  # type: ignore[arg-type]  # set in the next line: both share the clock
    made.processor = Group(RuleBook(RouteTree(Routes.model_validate(said)), None), MemoryState(), made.clock)
    return made


async def steps(here: World, *triggers: dict[str, Any]) -> list[dict[str, Any]]:
    return emitted(
        await here.push(*(here.event("alert-triggers", "Alert", each) for each in triggers)), "incident-steps"
    )


async def test_a_step_names_the_alert_and_carries_no_text_picture_or_person() -> None:
    here = world()
    face = {"event_type": "watchlist.face", "site_id": "harbour", "verified_by": ["ann", "ben"], "entry_id": "e",
            "candidate_id": "c", "title": "Missing child", "parameters": {"score": "0.9"},
            "media": [{"uri": "fw-media:0", "sha256": None}]}  # fmt: skip
    answers = await here.push(here.event("alert-triggers", "Alert", trigger(**face)))
    [step], [alert] = emitted(answers, "incident-steps"), emitted(answers, "alerts")
    assert (step["alert_id"], step["group"]) == (alert["alert_id"], "site|harbour")
    assert set(step["parameters"]) == {"incident.step", "incident.rule"}
    assert not {"verified_by", "media", "candidate_id", "description"} & set(step)
    assert step["title"] == ""


async def test_the_first_rule_that_takes_an_alert_has_it_and_places_of_one_rule_may_span_sites() -> None:
    said = [("gate-1", "harbour"), ("gate-2", "airport"), ("cam-9", "harbour"), ("cam-9", "airport")]
    triggers = [trigger(str(n), n=n, device_ids=[device], site_id=site) for n, (device, site) in enumerate(said)]
    assert [step["group"] for step in await steps(world(), *triggers)] == ["gates|", "gates|", "site|harbour"]


async def test_what_goes_on_and_what_is_shadow_tells_nothing_and_an_end_and_a_revocation_do() -> None:
    here = world()
    cause = [{"cause_id": "c", "kind": "CONDITION", "device_id": "cam-1", "event_type": "tamper.scene_change",
              "started_at": AT, "updated_at": AT}]  # fmt: skip
    on = {"site_id": "harbour", "causes": cause}
    told = await steps(
        here,
        trigger(n=0, **on),
        trigger(n=1, at=AT + 1, **on),
        trigger(n=2, at=AT + 2, state="ENDED", **on),
        trigger("quiet:x", n=3, rule="quiet", site_id="harbour"),
    )
    assert [step["state"] for step in told] == ["NEW", "ENDED"]
    face = {"event_type": "watchlist.face", "candidate_id": "c", "site_id": "harbour"}
    both = await steps(here, trigger("f", n=4, **face), trigger("f", n=5, state="CANCELLED", **face))
    assert [step["state"] for step in both] == ["NEW", "CANCELLED"]


MATCH: dict[str, Any] = {
    "event_type": "watchlist.face", "site_id": "harbour", "candidate_id": "c", "entry_id": "e",
    "device_ids": ["hall-1"],
    "causes": [{"cause_id": "c", "kind": "MOMENT", "device_id": "hall-1", "event_type": "watchlist.face",
                "started_at": AT, "updated_at": AT}],
}  # fmt: skip


async def test_a_match_that_is_revoked_when_its_alert_is_over_leaves_its_incident_all_the_same() -> None:
    here, place = world(name="yard"), Place()
    for step in await steps(here, trigger("f", n=1, **MATCH)):
        await place.hears(step)
    assert len(place.one["members"]) == 1
    await here.tick(3600)
    for step in await steps(here, trigger("f", n=2, state="CANCELLED", **MATCH)):
        await place.hears(step)
    assert (place.one["members"], place.one["timeline"][0]["state"]) == ([], "WITHDRAWN")
    assert [key for key, _ in place.state.items(0) if key.startswith(ALERT)] == []


async def test_what_is_revoked_leaves_the_incident_of_a_rule_that_is_gone() -> None:
    sets, here, place = MemoryReference(), world(), Place()
    old = {**ROUTES, "incidents": [{"name": "yard", "sites": ["harbour"]}]}
    here.processor = Group(RuleBook(RouteTree(Routes.model_validate(old)), sets), MemoryState(), here.clock)
    for step in await steps(here, trigger("f", n=1, **MATCH)):
        await place.hears(step)
    new = {**ROUTES, "incidents": [{"name": "hall", "sites": ["harbour"]}]}
    sets.put("1", {"rule_set_id": "1", "number": 1, "routes": json.dumps(new)})
    told = await steps(here, trigger("f", n=2, state="CANCELLED", **MATCH))
    assert [step["group"] for step in told] == ["hall|harbour", "yard|harbour"]
    assert len({step["parameters"]["incident.step"] for step in told}) == 2
    later = Place(place.state, place.clock, name="hall")
    later.incidents = place.incidents
    for step in told:
        await later.hears(step)
    assert [each["members"] for each in later.incidents.values()] == [[]]


async def test_an_alert_that_nobody_was_told_of_is_part_of_nothing_until_somebody_is() -> None:
    said = {**ROUTES["route"], "routes": [{"name": "tamper", "tell_when": "group.count >= 3"}]}
    here = World(None)  # type: ignore[arg-type]
    rules = RouteTree(Routes.model_validate({**ROUTES, "route": said}))
    here.processor = Group(RuleBook(rules, None), MemoryState(), here.clock)

    def cause(name: str, state: str = "FIRING", at: int = AT) -> dict[str, Any]:
        return {"cause_id": name, "kind": "CONDITION", "state": state, "device_id": f"cam-{name}",
                "event_type": "tamper.covered", "started_at": AT, "updated_at": at}  # fmt: skip

    def seen(n: int, name: str, **fields: Any) -> dict[str, Any]:
        there = {"site_id": "harbour", "device_ids": [f"cam-{name}"], "event_type": "tamper.covered", **fields}
        return trigger("yard", n=n, at=AT + n, causes=[cause(name, at=AT + n)], **there)

    assert await steps(here, seen(0, "a"), seen(1, "b"), seen(2, "a", state="ENDED")) == []
    told = await steps(here, seen(3, "c"))
    assert [(step["state"], step["device_ids"], step["started_at"], step["updated_at"]) for step in told] == [
        ("NEW", ["cam-c"], AT + 3, AT + 3),
        ("NEW", ["cam-b"], AT + 1, AT + 1),
        ("NEW", ["cam-a"], AT, AT),
        ("ENDED", ["cam-a"], AT, AT + 2),
    ]
    assert len({Step.read(step).source for step in told}) == 3, "they are three events"
    [over] = await steps(here, seen(4, "b", state="ENDED"))
    assert Step.read(over).cause == Step.read(told[1]).cause


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("name two cameras|two cameras", {"overlaps": [["a", "a"]]}),
        ("overlap", {"overlaps": [["a", "b"]], "transits": [{"from": "a", "to": "b", "min": "1s", "max": "2s"}]}),
        ("in this order", {"transits": [{"from": "a", "to": "b", "min": "3s", "max": "2s"}]}),
        ("in this order", {"transits": [{"from": "a", "to": "b", "min": "3s", "typical": "1s", "max": "9s"}]}),
        ("both 'a'", {"transits": [{"from": "a", "to": "a", "min": "1s", "max": "2s"}]}),
        ("no event type", {"event_types": ["door.opened.wide"]}),
        ("greater than 0|greater", {"within": "0s"}),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_reason(fault: str, said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=fault):
        IncidentRule.model_validate({"name": "yard", **said})


def test_names_that_nothing_has_are_faults_of_rules_check() -> None:
    said = {"name": "yard", "rules": ["quiet", "gone"], "sites": ["moon"], "zones": ["z"], "devices": ["gate-1"],
            "overlaps": [["gate-1", "gate-9"]]}  # fmt: skip
    tree = RouteTree(Routes.model_validate({**ROUTES, "incidents": [said]}))
    places = Places(sites={"harbour": {"time_zone": "UTC"}}, devices={"gate-1": {}})
    found = [fault for fault in rule_faults(tree, places) if fault.startswith("incidents 'yard'")]
    assert [fault.partition(": ")[2] for fault in found] == [
        "rule 'quiet' is a shadow: it raises no alert that could take part",
        "there is no rule 'gone'",
        "site 'moon' is not known",
        "zone 'z' is not known",
        "device 'gate-9' is not known",
    ]


def test_a_role_is_said_by_the_rule_first_then_by_the_longest_name_then_by_what_the_event_is() -> None:
    own: dict[str, Any] = {"lorries": "HAZARD", "access.*": "PERIMETER", "access.denied": "SUBJECT"}
    cases = [("lorries", "plate.read"), ("doors", "access.denied"), ("doors", "access.granted"), ("x", "plate.read")]
    assert [role_of(*case, own) for case in cases] == ["HAZARD", "SUBJECT", "PERIMETER", "VEHICLE"]
