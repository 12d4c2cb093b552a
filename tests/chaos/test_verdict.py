"""Findings that only a hub with Kafka gives: dead letters, the console, order unless it was sent again, recoveries."""

from hashlib import sha256

import pytest

from tests.chaos.faults.fault import Happened
from tests.chaos.found import Found, Revision
from tests.chaos.poison import POISONS
from tests.chaos.report import faults
from tests.chaos.verdict import BOUND_S, Sent, judge
from tests.chaos.world import Event

POISON = POISONS[0]
DIGEST = sha256(b"poison").hexdigest()
EVENTS = [
    Event(0, "plain", raw=False, device="gate-1"),
    Event(1, "listed", raw=False, device="gate-1"),
    Event(2, "revoked", raw=False, device="gate-1"),
    Event(3, "withdrawn", raw=False, device="gate-1"),
    Event(4, "withdrawn", raw=False, device="gate-1"),
    Event(5, "poison", raw=False, device="gate-1", poison=POISON),
]


def _sent(**changes) -> Sent:
    at = [0.0, 0.0, 0.0, 0.0, 1 + BOUND_S, 0.0]
    sent = {"events": EVENTS, "at": at, "resent": set(), "poison": {DIGEST: 5}, "revoked_at": {"withdrawn-0": 1.0}}
    return Sent(**{**sent, **changes})


@pytest.fixture
def found() -> Found:
    """Give what lies in the topics, apart from alerts, when everything is right."""
    found = Found()
    for number in range(5):
        found.sightings[number] += 1
        found.order["gate-1"].append(number)
    found.alerts.append(Revision("1", "alert-1", 0, "NEW", 1, ("control-room",)))
    found.shown.add("alert-1")
    found.letters.append(("observations", DIGEST, POISON.reason, "not Avro"))
    return found


def test_an_alert_that_the_console_does_not_show_is_lost(found):
    assert not any("console" in line for line in judge(_sent(), found).lost)
    found.shown.clear()
    assert "1: the console does not show it" in judge(_sent(), found).lost


def test_poison_without_a_dead_letter_is_lost(found):
    assert not any("poison" in line for line in judge(_sent(), found).lost)
    found.letters.clear()
    assert "5: poison without a dead letter (no Avro)" in judge(_sent(), found).lost


def test_a_dead_letter_of_anything_else_or_for_another_reason_is_unexplained(found):
    assert judge(_sent(), found).unexplained == []
    found.letters.append(("alerts", "other", "undeliverable", "no answer"))
    assert judge(_sent(), found).unexplained == ["alerts: undeliverable: no answer"]
    found.letters[:] = [("observations", DIGEST, "internal", "a bug")]
    assert judge(_sent(), found).unexplained == ["5: observations: internal instead of malformed: a bug"]


def test_order_is_that_of_sending_unless_it_was_sent_again(found):
    found.order["gate-1"] = [0, 2, 1, 3, 4]
    assert judge(_sent(), found).disordered == ["gate-1: what was sent before 2 came after it"]
    assert judge(_sent(resent={1}), found).disordered == []


def test_what_was_sent_just_before_or_after_a_revocation_may_raise_an_alert_that_is_taken_back(found):
    withdrawn = [Revision("4", "alert-4", n, s, 1, ("control-room",)) for n, s in enumerate(("NEW", "CANCELLED"))]
    early = _sent(at=[0.0] * 6)
    assert not any(line.startswith("4: 0 alerts") for line in judge(early, found).lost)
    found.alerts += withdrawn
    assert judge(early, found).revoked_alerts == []
    assert judge(_sent(), found).revoked_alerts == ["4"]
    found.alerts.remove(withdrawn[1])
    assert any("CANCELLED of alert alert-4" in line for line in judge(early, found).lost)


def test_a_broken_audit_chain_is_wrong(found):
    found.chain.append("0 7: removed: record 7 is missing")
    assert judge(_sent(), found).chain
    assert not judge(_sent(), found).holds


def test_a_fault_that_did_not_recover_once_has_no_recovery():
    happened = [
        Happened("a", "", 1, 2.0, 10),
        Happened("a", "", 1, 4.0, 20),
        Happened("b", "", 1, None),
        Happened("b", "", 1, 1.0),
    ]
    assert faults(happened) == [
        {"name": "a", "count": 2, "events": 30, "recovery_s": 4.0, "recovery_median_s": 3.0},
        {"name": "b", "count": 2, "events": 0, "recovery_s": None, "recovery_median_s": 1.0},
    ]
