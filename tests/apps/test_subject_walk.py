"""What an access request is answered with: everything of one person or plate, and nothing of others."""

import pytest

from fairwatch.apps.subject_walk import RAW, walk
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.erasure_receipt import FOLLOWING, NAMELESS, TYPED
from tests.policy.test_erasure import face, hold, uri
from tests.support.records import audit_record, candidate, observation, raw_event, sighting, verdict
from tests.support.watchlist import authorisation, entry

SHOWN = (("1", "FACE"), ("5", "SCENE"), ("a", "REFERENCE"))
PROBE, SCENE, REFERENCE = ({"uri": uri(one), "role": role} for one, role in SHOWN)
MINE = candidate("FACE", n=1, entry_id="e1", sighting_id="s1", probe=PROBE, scene=SCENE, reference=REFERENCE)
THEIRS = candidate("FACE", n=2, entry_id="e2", sighting_id="s2", probe={"uri": uri("2"), "role": "FACE"})
ID = MINE["candidate_id"]


def of_plate(observation_id, text, **fields):
    return observation() | {"observation_id": observation_id, "plates": [{"text": text, "raw": text}], **fields}


def seen(sighting_id, observed):
    return sighting() | {"sighting_id": sighting_id, "observation": observed}


HUB = {
    "authorisations": [authorisation(), authorisation("auth-2")],
    "watchlist-entries": [face("e1", "a"), face("e2", "b", authorisation_id="auth-2"), entry("p1", plate="B123MK77")],
    "candidates": [MINE, THEIRS],
    "verifications": [{"verification_id": "v1", "candidate_id": ID}, {"verification_id": "v2", "candidate_id": "no"}],
    "verdicts": [{**verdict("FACE", n=1), "candidate": MINE}],
    "alerts": [{"alert_id": "al1", "candidate_id": ID, "entry_id": "e1"}, {"alert_id": "al2", "entry_id": "e2"}],
    "deliveries": [{"delivery_id": "d1", "alert_id": "al1"}, {"delivery_id": "d2", "alert_id": "al2"}],
    "legal-holds": [hold(ID), hold("e2")],
    "erasures": [{"receipt_id": "r1", "candidates": [ID]}, {"receipt_id": "r2", "candidates": ["other"]}],
    "audit-chain": [audit_record(1, subject=ID), audit_record(2, subject="other")],
    "sightings": [
        seen("s1", of_plate("o1", "X", raw_sha256="h1")),
        seen("s2", of_plate("o2", "Y", raw_sha256="h2")),
        seen("s3", of_plate("o3", "B123MK77", raw_sha256="h3")),
    ],
    "observations": [of_plate("o1", "X"), of_plate("o3", "B123MK77"), of_plate("o4", "B-123 MK 77")],
    RAW: [raw_event(b"mine", sha256="h1"), raw_event(b"theirs", sha256="h2"), raw_event(b"car", sha256="h3")],
}  # fmt: skip


def walked(name):
    return walk(lambda topic: HUB.get(topic, ()), name)


def ids(subject, topic):
    return [next(iter(one[name] for name in one if name.endswith("_id"))) for one in subject.records[topic]]


@pytest.mark.parametrize("name", ["e1", ID, uri("a")])
def test_everything_of_a_person_is_found_by_entry_candidate_and_picture_and_nothing_of_others(name):
    found = walked(name)
    assert [one["candidate_id"] for one in found.records["candidates"]] == [ID]
    assert [one["sighting_id"] for one in found.records["sightings"]] == ["s1"]
    said = {
        topic: ids(found, topic) for topic in ("verifications", "alerts", "deliveries", "erasures", "authorisations")
    }
    assert said == {
        "verifications": ["v1"], "alerts": ["al1"], "deliveries": ["d1"], "erasures": ["r1"],
        "authorisations": ["auth-1"],
    }  # fmt: skip
    assert [one["subject"] for one in found.records["audit-chain"]] == [ID]
    assert [one["subject"] for one in found.records["legal-holds"]] == [ID]
    assert {uri("1"): "probe", uri("5"): "scene", uri("a"): "reference"}.items() <= found.pictures.items()
    assert uri("b") not in found.pictures
    assert uri("2") not in found.pictures


def test_a_plate_is_found_in_any_spelling_also_where_nobody_looked_for_it():
    found = walked("в 123-мк 77")
    assert [one["entry_id"] for one in found.records["watchlist-entries"]] == ["p1"]
    assert [one["sighting_id"] for one in found.records["sightings"]] == ["s3"]
    assert [one["observation_id"] for one in found.records["observations"]] == ["o3", "o4"]


def test_what_a_device_sent_is_named_by_its_hash_and_not_given_with_what_it_signed_in_with():
    [raw] = walked("e1").records[RAW]
    assert (raw["sha256"], raw["size"]) == ("h1", 4)
    assert not {"body", "headers", "path"} & raw.keys()


def test_what_was_refused_is_found_too_and_no_topic_is_left_out():
    letters = {
        "candidates-dlq": [{"reason": "not_authentic", "at": 1, "record": one} for one in (MINE, THEIRS)],
        "observations-dlq": [{"reason": "invalid_field", "at": 1, "record": of_plate("o9", "B123-MK 77")}],
    }
    found = walk(lambda topic: {**HUB, **letters}.get(topic, ()), "e1")
    assert found.records["candidates-dlq"] == letters["candidates-dlq"][:1]
    assert walk(lambda topic: {**HUB, **letters}.get(topic, ()), "B123MK77").records["observations-dlq"]
    held = {*FOLLOWING, *TYPED, *NAMELESS, "audit-chain", "watchlist-entries", "authorisations"}
    assert held - found.records.keys() == set(), "what an erasure looks at, a subject is told of"


def test_nothing_is_found_of_whom_nobody_knows():
    assert walked("nobody").empty


def test_an_authorisation_is_about_several_people_and_refused():
    with pytest.raises(ConfigurationError, match="about all whom it lists"):
        walked("auth-1")
