"""What is told of a delivery: always a record, and for the audit what came of it."""

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.sinks.reports import report
from fairwatch.sinks.sink import Answer
from tests.support.records import trigger

ALERT = trigger(alert_id="one", revision=4, received_at=3)


def test_what_is_kept_from_a_receiver_is_told_and_audited():
    [record, audited] = report(ALERT, "id", "patrol", "webhook", Answer("unverified"), 9)
    assert record.topic == "deliveries"
    assert record.record == {
        "delivery_id": "id",
        "alert_id": "one",
        "revision": 4,
        "receiver": "patrol",
        "sink": "webhook",
        "attempt": 1,
        "state": "SUPPRESSED",
        "at": 9,
        "status": None,
        "reason": "unverified",
        "next_attempt_at": None,
        "received_at": 3,
        "held_by": None,
        "group": ALERT["group"],
    }
    assert (audited.topic, audited.key, record.key) == ("audit", "one", "one")
    assert audited.record == {
        "audit_id": stable_id("audit", "delivery", "id", "SUPPRESSED", "unverified", "", "1"),
        "action": "alert.suppressed",
        "actor": "processor:notify",
        "at": 9,
        "subject": "one",
        "authorisation_id": None,
        "details": {"receiver": "patrol", "revision": "4", "attempt": "1", "reason": "unverified"},
    }


@pytest.mark.parametrize(("state", "topics"), [("RETRYING", ["deliveries"]), ("FAILED", ["deliveries", "audit"])])
def test_what_is_tried_again_is_not_audited_yet(state, topics):
    said = report(ALERT, "id", "patrol", "webhook", Answer("timeout"), 9, state=state, attempt=2, next_attempt_at=12)
    assert [emit.topic for emit in said] == topics
    assert (said[0].record["attempt"], said[0].record["next_attempt_at"]) == (2, 12)


def test_what_is_held_back_says_on_whose_account():
    [record, audited] = report(ALERT, "id", "patrol", "webhook", Answer("silenced"), 9, held_by="s-1")
    assert (record.record["reason"], record.record["held_by"]) == ("silenced", "s-1")
    assert audited.record["details"]["held_by"] == "s-1"
