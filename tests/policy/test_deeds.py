"""What people do to alerts: when it is refused, and what is written down of it."""

import pytest

from fairwatch.policy.deeds import DEEDS, KEPT, NOTE_LIMIT, audit_of, make, note, objection

ALERT = {"alert_id": "a", "group": "g", "revision": 3, "state": "NEW", "site_id": "north"}


def deed(action="ACKNOWLEDGE", alert=ALERT, **more):
    words = {"COMMENT": {"note": "seen"}, "HAND_OVER": {"to": "ben"}, "CLOSE": {"outcome": "TRUE"}}.get(action, {})
    return make(alert, action, "ann", "operator", 1_000, **{**words, **more})


def test_a_deed_says_what_was_seen_who_did_what_when_and_in_which_role():
    record = deed("HAND_OVER", note="x" * (NOTE_LIMIT + 1), sites=("north",), via="cli")
    assert record.pop("action_id") == deed("HAND_OVER")["action_id"]
    assert record == {
        "alert_id": "a", "group": "g", "seen_revision": 3, "action": "HAND_OVER", "actor": "ann", "role": "operator",
        "at": 1_000, "sites": ["north"], "via": "cli", "note": "x" * NOTE_LIMIT, "to": "ben", "outcome": "NONE",
    }  # fmt: skip
    assert (deed()["via"], deed()["note"], deed()["to"]) == ("console", "", None)


def test_deeds_of_others_other_moments_and_other_alerts_are_other_deeds():
    ids = {
        deed()["action_id"], deed("CLAIM")["action_id"], make(ALERT, "CLAIM", "ben", "operator", 1_000)["action_id"],
        make(ALERT, "CLAIM", "ann", "operator", 1_001)["action_id"],
        deed(alert={**ALERT, "alert_id": "b"})["action_id"],
    }  # fmt: skip
    assert len(ids) == 5
    assert deed(identity="link-1")["action_id"] == deed("CLAIM", identity="link-1")["action_id"]


@pytest.mark.parametrize("action", DEEDS)
def test_every_deed_may_be_done_to_an_open_alert(action):
    assert objection(ALERT, deed(action)) is None


@pytest.mark.parametrize(
    "alert", [None, {**ALERT, "alert_id": "b"}, *({**ALERT, "state": s} for s in ("ENDED", "CANCELLED"))]
)
def test_nothing_is_done_to_what_is_over(alert):
    assert objection(alert, deed()) == "not_open"


def test_a_link_acknowledges_and_does_nothing_else():
    allowed = [action for action in DEEDS if objection(ALERT, {**deed(action), "role": "link"}) is None]
    assert allowed == ["ACKNOWLEDGE"]
    assert objection(ALERT, {**deed("CLOSE"), "role": "link"}) == "no_right"


@pytest.mark.parametrize(("sites", "said"), [((), None), (("north",), None), (("south",), "other_site")])
def test_who_looks_after_some_sites_does_nothing_elsewhere(sites, said):
    assert objection(ALERT, deed(sites=sites)) == said


@pytest.mark.parametrize(
    ("before", "record", "said"),
    [
        ({"acknowledged_by": "ben"}, deed(), "already_acknowledged"),
        ({"claimed_by": "ben"}, deed("CLAIM"), "claimed"),
        ({"claimed_by": "ann"}, deed("CLAIM"), "claimed"),
        ({"claimed_by": "ben"}, deed("HAND_OVER"), "not_yours"),
        ({"claimed_by": "ann"}, deed("HAND_OVER"), None),
        ({"claimed_by": "ben"}, deed("HAND_OVER", to=""), "nobody"),
        ({}, deed("CLOSE", outcome="NONE"), "no_outcome"),
        ({"claimed_by": "ben"}, deed("CLOSE"), None),
        ({}, deed("COMMENT", note=" \n"), "no_note"),
        ({"claimed_by": "ben", "acknowledged_by": "ben"}, deed("COMMENT"), None),
    ],
)
def test_a_deed_fits_what_was_done_before(before, record, said):
    assert objection({**ALERT, **before}, record) == said


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        ("COMMENT", {}),
        ("ACKNOWLEDGE", {"acknowledged_by": "ann", "acknowledged_at": 1_000}),
        ("CLAIM", {"acknowledged_by": "ann", "acknowledged_at": 1_000, "claimed_by": "ann", "claimed_at": 1_000}),
        ("HAND_OVER", {"acknowledged_by": "ann", "acknowledged_at": 1_000, "claimed_by": "ben", "claimed_at": 1_000}),
        ("CLOSE", {"acknowledged_by": "ann", "acknowledged_at": 1_000, "closed_by": "ann", "outcome": "TRUE"}),
    ],
)
def test_a_deed_is_written_into_its_alert(action, changes):
    alert, record = dict(ALERT), deed(action)
    note(alert, record)
    line = {"action": action, "actor": "ann", "at": 1_000, "text": record["note"], "to": record["to"]}
    assert alert == {**ALERT, **changes, "deeds": [line]}


def test_who_acknowledged_first_stays_and_the_latest_deeds_are_kept():
    alert = {**ALERT, "acknowledged_by": "ben", "acknowledged_at": 1}
    note(alert, deed("CLAIM"))
    assert (alert["acknowledged_by"], alert["acknowledged_at"]) == ("ben", 1)
    for number in range(KEPT):
        note(alert, deed("COMMENT", note=str(number)))
    assert [line["text"] for line in alert["deeds"]] == [str(number) for number in range(KEPT)]


@pytest.mark.parametrize(
    ("against", "action", "more"),
    [(None, "alert.claim", {}), ("claimed", "alert.deed_refused", {"reason": "claimed"})],
)
def test_the_audit_log_says_whether_a_deed_was_done_or_why_not(against, action, more):
    record = audit_of("alert", deed("CLAIM"), "a", {"rule": "r"}, against)
    assert record.pop("audit_id")
    details = {"deed": "CLAIM", "role": "operator", "rule": "r", **more}
    assert record == {"action": action, "actor": "ann", "at": 1_000, "subject": "a", "details": details}
