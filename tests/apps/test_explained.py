"""An alert is explained from the bytes to the delivery, and what is missing is said with its reason."""

from collections.abc import Collection
from typing import Any

import pytest

from fairwatch.apps.lineage.collect import TRIGGERS, gather
from fairwatch.apps.lineage.steps import explained, lines
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.avro import Codec
from fairwatch.wire.topics import topics
from tests.support import records
from tests.support.records import AT
from tests.support.trust import signed, trust

HOUR = 3_600_000_000
BODY = b'{"plate": "AB123"}'
AUTHORISATION = {
    "authorisation_id": "auth-1",
    "authority": "court",
    "state": "GRANTED",
    "valid_from": AT,
    "valid_until": AT,
}


class Topics:
    """Topics as Kafka holds them: bytes, found by what they contain."""

    def __init__(self, **written: list[dict[str, Any]]) -> None:
        self._codec = Codec()
        self.asked: list[tuple[str, int | None, int | None]] = []
        self._values = {
            name: [self._codec.encode(topics()[name].record, record) for record in found]
            for name, found in ((name.replace("_", "-"), found) for name, found in written.items())
        }

    def find(
        self, topic: str, ids: Collection[str], since: int | None = None, until: int | None = None
    ) -> list[dict[str, Any]]:
        self.asked.append((topic, since, until))
        hits = [value for value in self._values.get(topic, ()) if any(one.encode() in value for one in ids)]
        return [self._codec.decode(value, topics()[topic].record)[1] for value in hits]


def match(**without: Any) -> tuple[Topics, dict[str, dict[str, Any]]]:
    """Return what is on the topics of a face that two people confirmed, and its reference data."""
    raw = records.raw_event(BODY)
    seen = records.sighting("face.detected", observation={"raw_sha256": raw["sha256"], "removed_fields": 2})
    about = {"sighting_id": seen["sighting_id"], "rank": 1, "margin": 0.12, "probe_quality": 0.8}
    verdict = records.verdict("FACE", people=("ann", "ben"), **about)
    verdict["follows"] = [{"topic": "candidates", "partition": 3, "offset": 7}]
    verdict["verifications"] = [signed(one | {"role": "reviewer"}) for one in verdict["verifications"]]
    rival = records.candidate("FACE", n=1, **{**about, "rank": 2, "score": 0.85, "entry_id": "entry-2"})
    alert = records.trigger(
        "watchlist|entry-1", triggers=[verdict["verdict_id"]], candidate_id=verdict["candidate_id"],
        entry_id="entry-1", authorisation_id="auth-1", verified_by=["ann", "ben"],
    )  # fmt: skip
    later = {**alert, "revision": 1, "state": "ENDED"}
    delivery = {
        "delivery_id": "d", "alert_id": alert["alert_id"], "revision": 0, "receiver": "control-room",
        "sink": "webhook", "attempt": 1, "state": "DELIVERED", "at": AT + 5, "status": 204, "received_at": AT,
    }  # fmt: skip
    looked = records.audit_record(subject=verdict["candidate_id"], chain="audit-3", sequence=7)
    written = {
        "raw_events": [raw], "sightings": [seen, records.sighting(n=7)], "candidates": [verdict["candidate"], rival],
        "verdicts": [verdict], "verifications": verdict["verifications"], "alerts": [later, alert],
        "deliveries": [delivery], "audit_chain": [looked],
    }  # fmt: skip
    reference = {
        "authorisations": {"auth-1": AUTHORISATION},
        "watchlist-entries": {"entry-1": {"entry_id": "entry-1", "kind": "FACE", "state": "ACTIVE"}},
        "rule-sets": {
            "r": {"number": 3, "author": "ann", "published_at": AT - 1},
            "s": {"number": 9, "published_at": AT + 1},
        },
    }
    return Topics(**{**written, **without}), reference


def authentic(topic: str, verification: Any) -> str:
    if topic != "verifications":
        return f"of {topic}"
    said = {"act": "verify", "name": verification["reviewer"], "action": "candidate.verify"}
    return trust().refusal("Verification", verification, verification.get("deed"), **said) or "authentic"


def told(world: tuple[Topics, dict[str, Any]], now: int = AT + HOUR) -> dict[str, Any]:
    alert_id = records.trigger("watchlist|entry-1")["alert_id"]
    return explained(gather(world[0].find, lambda name: world[1].get(name, {}), alert_id), authentic, now)


def step(chain: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in chain["chain"] if one["step"] == name]
    return dict(found)


def test_a_match_is_explained_from_the_hash_of_the_bytes_to_the_receivers_answer() -> None:
    said = told(match())
    assert [one["step"] for one in said["chain"]] == [
        "bytes", "format", "enrichment", "quality", "model", "gallery", "threshold", "rivals", "authorisation", "entry",
        "people", "verdict", "rule", "alert", "answers", "deliveries", "audit",
    ]  # fmt: skip
    assert {one["status"] for one in said["chain"]} == {"found", "none"}
    assert step(said, "bytes")["facts"][0]["sha256"] == records.raw_event(BODY)["sha256"]
    assert step(said, "format")["facts"][0]["removed_by_policy"] == 2
    assert step(said, "threshold")["facts"] == [
        {"score": 0.97, "threshold": 0.8, "threshold_policy": "plate-v1", "margin": 0.12}
    ]
    assert [(one["entry_id"], one["score"]) for one in step(said, "rivals")["facts"]] == [("entry-2", 0.85)]
    people = step(said, "people")["facts"]
    assert [(one["reviewer"], one["signature"]) for one in people] == [("ann", "authentic"), ("ben", "authentic")]
    mandate = [step(said, name)["facts"][0]["signature"] for name in ("authorisation", "entry")]
    assert mandate == ["of authorisations", "of watchlist-entries"]
    assert step(said, "verdict")["facts"][0]["follows"] == ["candidates/3/7"]
    assert step(said, "rule")["facts"][0]["rules"] == "published number 3 by ann"
    assert [one["revision"] for one in step(said, "alert")["facts"]] == [0, 1]
    assert step(said, "deliveries")["facts"][0]["status"] == 204
    assert (step(said, "audit")["facts"][0]["chain"], said["state"]) == ("audit-3", "ENDED")


def test_people_read_it_line_by_line_and_never_the_bytes() -> None:
    text = "\n".join(lines(told(match())))
    assert " 1. bytes [raw-events] found" in text
    assert "reviewer=ann" in text
    assert "AB123" not in text


def test_a_decision_that_nobody_signed_is_told() -> None:
    world = match()
    unsigned = [{**one, "deed": None} for one in world[0].find("verifications", ["ann"])]
    people = step(told(match(verifications=unsigned)), "people")["facts"]
    assert [one["signature"] for one in people] == ["unsigned"]


def test_what_retention_took_is_missing_with_its_reason() -> None:
    said = told(match(raw_events=[], deliveries=[]), now=AT + 30 * HOUR)
    assert step(said, "bytes")["why"] == "gone: raw-events keeps 24 hours, and this is 30 hours old"
    assert step(said, "deliveries")["why"] == "nothing on deliveries names it"


def test_what_a_candidate_was_is_taken_from_its_verdict_where_its_own_record_is_gone() -> None:
    said = told(match(candidates=[], verifications=[]))
    assert step(said, "threshold")["status"] == "found"
    assert len(step(said, "people")["facts"]) == 2


def test_what_was_erased_names_the_receipt() -> None:
    alert = records.trigger("watchlist|entry-1")
    receipt = {
        "receipt_id": "r-1", "subject": "auth-1", "kind": "AUTHORISATION", "reason": "revoked", "ordered_by": "x",
        "at": AT, "alerts": [alert["alert_id"]], "stores": [],
    }  # fmt: skip
    world = match(candidates=[], verdicts=[], verifications=[], sightings=[], raw_events=[], erasures=[receipt])
    world[1]["watchlist-entries"].clear()
    said = told(world)
    assert step(said, "model")["why"] == "erased at 2026-01-01T00:00:00.000000Z: revoked (receipt r-1)"
    assert step(said, "entry")["status"] == "missing"


def test_bytes_that_are_not_those_of_their_hash_are_told() -> None:
    raw = records.raw_event(BODY) | {"body": b"something else"}
    assert step(told(match(raw_events=[raw])), "bytes")["facts"][0]["body"].startswith("NOT THE BYTES")


def test_an_alert_without_a_match_follows_its_first_triggers_and_says_how_many_more_there_are() -> None:
    seen = [records.sighting(n=n) for n in range(TRIGGERS + 5)]
    alert = records.trigger("watchlist|entry-1", triggers=[one["sighting_id"] for one in seen])
    said = told((Topics(alerts=[alert], sightings=seen), {}))
    assert len(step(said, "enrichment")["facts"]) == TRIGGERS
    assert step(said, "further triggers")["facts"] == [{"count": 5}]
    assert "people" not in {one["step"] for one in said["chain"]}


def test_topics_of_events_are_searched_within_the_time_of_the_alert_only() -> None:
    world = match()
    told(world)
    for topic, since, until in world[0].asked:
        if topic in ("sightings", "raw-events"):
            assert (until or 0) - (since or 0) < 2 * HOUR


def test_an_alert_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="holds no alert 'x'"):
        gather(Topics().find, lambda _: {}, "x")
