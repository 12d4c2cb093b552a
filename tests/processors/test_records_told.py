"""What processors write, field by field: audit records, verdicts, sightings, imported entries, links of the audit."""

from types import SimpleNamespace

import orjson
import pytest
from structlog.testing import capture_logs

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import RetryableError
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Reject, Skip
from fairwatch.policy import alert_audit
from fairwatch.policy.two_person import Ruling
from fairwatch.processors.audit import Audit
from fairwatch.processors.enrich import Enrich
from fairwatch.processors.group import Group, _is_new
from fairwatch.processors.project import Project
from fairwatch.processors.retain import Kept, Retain
from fairwatch.processors.verify import GRACE, KEEP, MISSING, ORPHAN, _said, _verdict
from tests.processors.test_verify import FACE_ENTRY, Court
from tests.support.processor_world import PARTITION, MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, audit_record, candidate, device, observation, site, trigger
from tests.support.watchlist import entry, lists

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000


def test_how_long_is_waited_and_remembered():
    assert (GRACE, ORPHAN, KEEP) == (60 * SECOND, DAY, 7 * DAY)


async def test_a_decision_is_audited_with_who_made_it_how_and_why_not():
    court = Court()
    await court.opens()
    given = emitted([await court.hears("dora", blind=False)], "audit")
    refused = emitted([await court.hears("ann")], "audit")  # asked for the authorisation
    identity = stable_id("verification", court.face["candidate_id"], "dora")
    cited = {name: given[0]["details"][name] for name in ("policy", "policy_version")}
    assert cited["policy"] == "candidate.verify"
    assert given == [
        {
            "audit_id": stable_id("audit", "verification.given", identity, AT + SECOND, "MATCH"),
            "action": "verification.given",
            "actor": "dora",
            "at": AT + SECOND,
            "subject": court.face["candidate_id"],
            "details": {"decision": "MATCH", "role": "reviewer", "blind": "false", **cited},
        }
    ]
    said = {"decision": "MATCH", "role": "reviewer", "blind": "true", "reason": "own_case"}
    assert refused[0]["details"] == {**said, **cited}


def test_a_verdict_is_told_with_its_candidate_and_audited_with_what_it_came_to():
    face = candidate("FACE", entry_id="entry-face")
    voices = ({"reviewer": "dora", "decision": "MATCH"}, {"reviewer": "emil", "decision": "MATCH"})
    follows = [{"topic": "candidates", "partition": 3, "offset": 7}]
    told = _verdict(face, Ruling("CONFIRMED", 9, "two people", voices), {}, follows)
    identity = stable_id("verdict", face["candidate_id"], "CONFIRMED")
    assert told == [
        Emit(
            "verdicts",
            face["candidate_id"],
            {
                "verdict_id": identity,
                "candidate_id": face["candidate_id"],
                "outcome": "CONFIRMED",
                "decided_at": 9,
                "verifications": list(voices),
                "reason": "two people",
                "candidate": face,
                "follows": follows,
            },
        ),
        Emit(
            "audit",
            face["candidate_id"],
            {
                "audit_id": stable_id("audit", "verdict.reached", identity),
                "action": "verdict.reached",
                "actor": "processor:verify",
                "at": 9,
                "subject": face["candidate_id"],
                "authorisation_id": face["authorisation_id"],
                "details": {
                    "outcome": "CONFIRMED",
                    "reason": "two people",
                    "entry_id": "entry-face",
                    "reviewers": "dora, emil",
                },
            },
        ),
    ]


def test_a_decision_is_the_same_in_whatever_order_it_says_what_it_says():
    said = {"reviewer": "dora", "decision": "MATCH", "decided_at": 9}
    assert _said(said) == _said(dict(reversed(said.items())))
    assert orjson.loads(_said(said)) == said


async def test_who_has_nothing_to_do_answers_nothing_and_changes_nothing():
    state, clock = MemoryState(), ManualClock(AT)
    court = Court()
    for processor in (Audit(state, clock), Enrich(MemoryReference({}), MemoryReference({}), state)):
        assert list(await processor.handle([])) == []
    assert list(await court.world.processor.handle([])) == []
    assert [*state.items(PARTITION), *court.state.items(PARTITION)] == []


async def test_a_case_is_looked_at_when_it_expires_and_a_confirmed_one_while_it_can_be_taken_back():
    court = Court()
    await court.opens()
    assert court.world.processor.due_at() == court.face["expires_at"]
    await court.hears("dora")
    await court.hears("emil", at=AT + 2 * SECOND)
    [value] = [value for key, value in court.state.items(PARTITION) if key == court.face["candidate_id"]]
    assert (value["outcome"], value["until"]) == ("CONFIRMED", AT + KEEP)
    assert value["due"] <= AT + KEEP


async def test_a_decision_that_waits_for_its_candidate_is_given_up_after_a_day():
    court = Court()
    assert await court.hears("dora") == [Skip("awaits_candidate")]
    assert court.world.processor.due_at() == AT + ORPHAN
    assert await court.world.tick(ORPHAN / SECOND - 1) == []
    [orphaned] = await court.world.tick(1)
    assert (orphaned.record["action"], orphaned.record["details"]["reason"]) == (
        "verification.orphaned",
        "no such candidate",
    )


async def test_a_key_that_is_not_the_candidates_is_refused():
    court = Court()
    event = court.world.event("candidates", "MatchCandidate", court.face, "another")
    [[*_, refused]] = await court.world.push(event)
    assert isinstance(refused, Reject)
    assert (refused.reason, refused.field) == ("invalid_field", "candidate_id")
    assert "'another' is not the MatchCandidate's" in refused.detail


async def test_an_authorisation_that_is_not_here_yet_is_awaited_for_a_minute():
    court = Court(lists([entry(authorisation_id="later"), FACE_ENTRY]))
    court.face = candidate("PLATE", authorisation_id="later")
    assert await court.opens() == [Skip("pending")]
    assert court.world.processor.due_at() == min(AT + GRACE, court.face["expires_at"])


@pytest.fixture
def places():
    devices = MemoryReference({"cam-1": device(geo={"lat": 1.0, "lon": 2.0})})
    return World(Enrich(devices, MemoryReference({"harbour": site()}), MemoryState()))


async def sighting_of(places, seen):
    [told] = await places.push(places.event("observations", "Observation", seen))
    return told[0]


async def test_a_sighting_of_a_known_device_says_where_and_when(places):
    seen = observation()
    told = await sighting_of(places, seen)
    assert (told.topic, told.key) == ("sightings", "cam-1")
    assert {name: value for name, value in told.record.items() if name != "observation"} == {
        "sighting_id": stable_id("sighting", seen["observation_id"]),
        "occurred_at": told.record["occurred_at"],
        "clock_offset_ms": told.record["clock_offset_ms"],
        "clock": told.record["clock"],
        "device_known": True,
        "device_name": "Camera cam-1",
        "site_id": "harbour",
        "site_name": "Harbour Station",
        "time_zone": "Europe/Berlin",
        "zones": [],
        "geo": {"lat": 1.0, "lon": 2.0},
        "exercise": False,
    }


async def test_a_sighting_of_an_unknown_device_is_nowhere_and_keeps_the_place_that_it_says_itself(places):
    told = (await sighting_of(places, {**observation(device_id="x"), "geo": {"lat": 5.0, "lon": 6.0}})).record
    places_said = {name: told[name] for name in ("device_known", "device_name", "site_id", "site_name", "time_zone")}
    assert places_said == dict.fromkeys(places_said) | {"device_known": False}
    assert (told["zones"], told["geo"]) == ([], {"lat": 5.0, "lon": 6.0})


async def test_a_deleted_observation_is_skipped(places):
    assert await sighting_of(places, None) == Skip("tombstone")


async def test_an_implausible_received_time_is_named(places):
    assert await sighting_of(places, {**observation(), "received_at": 5}) == Reject(
        "invalid_field", "5 is no plausible time", "received_at"
    )


async def test_links_of_the_audit_are_kept_by_partition_and_deleted_records_are_none():
    state = MemoryState()
    world = World(Audit(state, ManualClock(AT)))
    answers = await world.push(
        world.event("audit", "AuditRecord", None), world.event("audit", "AuditRecord", audit_record(1))
    )
    assert answers[0] == [Skip("tombstone")]
    [told] = answers[1]
    assert (told.topic, told.key, told.record["chain"], told.record["sequence"]) == (
        "audit-chain",
        "audit-0",
        "audit-0",
        1,
    )
    assert state.get(PARTITION, "chain") == {"sequence": 1, "hash": told.record["hash"]}


@pytest.mark.parametrize("missing", ["no_authorisation", "no_entry"])
def test_what_is_not_here_may_be_on_its_way(missing):
    assert missing in MISSING
    assert len(MISSING) == 2


async def test_lists_that_did_not_change_are_not_looked_through_again(monkeypatch):
    court, ruled = Court(), []
    await court.opens()
    judge = court.world.processor
    monkeypatch.setattr(judge, "_rule", lambda *given: ruled.append(given) or [])
    await court.world.tick(1)
    await court.world.tick(1)
    assert len(ruled) == 1, "once, when the partition was new here"


async def test_a_confirmed_verdict_is_let_go_when_it_cannot_be_taken_back_any_more():
    judge = Court().world.processor
    now = judge._clock.now()
    kept = [judge._is_kept({"outcome": "CONFIRMED", **until}) for until in ({}, {"until": now}, {"until": now + 1})]
    assert kept == [False, False, True]
    assert not judge._is_kept({"outcome": "REJECTED", "until": now + 1})


async def test_a_case_without_its_authorisation_is_looked_at_again_when_its_minute_is_over():
    court = Court(lists([entry(authorisation_id="later"), FACE_ENTRY]))
    found = candidate("PLATE", authorisation_id="later")
    await court.opens(found)
    [value] = [value for key, value in court.state.items(PARTITION) if key == found["candidate_id"]]
    assert value["due"] == min(AT + GRACE, found["expires_at"])


async def test_a_recorder_is_heard_as_the_camera_that_it_names():
    cameras = MemoryReference(
        {"nvr": device("nvr"), "nvr-a": {**device("nvr-a"), "aliases": ["gate"], "parent_id": "nvr"}}
    )
    world = World(Enrich(cameras, MemoryReference({"harbour": site()}), MemoryState()))
    for source in ({"device_id": "gate"}, {"channel": "gate"}):
        seen = observation(device_id="nvr")
        told = await sighting_of(world, {**seen, "source": {**seen["source"], **source}})
        assert (told.key, told.record["observation"]["source"]["tokens"]["sender"]) == ("nvr-a", "nvr")


class Away:
    """A store that is not there."""

    sealed = False

    async def delete_older_than(self, *_):
        raise RetryableError("away")


async def test_a_store_that_is_away_is_named_in_the_log_and_asked_again_at_once():
    clock = ManualClock(AT)
    references = {name: MemoryReference({}) for name in ("watchlist-entries", "authorisations", "legal-holds")}
    retain = Retain({"media": Kept(Away(), 1)}, references, MemoryState(), clock)
    with capture_logs() as logs:
        assert (await retain._go_round([], [], aged=True)).told == []
    assert [(line["store"], line["error"]) for line in logs] == [("media", "away")]
    assert retain._next_at == AT


def test_the_audit_of_a_revision_names_who_is_told():
    told = trigger(revision=3, receivers=["room", "patrol"])
    said = alert_audit.of_revision(told | {"state": "UPDATED", "count": 2})
    assert said["details"] == {"rule": "tamper", "revision": "3", "count": "2", "receivers": "room,patrol"}
    assert (said["subject"], said["action"]) == (trigger()["alert_id"], "alert.updated")


class Noted:
    """Remembers ids."""

    def __init__(self):
        self.ids = set()

    def knows(self, identity):
        return identity in self.ids

    def note(self, identity):
        self.ids.add(identity)


@pytest.mark.parametrize(
    ("cause", "kind", "news"),
    [("x#7", "TRACK", [True, False]), ("x", "TRACK", [False, False]), ("x#7", "MOMENT", [False, False])],
)
def test_a_track_is_new_once(cause, kind, news):
    memory = Noted()
    said = trigger(causes=[{"cause_id": cause, "kind": kind}])
    assert [_is_new(said, memory) for _ in range(2)] == news
    other = trigger("another", causes=[{"cause_id": cause, "kind": kind}])
    assert _is_new(other, memory) is news[0]


async def test_a_group_that_a_wrong_clock_put_off_is_set_right_when_it_is_heard_of_again():
    state, clock = MemoryState(), ManualClock(AT + 10_000 * SECOND)
    world = World(Group({}, state, clock), clock)
    said = trigger("g", at=AT, zones=[])
    await world.push(world.event("alert-triggers", "Alert", said, key="g"))
    before = state.get(PARTITION, "g")
    assert before["heard_at"] == AT + 10_000 * SECOND
    back = World(Group({}, state, ManualClock(AT)), ManualClock(AT))
    await back.push(back.event("alert-triggers", "Alert", trigger("g", n=1, at=AT, zones=[]), key="g"))
    after = state.get(PARTITION, "g")
    assert (after["heard_at"], max(after["told_at"] or 0, 0) <= AT) == (AT, True)


async def test_a_deleted_key_that_is_no_candidate_is_skipped():
    gone = Event("alerts", "Alert", None, "g", partition=PARTITION, offset=1)
    assert await Project._erase(SimpleNamespace(), gone) == (Skip("tombstone"),)


async def test_a_device_that_is_switched_off_is_refused_by_the_field_that_names_it():
    world = World(Enrich(MemoryReference({"off": device("off", enabled=False)}), MemoryReference({}), MemoryState()))
    assert await sighting_of(world, observation(device_id="off")) == Reject(
        "disabled_device", "device 'off' is disabled", "device_id"
    )
