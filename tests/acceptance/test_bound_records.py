"""A candidate, verdict or alert of a match that the hub did not write is nothing; each names what it follows from."""

from typing import Any

import pytest

from fairwatch.domain.outcome import Reject
from fairwatch.matching.recheck import Recheck
from fairwatch.policy.alert_content import merge, opened
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.group import Group
from fairwatch.processors.incident import Incident
from fairwatch.processors.notify import Notify
from fairwatch.processors.project import Project
from fairwatch.processors.route import Route
from fairwatch.sinks.receivers import Receiver
from fairwatch.wire.avro import Codec
from tests.processors.test_verify import Court
from tests.support.places import CONFIG
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import trigger, verdict
from tests.support.timeline import ScriptedSink
from tests.support.trust import trust, vouched

MATCH = trigger(event_type="watchlist.face", candidate_id="c", entry_id="e", authorisation_id="auth-1")


def routed() -> World:
    return World(Route(RouteTree.read(CONFIG / "routes.yaml"), MemoryReference({})))


async def pushed(world: World, topic: str, type_: str, record: dict[str, Any], writer: str) -> list[Any]:
    event = world.event(topic, type_, record)
    event.writer = writer
    return (await world.push(event))[0]


async def test_a_candidate_that_match_has_not_written_is_put_before_nobody() -> None:
    court = Court()
    told, refused = await pushed(court.world, "candidates", "MatchCandidate", court.face, "")
    assert isinstance(refused, Reject)
    assert (refused.reason, told.record["details"]["reason"]) == ("not_authentic", "unbound")
    for name in ("dora", "emil"):
        await court.hears(name)
    assert court.verdicts() == []
    assert court.audited() == ["record.refused"]


async def test_a_verdict_names_the_candidate_and_the_decisions_that_it_follows_from() -> None:
    court = Court()
    await court.hears("dora")
    await court.opens()
    await court.hears("emil")
    [reached] = emitted([court.world.outcomes], "verdicts")
    places = [(one["topic"], one["offset"]) for one in reached["follows"]]
    assert places == [("candidates", 2), ("verifications", 1), ("verifications", 3)]


@pytest.mark.parametrize(("writer", "reason"), [("", "unbound"), ("match", "wrong_writer")])
async def test_a_verdict_or_alert_of_a_match_that_its_writer_did_not_write_is_told_to_nobody(
    writer: str, reason: str
) -> None:
    group = World(Group({}, MemoryState(), Court().world.clock))
    sink = ScriptedSink(group.clock)
    receivers = {"room": Receiver("room", sink)}
    notify = World(Notify(receivers, MemoryState(), group.clock, Codec(), Recheck(Court().references)))
    for world, topic, type_, record in (
        (routed(), "verdicts", "Verdict", verdict()),
        (group, "alert-triggers", "Alert", MATCH),
        (notify, "alerts", "Alert", MATCH | {"receivers": ["room"]}),
    ):
        told, refused = await pushed(world, topic, type_, record, writer)
        assert (told.record["action"], told.record["details"]["reason"]) == ("record.refused", reason)
        assert isinstance(refused, Reject)
    assert sink.tried == 0


async def test_an_alert_of_a_covered_lens_that_nobody_of_the_hub_wrote_is_told_all_the_same() -> None:
    world = World(Group({}, MemoryState(), Court().world.clock))
    answer = await pushed(world, "alert-triggers", "Alert", trigger(event_type="tamper.covered"), "")
    assert emitted([answer], "alerts")


async def test_the_console_shows_no_candidate_that_the_hub_has_not_written() -> None:
    project = World(Project(None, trust(vouched())))  # type: ignore[arg-type]  # nothing of it is asked for
    event = project.event("candidates", "MatchCandidate", Court().face)
    event.writer = ""
    assert project.processor._is_forged(event)  # type: ignore[attr-defined]


def test_an_alert_names_the_verdict_that_its_newest_trigger_follows_from() -> None:
    first, second = ([{"topic": "verdicts", "partition": 0, "offset": offset}] for offset in (7, 9))
    alert = opened(MATCH | {"follows": first})
    assert alert["follows"] == first
    merge(alert, MATCH | {"follows": second})
    assert alert["follows"] == second


async def test_a_candidate_is_taken_away_by_the_hub_and_by_nobody_else() -> None:
    court = Court()
    await court.opens()
    strange = court.world.event("candidates", "MatchCandidate", None, court.face["candidate_id"])
    strange.writer = ""
    [[told, refused]] = await court.world.push(strange)
    assert isinstance(refused, Reject)
    assert told.record["details"]["reason"] == "unbound"
    await court.world.push(court.world.event("verifications", "Verification", None, court.face["candidate_id"]))
    for name in ("dora", "emil"):
        await court.hears(name)
    assert court.verdicts()


async def test_a_step_of_an_incident_that_group_did_not_write_becomes_part_of_none() -> None:
    world = World(Incident(RuleBook(RouteTree.read(CONFIG / "routes.yaml"), None), MemoryState(), Court().world.clock))
    told, refused = await pushed(world, "incident-steps", "Alert", MATCH, "")
    assert isinstance(refused, Reject)
    assert (told.record["actor"], told.record["details"]["reason"]) == ("processor:incident", "unbound")
