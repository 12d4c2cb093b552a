"""Which parts of the read model a record speaks of, and which of two that speak of the same is shown."""

import pytest

from fairwatch.processors.project import STATES, VERDICT_VERSIONS, facets_of
from tests.support.records import candidate, trigger

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
