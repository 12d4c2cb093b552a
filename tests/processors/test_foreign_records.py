"""What only the hub writes and nobody of the hub wrote is refused by whom it comes to, in its own name, and counted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Emit, Reject, Skip
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.processors.correlate import Correlate
from fairwatch.processors.group import Group
from fairwatch.processors.notify import Notify
from fairwatch.processors.project import Project
from fairwatch.processors.route import Route
from fairwatch.telemetry.metrics import REGISTRY
from fairwatch.wire.avro import Codec
from tests.processors.test_incident import DOOR, Place
from tests.processors.test_project import MemoryReadModel
from tests.processors.test_retain_ended import Archive, found
from tests.processors.test_verify import Court
from tests.support.correlated import book
from tests.support.processor_world import MemoryReference, MemoryState, World
from tests.support.records import AT, CONFIRMED_FACE, candidate, trigger, verdict
from tests.support.trust import trust

MATCH = trigger(**CONFIRMED_FACE)
ROUTES = RouteTree(Routes.model_validate({"route": {"receivers": ["room"]}}))


def correlate(clock: ManualClock) -> World:
    return World(Correlate(book(count=2, within="10s"), MemoryState(), clock), clock)


def group(clock: ManualClock) -> World:
    return World(Group({}, MemoryState(), clock), clock)


def notify(clock: ManualClock) -> World:
    return World(Notify({}, MemoryState(), clock, Codec()), clock)


def route(clock: ManualClock) -> World:
    return World(Route(ROUTES, MemoryReference()), clock)


def project() -> World:
    return World(Project(MemoryReadModel(), trust()))


WHO: list[tuple[str, Callable[[ManualClock], World], tuple[str, str, Any]]] = [
    ("correlate", correlate, ("correlation-steps", "Alert", MATCH)),
    ("group", group, ("alert-triggers", "Alert", MATCH)),
    ("incident", lambda clock: Place(clock=clock).world, ("incident-steps", "Alert", Place().step(1, at=0, **DOOR))),
    ("notify", notify, ("alerts", "Alert", MATCH)),
    ("route", route, ("verdicts", "Verdict", verdict(people=("ann", "bo")))),
    ("verify", lambda _: Court().world, ("candidates", "MatchCandidate", candidate())),
]


@pytest.mark.parametrize(("name", "made", "what"), WHO, ids=[name for name, *_ in WHO])
async def test_it_is_a_dead_letter_audited_in_the_name_of_who_refused_it_and_counted(
    name: str, made: Callable[[ManualClock], World], what: tuple[str, str, Any]
) -> None:
    for writer, reason in (("", "unbound"), ("enrich", "wrong_writer")):
        labels = {"component": name, "reason": reason}
        before = REGISTRY.get_sample_value("fairwatch_deeds_refused_total", labels) or 0
        world = made(ManualClock(AT))
        event = replace(world.event(*what), writer=writer)
        [[audit, letter]] = await world.push(event)
        assert isinstance(audit, Emit)
        assert (audit.topic, audit.record["action"], audit.record["actor"], audit.record["subject"]) == (
            "audit", "record.refused", f"processor:{name}", event.key
        )  # fmt: skip
        said = audit.record["details"]
        assert (said["reason"], said["topic"], said["place"]) == (reason, what[0], "0/1")
        assert isinstance(letter, Reject)
        assert (letter.reason, letter.detail.rpartition(" ")[2]) == ("not_authentic", reason)
        assert (REGISTRY.get_sample_value("fairwatch_deeds_refused_total", labels) or 0) - before == 1


@pytest.mark.parametrize(("topic", "made"), [("alert-triggers", group), ("alerts", notify)])
async def test_an_alarm_that_is_about_no_match_goes_on_whoever_wrote_it(
    topic: str, made: Callable[[ManualClock], World]
) -> None:
    world = made(ManualClock(AT))
    [answer] = await world.push(replace(world.event(topic, "Alert", trigger()), writer=""))
    assert not [outcome for outcome in answer if isinstance(outcome, Reject) and outcome.reason == "not_authentic"]
    assert any(isinstance(outcome, Emit) for outcome in answer)


async def test_what_takes_a_candidate_away_does_not_where_nobody_of_the_hub_wrote_it() -> None:
    court = Court()
    await court.opens()
    gone = court.world.event("candidates", "MatchCandidate", None, court.face["candidate_id"])
    await court.world.push(replace(gone, writer=""))
    assert court.cases() == [court.face["candidate_id"]]
    [answer] = await court.world.push(replace(gone, writer="cli"))
    assert (answer, court.cases()) == ([Skip("erased")], [])


async def test_what_takes_a_decision_away_leaves_its_candidate_open() -> None:
    court = Court()
    await court.opens()
    gone = court.world.event("verifications", "Verification", None, court.face["candidate_id"])
    assert await court.world.push(gone) == [[Skip("erased")]]
    assert court.cases() == [court.face["candidate_id"]]


async def test_a_candidate_that_nobody_of_the_hub_wrote_is_neither_kept_for_erasure_nor_shown() -> None:
    archive = Archive()
    event = archive.world.event("candidates", "MatchCandidate", found(1, "1"))
    assert await archive.world.push(replace(event, writer="")) == [[Skip("not_authentic")]]
    assert archive.world.processor._candidates.all([0]) == []  # type: ignore[attr-defined]
    shown = project()
    for foreign in (event, replace(event, record=None)):
        assert await shown.push(replace(foreign, writer="")) == [[Skip("not_authentic")]]
    assert await shown.push(replace(event, writer="match")) == [[]]


async def test_an_alarm_is_shown_whoever_wrote_it_and_one_about_a_match_is_not() -> None:
    shown = project()
    for record, answer in ((trigger(), []), (MATCH, [Skip("not_authentic")])):
        assert await shown.push(replace(shown.event("alerts", "Alert", record), writer="")) == [answer]
