"""Each kind of wrong is found, and what is right is not called wrong."""

from hashlib import sha256

import pytest

from tests.chaos.faults.fault import Happened
from tests.chaos.found import Found
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
    """Give what comes when everything is right: also the alert of an event before the revocation, and a repeat."""
    found = Found(repeated=1)
    for number in range(5):
        found.sightings[number] += 1
        found.order["gate-1"].append(number)
    for entry in ("1", "3"):
        found.alerts[entry].add(f"alert-{entry}")
        found.shown.add(f"alert-{entry}")
        found.told[entry].add(f"alert-{entry}")
        found.effects[f"alert-{entry}", 0].add(f"webhook-{entry}")
    found.letters.append(("observations", DIGEST, POISON.reason, "not Avro"))
    return found


def test_all_is_right(found):
    verdict = judge(_sent(), found)
    assert verdict.holds
    assert (verdict.repeated, verdict.alerts, verdict.dead_letters) == (1, 2, 1)


def test_what_has_no_sighting_no_alert_or_was_not_told_is_lost(found):
    del found.sightings[0]
    assert judge(_sent(), found).lost == ["0: no sighting"]
    del found.told["1"]
    assert judge(_sent(), found).lost == ["0: no sighting", "1: the control room was not told"]
    del found.alerts["1"]
    assert judge(_sent(), found).lost == ["0: no sighting", "1: no alert"]


def test_what_the_console_does_not_show_is_lost(found):
    found.shown.clear()
    assert judge(_sent(), found).lost == ["1: the console does not show it"]


def test_poison_without_a_dead_letter_is_lost(found):
    found.letters.clear()
    assert judge(_sent(), found).lost == ["5: poison without a dead letter (no Avro)"]


def test_two_alerts_or_two_webhook_ids_of_one_cause_are_doubled(found):
    found.told["1"] = {"alert-9"}
    assert judge(_sent(), found).doubled == ["1: alerts alert-1, alert-9"]
    found.told["1"] = {"alert-1"}
    found.effects["alert-1", 0].add("webhook-9")
    assert judge(_sent(), found).doubled == ["revision 0 of alert alert-1: told as webhook-1, webhook-9"]


@pytest.mark.parametrize(("number", "kind"), [(2, "revoked"), (4, "withdrawn")])
def test_an_alert_under_a_revoked_authorisation_is_found(found, number, kind):
    found.told[str(number)] = {"alert"}
    assert judge(_sent(), found).revoked_alerts == [f"{number}: {kind}"]


def test_before_the_bound_an_alert_may_come(found):
    found.alerts["4"].add("alert")
    assert judge(_sent(at=[0.0] * 6), found).holds


def test_a_dead_letter_of_anything_else_or_for_another_reason_is_unexplained(found):
    found.letters.append(("alerts", "other", "undeliverable", "no answer"))
    assert judge(_sent(), found).unexplained == ["alerts: undeliverable: no answer"]
    found.letters[:] = [("observations", DIGEST, "internal", "a bug")]
    assert judge(_sent(), found).unexplained == ["5: observations: internal instead of malformed: a bug"]


def test_order_is_that_of_sending_unless_it_was_sent_again(found):
    found.order["gate-1"] = [0, 2, 1, 3, 4]
    assert judge(_sent(), found).disordered == ["gate-1: what was sent before 2 came after it"]
    assert judge(_sent(resent={1}), found).holds


def test_a_broken_audit_chain_is_wrong(found):
    found.chain.append("0 7: removed: record 7 is missing")
    assert not judge(_sent(), found).holds


def test_a_fault_that_did_not_recover_once_has_no_recovery():
    happened = [
        Happened("a", "", 1, 2.0),
        Happened("a", "", 1, 4.0),
        Happened("b", "", 1, None),
        Happened("b", "", 1, 1.0),
    ]
    assert faults(happened) == [
        {"name": "a", "count": 2, "recovery_s": 4.0, "recovery_median_s": 3.0},
        {"name": "b", "count": 2, "recovery_s": None, "recovery_median_s": 1.0},
    ]
