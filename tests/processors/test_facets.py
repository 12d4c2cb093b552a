"""Which parts of the read model a record speaks of, and which of two that speak of the same is shown."""

import pytest

from fairwatch.processors.project import STATES, VERDICT_VERSIONS, facets_of
from tests.support.records import AT, candidate, trigger

HASHES = {role: f"{number}" * 64 for number, role in enumerate(("probe", "scene", "reference"), 1)}


@pytest.mark.parametrize("role", HASHES)
def test_every_picture_of_a_candidate_is_referred_to(role):
    record = candidate("FACE") | dict.fromkeys(HASHES) | {role: {"uri": f"fw-media:{HASHES[role]}"}}
    [facet] = facets_of("MatchCandidate", record)
    assert list(facet.media) == [HASHES[role]]


@pytest.mark.parametrize(("kind", "needed", "is_open"), [("FACE", 0, True), ("PLATE", 0, False), ("PLATE", 1, True)])
def test_a_candidate_is_listed_and_open_while_somebody_has_to_decide(kind, needed, is_open):
    [facet] = facets_of("MatchCandidate", candidate(kind) | {"required_verifications": needed})
    assert (facet.listed, facet.open, facet.version, facet.name) == (True, is_open, 1, "candidate")


def test_a_revocation_replaces_a_decision_and_a_decision_what_was_pending():
    found = candidate("PLATE")
    versions = []
    for outcome in ("PENDING", "CONFIRMED", "REJECTED", "EXPIRED", "REVOKED"):
        record = {"candidate_id": found["candidate_id"], "candidate": found, "outcome": outcome, "decided_at": 9}
        told, facet = facets_of("Verdict", record)
        assert (told.name, facet.name, facet.open) == ("candidate", "verdict", outcome == "PENDING")
        assert "candidate" not in facet.record
        versions.append(facet.version)
    assert versions == [0, 1, 1, 1, 2]
    assert set(VERDICT_VERSIONS) == {"PENDING", "REVOKED"}


def test_of_one_revision_the_graver_state_is_shown_and_of_two_the_later():
    versions = []
    for revision in (0, 1):
        for state in ("NEW", "UPDATED", "ENDED", "CANCELLED"):
            [facet] = facets_of("Alert", trigger(revision=revision, state=state))
            versions.append(facet.version)
    assert versions == sorted(set(versions))
    [unsaid] = facets_of("Alert", {name: value for name, value in trigger().items() if name != "state"})
    assert unsaid.version == versions[0] == STATES.index("NEW")


def test_a_record_that_nobody_sees_is_part_of_nothing():
    assert facets_of("Sighting", {}) == ()


def rank_of(type_, record):
    [facet] = facets_of(type_, record)
    return facet.rank


def test_whoever_has_to_decide_sees_the_most_urgent_first_and_of_those_what_expires_first():
    def waiting(priority, expires_in):
        return rank_of("MatchCandidate", candidate("FACE", priority=priority, expires_at=AT + expires_in * 1_000))

    inquiries = [(1, 10), (1, 11), (2, 1), (2, 10_000_000_000), (3, 1)]
    ranks = [waiting(*each) for each in inquiries]
    assert ranks == sorted(set(ranks), reverse=True)
    unsaid = {name: value for name, value in candidate("FACE", expires_at=AT).items() if name != "priority"}
    assert rank_of("MatchCandidate", unsaid) == waiting(2, 0)


def test_the_worst_alert_is_the_first_and_of_those_the_newest():
    def shown(severity, at):
        return rank_of("Alert", trigger(severity=severity, received_at=AT + at * 1_000))

    alerts = [("EXTREME", 0), ("SEVERE", 2), ("SEVERE", 1), ("MINOR", 10_000_000_000), ("UNKNOWN", 0)]
    ranks = [shown(*each) for each in alerts]
    assert ranks == sorted(set(ranks), reverse=True)
    unsaid = {name: value for name, value in trigger().items() if name != "severity"}
    assert rank_of("Alert", unsaid) == shown("UNKNOWN", 0)


@pytest.mark.parametrize(
    ("state", "is_open"), [("NEW", True), ("UPDATED", True), ("ENDED", False), ("CANCELLED", False)]
)
def test_an_alert_is_open_until_it_has_ended_or_was_taken_back(state, is_open):
    [facet] = facets_of("Alert", trigger(state=state))
    assert (facet.open, facet.listed) == (is_open, True)


def delivery(revision, attempt):
    record = {"alert_id": "a", "revision": revision, "receiver": "room", "attempt": attempt, "at": AT}
    [facet] = facets_of("Delivery", record)
    return facet


def test_of_a_delivery_the_latest_attempt_at_the_latest_revision_is_shown():
    versions = [delivery(*each).version for each in ((0, 1), (0, 2), (0, 9_999), (1, 0), (1, 1))]
    assert versions == sorted(set(versions))
    assert delivery(0, 50_000).version < delivery(1, 1).version, "however often it was tried"
    assert delivery(0, 1).name == "delivery:room"


@pytest.mark.parametrize(
    ("state", "listed", "is_open"), [("OPEN", True, True), ("CLOSED", True, False), ("MERGED", False, False)]
)
def test_an_incident_that_became_part_of_another_is_listed_no_more(state, listed, is_open):
    members = [{"alert_id": "a", "last_at": AT + 1}, {"alert_id": "b", "last_at": AT + 2}]
    record = {"incident_id": "i", "revision": 3, "state": state, "issued_at": AT, "members": members}
    incident, *of_alerts = facets_of("Incident", record)
    assert (incident.kind, incident.version, incident.at) == ("incident", 3, AT)
    assert (incident.listed, incident.open) == (listed, is_open)
    assert [(one.kind, one.subject, one.name, one.at, one.quiet) for one in of_alerts] == [
        ("alert", "a", "incident:i", AT + 1, True),
        ("alert", "b", "incident:i", AT + 2, True),
    ]


def test_an_incident_of_an_earlier_release_says_neither_state_nor_change_and_is_open_since_its_beginning():
    record = {"incident_id": "i", "revision": 0, "issued_at": AT, "members": []}
    [told] = facets_of("Incident", record)
    assert (told.at, told.listed, told.open) == (AT, True, True)
    [told] = facets_of("Incident", {**record, "updated_at": AT + 5})
    assert told.at == AT + 5
