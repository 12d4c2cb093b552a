"""Incidents at the console and at the command line: seen, merged and split as oneself."""

import asyncio
from typing import Any

from typer.testing import CliRunner

from fairwatch.cli.main import build
from fairwatch.domain.event import Event
from fairwatch.processors.project import Project
from fairwatch.wire.signed_actions import INCIDENTS, action_refused
from tests.console.test_deeds_api import PASSWORD
from tests.support.console_world import PEOPLE, ConsoleWorld
from tests.support.incidents import Place
from tests.support.records import trigger
from tests.support.trust import trust, vouched


async def two() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an incident of two alerts and a later one, of one place."""
    place = Place()
    for number, at in ((1, 0), (2, 20), (3, 600)):
        await place.sees(number, at=at, event_type="access.denied", rule="doors")
    first, second = place.incidents.values()
    return dict(first), dict(second)


async def test_incidents_are_listed_with_their_timelines_and_what_went_into_another_is_not(world: ConsoleWorld) -> None:
    first, second = await two()
    merged = {**second, "state": "MERGED", "revision": 1, "merged_into": first["incident_id"], "members": []}
    await world.fold("incidents", first, second, merged)
    rita = await world.caller("ben")
    _, body = await rita.get("/api/incidents")
    [listed] = body["incidents"]
    assert [line["alert_id"] for line in listed["timeline"]] == ["alert-1", "alert-2"]
    status, gone = await rita.get(f"/api/incidents/{second['incident_id']}")
    assert (status, gone["merged_into"]) == (200, first["incident_id"])
    assert (await rita.get("/api/incidents/nothing"))[0] == 404
    assert (await (await world.caller("adam")).get("/api/incidents"))[0] == 403


async def test_an_alert_names_the_incident_that_it_is_part_of_now(world: ConsoleWorld) -> None:
    first, second = await two()
    await world.fold("alerts", *(trigger(f"g{n}", alert_id=f"alert-{n}", revision=0) for n in (1, 3)))
    await world.fold("incidents", first, second)
    rita = await world.caller("ben")

    async def named(alert_id: str) -> list[str]:
        status, body = await rita.get(f"/api/alerts/{alert_id}")
        assert status == 200
        return [incident["incident_id"] for incident in body["incidents"]]

    assert (await named("alert-1"), await named("alert-3")) == ([first["incident_id"]], [second["incident_id"]])
    merged = {**second, "state": "MERGED", "revision": 1, "merged_into": first["incident_id"], "members": []}
    whole = {**first, "revision": first["revision"] + 1, "members": [*first["members"], *second["members"]]}
    await world.fold("incidents", whole, merged)
    assert await named("alert-3") == [first["incident_id"]], "it went into the other one"


async def test_a_forgotten_incident_is_shown_no_more(world: ConsoleWorld) -> None:
    first, _ = await two()
    await world.fold("incidents", first)
    tombstone = Event("incidents", "Incident", None, first["incident_id"])
    await Project(world.model, trust(vouched(*PEOPLE))).handle([tombstone])
    assert (await (await world.caller("ben")).get("/api/incidents"))[1] == {"incidents": []}


async def test_a_merge_and_a_split_go_to_the_owner_of_the_place_signed(world: ConsoleWorld) -> None:
    first, second = await two()
    await world.fold("incidents", first, second)
    olga, path = await world.caller("olga"), f"/api/incidents/{first['incident_id']}/actions"
    merge = {"action": "MERGE", "into": second["incident_id"], "note": "the same car"}
    assert (await olga.post(path, merge))[0] == 202
    assert (await olga.post(path, {"action": "SPLIT", "alerts": ["alert-2"]}))[0] == 202
    written = [row for row in world.publisher.published if row[0] == "incident-actions"]
    assert [key for _, key, _ in written] == [first["place"]] * 2
    believed = trust(vouched("olga", olga=["operator"]))
    for _, _, deed in written:
        assert action_refused(INCIDENTS, believed, deed, world.clock.now()) is None
        assert action_refused(INCIDENTS, believed, {**deed, "alerts": ["alert-1"]}, world.clock.now())


async def test_what_cannot_be_done_is_refused_with_a_sentence_and_written_nowhere(world: ConsoleWorld) -> None:
    first, second = await two()
    await world.fold("incidents", first, second)
    olga, path = await world.caller("olga"), f"/api/incidents/{first['incident_id']}/actions"
    said = {
        "no_other": {"action": "MERGE", "into": first["incident_id"]},
        "nothing_left": {"action": "SPLIT", "alerts": ["alert-1", "alert-2"]},
        "not_in_it": {"action": "SPLIT", "alerts": ["alert-9"]},
    }
    for word, body in said.items():
        status, answer = await olga.post(path, body)
        assert (status, answer["error"]) == (400, word)
        assert answer["message"].endswith(".")
    for body in ({"action": "BURN"}, {"action": "SPLIT", "alerts": "alert-1"}, {"action": "MERGE", "into": 7}):
        assert (await olga.post(path, body))[0] == 400
    assert (await (await world.caller("ben")).post(path, said["no_other"]))[0] == 403
    assert (await olga.post("/api/incidents/nothing/actions", said["no_other"]))[0] == 404
    assert world.publisher.records("incident-actions") == []


async def test_the_command_line_does_as_the_console_does(world: ConsoleWorld) -> None:
    first, second = await two()
    await world.fold("incidents", first, second)

    def run(*words: str) -> Any:
        more = ["--as", "olga", "--console", world.url]
        return CliRunner().invoke(build(["incidents"]), ["incidents", *words, *more], input=f"{PASSWORD}\n")

    listed = await asyncio.to_thread(run, "list")
    assert (first["incident_id"] in listed.stdout, second["incident_id"] in listed.stdout) == (True, True)
    seen = await asyncio.to_thread(run, "show", first["incident_id"])
    assert "access.denied" in seen.stdout
    done = await asyncio.to_thread(run, "merge", second["incident_id"], first["incident_id"], "--note", "one visit")
    assert (done.exit_code, "merge: taken" in done.stdout) == (0, True)
    [deed] = world.publisher.records("incident-actions")
    assert (deed["action"], deed["into"], deed["via"]) == ("MERGE", first["incident_id"], "cli")
    refused = await asyncio.to_thread(run, "split", first["incident_id"], "alert-9")
    assert refused.exit_code == 1
