"""What may become an alert does, what may not does not, and which is which is counted."""

from itertools import pairwise

import pytest

from fairwatch.domain.outcome import Reject, Skip
from fairwatch.policy.routing import RouteTree
from fairwatch.processors.route import Route
from fairwatch.wire.kinds.names import Names
from tests.support.places import CONFIG
from tests.support.processor_world import MemoryReference, World, emitted
from tests.support.records import AT, sighting, verdict

NIGHT = AT + 23 * 3_600_000_000


@pytest.fixture
def world():
    return World(Route(RouteTree.read(CONFIG / "routes.yaml"), MemoryReference({"harbour": {"time_zone": "UTC"}})))


async def ask(world, *subjects):
    events = [
        world.event("verdicts", "Verdict", s) if "verdict_id" in s else world.event("sightings", "Sighting", s)
        for s in subjects
    ]
    return await world.push(*events)


async def test_a_confirmed_plate_is_an_alert_with_its_explanation(world):
    found = verdict("PLATE", plate_read="HBKX418", plate_listed="HB-KX 41B")
    [alert] = emitted(await ask(world, found), "alert-triggers")
    assert (alert["rule"], alert["severity"], alert["event_type"]) == ("stolen-car", "SEVERE", "watchlist.plate")
    assert alert["title"] == "Stolen blue saloon: HB-KX 41B, read HBKX418, at Camera 1"
    assert alert["parameters"]["plate_read"] == "HBKX418"
    assert alert["group"] == "stolen-car|entry-1|harbour"


async def test_a_face_needs_two_different_people_whatever_is_written(world):
    answers = await ask(
        world,
        verdict("FACE", people=("ann", "bo")),
        verdict("FACE", people=("ann",), required_verifications=1),
        verdict("FACE", people=("ann", "ANN ")),
        verdict("FACE", people=(), required_verifications=0),
        verdict("FACE", people=("ann", "bo"), required_verifications=3),
        verdict("FACE", people=("ann", "bo"), authorisation_id=""),
    )
    [alert] = emitted(answers, "alert-triggers")
    assert (alert["rule"], alert["severity"], alert["verified_by"]) == ("missing-child", "EXTREME", ["ann", "bo"])
    assert alert["certainty"] == "OBSERVED"
    assert answers[1:] == [[Skip("unverified")]] * 5


@pytest.mark.parametrize("outcome", ["PENDING", "REJECTED", "EXPIRED"])
async def test_any_other_verdict_raises_nothing(world, outcome):
    people = ("ann", "bo")
    assert await ask(world, verdict("FACE", outcome, people=people)) == [[Skip(f"verdict_{outcome.lower()}")]]


async def test_a_revoked_verdict_cancels_what_it_raised(world):
    [raised, taken_back] = emitted(
        await ask(world, verdict("FACE", people=("ann", "bo")), verdict("FACE", "REVOKED")), "alert-triggers"
    )
    assert taken_back["state"] == "CANCELLED"
    assert taken_back["group"] == raised["group"]
    assert taken_back["alert_id"] != raised["alert_id"]


@pytest.mark.parametrize(
    "seen",
    [
        sighting("face.seen"),
        sighting("face.match"),
        sighting("vehicle.match"),
        sighting("line.crossed", observation={"object_class": "FACE"}, occurred_at=NIGHT),
    ],
)
async def test_faces_and_claims_raise_nothing_by_themselves(world, seen):
    assert await ask(world, seen) == [[Skip("unverified")]]


async def test_a_line_crossed_by_a_person_carries_no_face_no_plate_and_no_claim(world):
    media = [{"uri": f"fw-media:{n}", "role": role} for n, role in enumerate(("SCENE", "FACE", "PLATE"))]
    seen = sighting(
        "line.crossed",
        occurred_at=NIGHT,
        observation={"object_class": "PERSON", "media": media, "claim": {"enrolment_id": "Jane"}},
    )
    [alert] = emitted(await ask(world, seen), "alert-triggers")
    assert [one["role"] for one in alert["media"]] == ["SCENE"]
    assert "Jane" not in str(alert)


async def test_a_line_crossed_by_day_is_no_alert(world):
    assert await ask(world, sighting("line.crossed", occurred_at=AT + 12 * 3_600_000_000)) == [[Skip("unrouted")]]


LIFECYCLES = [
    ({"lifecycle": "MOMENTARY"}, "NEW"),
    ({"lifecycle": "START"}, "NEW"),
    ({"lifecycle": "UPDATE", "active": True}, "NEW"),
    ({"lifecycle": "UPDATE", "active": False}, "ENDED"),
    ({"lifecycle": "END"}, "ENDED"),
    ({"lifecycle": "SYNC", "active": True}, "NEW"),
    ({"lifecycle": "SYNC", "active": False}, "ENDED"),
    ({"lifecycle": "SYNC"}, None),
]


@pytest.mark.parametrize(("fields", "state"), LIFECYCLES)
async def test_the_life_of_a_property_is_the_life_of_its_alert(world, fields, state):
    answers = await ask(world, sighting("tamper.covered", observation=fields))
    if state is None:
        assert answers == [[Skip("inactive")]]
    else:
        assert [alert["state"] for alert in emitted(answers, "alert-triggers")] == [state]


async def test_a_replay_gives_the_same_triggers(world):
    first = await ask(world, sighting("tamper.covered"), verdict())
    world.rewind(2)
    assert await ask(world, sighting("tamper.covered"), verdict()) == first


async def test_different_sightings_have_different_triggers_in_one_group(world):
    alerts = emitted(await ask(world, *(sighting("tamper.covered", n=n) for n in range(3))), "alert-triggers")
    assert all(a["alert_id"] != b["alert_id"] and a["group"] == b["group"] for a, b in pairwise(alerts))


async def test_an_impossible_time_is_rejected(world):
    [[answer]] = await ask(world, sighting("tamper.covered", occurred_at=2**62))
    assert isinstance(answer, Reject)
    assert (answer.reason, answer.field) == ("invalid_field", "occurred_at")


WHOLE = """
route:
  receivers: [room, patrol]
  routes:
    - name: gate
      match: {record: verdict}
      group_by: [entry_id, zones]
      title: "{entry_title} at {site_name}"
      description: Call the patrol.
      category: Safety
      severity: SEVERE
      urgency: IMMEDIATE
"""


async def test_a_trigger_says_all_that_is_known_and_nothing_of_the_clock(tmp_path):
    (tmp_path / "routes.yaml").write_text(WHOLE)
    world = World(Route(RouteTree.read(tmp_path / "routes.yaml"), MemoryReference({})))
    picture = {"uri": "fw-media:1"}
    found = verdict(people=("ann",), received_at=AT + 5, zones=["quay", "gate"], probe=picture, exercise=True)
    confirmed, revoked = await ask(world, found, {**found, "outcome": "REVOKED"})
    [emit] = confirmed
    trigger = emit.record
    assert (emit.topic, emit.key) == ("alert-triggers", "gate|entry-1|quay,gate")
    assert trigger == {
        "alert_id": trigger["alert_id"], "group": emit.key, "revision": 0, "state": "NEW", "rule": "gate",
        "event_type": "watchlist.plate", "title": "Stolen blue saloon at Harbour Station",
        "description": "Call the patrol.", "category": "Safety", "severity": "SEVERE", "urgency": "IMMEDIATE",
        "certainty": "LIKELY", "receivers": ["room", "patrol"], "started_at": AT, "updated_at": AT, "ended_at": None,
        "received_at": AT + 5, "issued_at": AT + 5, "count": 1, "triggers": [found["verdict_id"]],
        "device_ids": ["cam-1"], "device_name": "Camera 1", "site_id": "harbour", "site_name": "Harbour Station",
        "zones": ["quay", "gate"], "geo": None, "candidate_id": found["candidate_id"], "entry_id": "entry-1",
        "authorisation_id": "auth-1", "verified_by": ["ann"], "media": [picture], "exercise": True,
        "parameters": {
            "kind": "PLATE", "required_verifications": "0", "score": "0.9700", "threshold": "0.8000",
            "entry_title": "Stolen blue saloon",
        },
        "causes": [{
            "cause_id": found["candidate_id"], "kind": "MOMENT", "state": "FIRING", "device_id": "cam-1",
            "event_type": "watchlist.plate", "started_at": AT, "updated_at": AT,
        }],
        "follows": [{"topic": "verdicts", "partition": 0, "offset": 1}],
    }  # fmt: skip
    ended = revoked[0].record
    assert (ended["state"], ended["ended_at"], ended["group"]) == ("CANCELLED", AT, emit.key)
    assert ended["alert_id"] != trigger["alert_id"]


async def test_the_hour_of_a_verdict_is_that_of_its_site_and_of_none_that_of_nowhere():
    route = Route(RouteTree.read(CONFIG / "routes.yaml"), MemoryReference({"harbour": {"time_zone": "Europe/Berlin"}}))
    hours = {
        place: route.subject_of("Verdict", verdict(site_id=place)).local.hour for place in ("harbour", "moon", None)
    }
    assert hours == {"harbour": 1, "moon": 0, None: 0}


def test_a_plate_has_the_token_that_its_secret_makes_and_without_one_that_of_none():
    tree = RouteTree.read(CONFIG / "routes.yaml")
    none, known, secret = (
        Route(tree, MemoryReference(), names=names).token(" HB-KX 418") for names in (None, Names(), Names("secret"))
    )
    assert none == known != secret
    assert secret == Names("secret").token("plate", "id", "hb-kx 418")
