"""What people see follows from the topics, in whatever order and however often they are read."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Reject, Skip
from fairwatch.domain.ports import Facet
from fairwatch.processors.project import Project
from tests.support.processor_world import MemoryReference
from tests.support.records import AT, candidate, trigger, verdict
from tests.support.trust import signed, trust

PICTURE = "fw-media:" + "ab" * 32


class MemoryReadModel:
    """The read model's rules over a dict."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, str, str], Facet] = {}

    async def fold(self, facets: Sequence[Facet]) -> Sequence[bool]:
        return [self._put(facet) for facet in facets]

    async def forget(self, kind: str, subject: str) -> bool:
        gone = [key for key in self.parts if key[:2] == (kind, subject)]
        for key in gone:
            del self.parts[key]
        return bool(gone)

    def _put(self, facet: Facet) -> bool:
        key = (facet.kind, facet.subject, facet.name)
        if key in self.parts and self.parts[key].version >= facet.version:
            return False
        self.parts[key] = facet
        return True


@pytest.fixture
def model() -> MemoryReadModel:
    return MemoryReadModel()


def verification(about: dict[str, Any], reviewer: str, decision: str = "MATCH", at: int = AT) -> Event:
    record = {
        "verification_id": f"{about['candidate_id']}/{reviewer}",
        "candidate_id": about["candidate_id"],
        "reviewer": reviewer,
        "role": "reviewer",
        "decision": decision,
        "decided_at": at,
    }
    return Event("verifications", "Verification", signed(record), about["candidate_id"])


def delivery(alert: dict[str, Any], attempt: int, state: str) -> Event:
    record = {
        "delivery_id": "d",
        "alert_id": alert["alert_id"],
        "revision": alert["revision"],
        "receiver": "desk",
        "sink": "webhook",
        "attempt": attempt,
        "state": state,
        "at": AT + attempt,
        "received_at": AT,
    }
    return Event("deliveries", "Delivery", record, alert["alert_id"])


def story() -> list[Event]:
    face = candidate("FACE", probe={"uri": PICTURE}, reference={"uri": "https://elsewhere.example/1.jpg"})
    done = verdict("FACE", people=("ann", "ben"))
    alert = trigger(media=[{"uri": PICTURE}])
    return [
        Event("candidates", "MatchCandidate", face, face["candidate_id"]),
        verification(face, "ann"),
        verification(face, "ann", "UNSURE", AT - 1),
        verification(face, "ben"),
        Event("verdicts", "Verdict", done, face["candidate_id"]),
        Event("alerts", "Alert", alert, alert["group"]),
        Event("alerts", "Alert", {**alert, "revision": 1, "state": "ENDED", "count": 2}, alert["group"]),
        delivery(alert, 1, "RETRYING"),
        delivery(alert, 2, "DELIVERED"),
    ]


async def test_replay_changes_nothing(model: MemoryReadModel) -> None:
    project = Project(model, trust())
    await project.handle(story())
    before = dict(model.parts)
    assert await project.handle(story()) == [(Skip("unchanged"),)] * len(story())
    assert model.parts == before


@pytest.mark.parametrize("turned", [False, True])
async def test_where_a_revision_came_twice_the_cancellation_is_shown(model: MemoryReadModel, *, turned: bool) -> None:
    update, cancelled = (trigger(revision=3, state=state) for state in ("UPDATED", "CANCELLED"))
    events = [Event("alerts", "Alert", alert, alert["group"]) for alert in (update, cancelled)]
    await Project(model, trust()).handle(events[::-1] if turned else events)
    shown = model.parts["alert", update["alert_id"], "alert"]
    assert (shown.record["state"], shown.open) == ("CANCELLED", False)
    await Project(model, trust()).handle([Event("alerts", "Alert", trigger(revision=4, state="NEW"), update["group"])])
    assert model.parts["alert", update["alert_id"], "alert"].record["revision"] == 4


async def test_topics_may_arrive_in_any_order(model: MemoryReadModel) -> None:
    await Project(model, trust()).handle(story())
    for seed in range(20):
        topics = ["candidates", "verifications", "verdicts", "alerts", "deliveries"]
        random.Random(seed).shuffle(topics)
        other = MemoryReadModel()
        for topic in topics:
            await Project(other, trust()).handle([event for event in story() if event.topic == topic])
        assert {key: facet.version for key, facet in other.parts.items()} == {
            key: facet.version for key, facet in model.parts.items()
        }


async def test_latest_decision_of_a_person_stands_and_nobody_is_told(model: MemoryReadModel) -> None:
    await Project(model, trust()).handle(story())
    facet = next(facet for (_, _, name), facet in model.parts.items() if name == "verification:ann")
    assert facet.record["decision"] == "MATCH"
    assert facet.quiet


async def test_only_media_of_ours_is_referenced(model: MemoryReadModel) -> None:
    await Project(model, trust()).handle(story()[:1])
    assert [facet.media for facet in model.parts.values()] == [("ab" * 32,)]


async def test_verdict_and_end_close(model: MemoryReadModel) -> None:
    await Project(model, trust()).handle(story())
    opens = {name: facet.open for (_, _, name), facet in model.parts.items() if facet.open is not None}
    assert opens == {"verdict": False, "alert": False}, "a candidate as it was decided on opens nothing"


async def test_a_better_shot_is_shown_until_the_verdict_and_then_what_was_decided_on(model: MemoryReadModel) -> None:
    poor, good, late = (candidate("FACE", probe_quality=quality) for quality in (0.4, 0.6, 0.8))
    shots = {one["probe_quality"]: Event("candidates", "MatchCandidate", one, "c") for one in (poor, good, late)}
    project, key = Project(model, trust()), ("candidate", poor["candidate_id"], "candidate")
    await project.handle([shots[0.6], shots[0.4]])
    assert model.parts[key].record == good
    decided = Event("verdicts", "Verdict", {**verdict("FACE"), "candidate": good}, "c")
    await project.handle([shots[0.8], decided, shots[0.8]])
    assert model.parts[key].record == good, "a shot that nobody decided on is not shown beside a verdict"
    assert model.parts[key].open is None


async def test_revocation_replaces_a_confirmation(model: MemoryReadModel) -> None:
    events = [
        Event("verdicts", "Verdict", verdict("FACE", outcome), "c") for outcome in ("REVOKED", "CONFIRMED", "PENDING")
    ]
    await Project(model, trust()).handle(events)
    assert model.parts[("candidate", events[0].record["candidate_id"], "verdict")].record["outcome"] == "REVOKED"


async def test_erased_candidate_is_forgotten_in_its_turn(model: MemoryReadModel) -> None:
    first = story()[0]
    erased = Event("candidates", "MatchCandidate", None, first.key)
    outcomes = await Project(model, trust()).handle([first, erased, erased])
    assert outcomes == [(), (), (Skip("unchanged"),)]
    assert model.parts == {}


async def test_record_that_nobody_sees_is_refused(model: MemoryReadModel) -> None:
    (outcomes,) = await Project(model, trust()).handle([Event("candidates", "Device", {"device_id": "cam-1"})])
    said = "a record of type Device is not shown to anybody"
    assert outcomes == (Reject("unsupported", said, "type"),)


async def test_a_decision_that_is_not_signed_is_shown_to_nobody(model: MemoryReadModel) -> None:
    signed_one = story()[1]
    forged = replace(signed_one, record={**signed_one.record, "decision": "NO_MATCH"})
    assert await Project(model, trust()).handle([forged]) == [(Skip("not_authentic"),)]
    assert model.parts == {}


async def test_an_incident_that_is_over_for_good_is_forgotten_and_what_it_was_of_alerts_is_not(
    model: MemoryReadModel,
) -> None:
    members = [{"alert_id": "a", "last_at": AT}]
    record = {"incident_id": "i", "revision": 0, "issued_at": AT, "members": members}
    events = [Event("incidents", "Incident", said, "i") for said in (record, None, None)]
    assert await Project(model, trust()).handle(events) == [(), (), (Skip("unchanged"),)]
    [left] = model.parts.values()
    assert (left.kind, left.subject, left.name, left.version) == ("alert", "a", "incident:i", 1)
    assert left.record == {"incident_id": "i"}, "by which the console finds it again"


async def test_what_was_erased_is_not_shown_again_by_a_replay(model: MemoryReadModel) -> None:
    erased = story()[0].record["candidate_id"]
    receipts = MemoryReference({"r": {"candidates": [erased], "alerts": [], "pictures_only": False}})
    answers = await Project(model, trust(), receipts).handle(story())
    assert answers[0] == (Skip("erased"),)
    assert erased not in {subject for _, subject, _ in model.parts}
