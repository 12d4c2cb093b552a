"""What is told of a delivery: always a record, and for the audit what came of it."""

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.sinks.reports import report, unwanted
from fairwatch.sinks.sink import Answer
from fairwatch.telemetry.metrics import REGISTRY
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


def test_answers_are_counted_by_receiver_and_those_of_nobody_together():
    def counted(receiver):
        labels = {"receiver": receiver, "outcome": "overflow"}
        return REGISTRY.get_sample_value("fairwatch_deliveries_total", labels) or 0

    before = counted("patrol"), counted("unknown"), counted("typing-error")
    report(ALERT, "id", "patrol", "webhook", Answer("overflow"), 9)
    report(ALERT, "id", "typing-error", "", Answer("overflow"), 9)
    now = counted("patrol"), counted("unknown"), counted("typing-error")
    assert [later - earlier for earlier, later in zip(before, now, strict=True)] == [1, 1, 0]


@pytest.mark.parametrize(("state", "missed"), [("FAILED", True), ("RETRYING", False), ("DELIVERED", False)])
def test_who_is_called_next_hears_at_once_of_a_step_that_failed(state, missed):
    steps = [
        emit
        for alert in (ALERT, {**ALERT, "escalation": {"step": 1}})
        for emit in report(alert, "id", "patrol", "webhook", Answer("gone"), 9, state=state)
        if emit.topic == "step-failures"
    ]
    assert [(emit.key, emit.record["delivery_id"]) for emit in steps] == ([(ALERT["group"], "id")] if missed else [])


def test_a_step_for_somebody_who_hears_of_worse_only_has_failed_and_any_other_word_has_not():
    step = {**ALERT, "addressed_to": ["patrol"], "escalation": {"step": 1}}
    [told] = unwanted(step, "id", "patrol", "webhook", 9)
    assert (told.topic, told.key) == ("step-failures", ALERT["group"])
    assert told.record == {
        "alert_id": "one",
        "revision": 4,
        "received_at": 3,
        "group": ALERT["group"],
        "delivery_id": "id",
        "receiver": "patrol",
        "sink": "webhook",
        "attempt": 0,
        "state": "FAILED",
        "at": 9,
        "reason": "not_wanted",
    }
    for lacks in ("addressed_to", "escalation"):
        assert unwanted({**step, lacks: None}, "id", "patrol", "webhook", 9) == []
