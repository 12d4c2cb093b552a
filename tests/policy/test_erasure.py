"""What is erased of whom, what stays since others need it, and what a legal hold keeps."""

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.policy.authorisation import NOT_AUTHENTIC
from fairwatch.policy.erasure import Found, ended, holds_now, outlived, plan
from fairwatch.policy.erasure_receipt import (
    FOLLOWING,
    LETTERS,
    LOG,
    NAMELESS,
    NOBODY,
    TYPED,
    Done,
    Erased,
    audited,
    receipt,
)
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.receipts import receipt_signed, sign_receipt
from fairwatch.wire.topics import topics
from tests.support.processor_world import MemoryReference, assert_valid
from tests.support.records import AT
from tests.support.trust import ADMIN
from tests.support.watchlist import HOUR, authorisation, entry

HOURS = {name: topic.retention_hours for name, topic in topics().items()}


def uri(letter):
    return f"fw-media:{letter * 64}"


def face(entry_id, *pictures, **fields):
    return entry(entry_id, kind="FACE", references=[{"uri": uri(p), "role": "REFERENCE"} for p in pictures], **fields)


def seen(candidate_id, entry_id, *pictures, authorisation_id="auth-1", evidence=False):
    return Found(candidate_id, entry_id, authorisation_id, frozenset(map(uri, pictures)), evidence)


def hold(subject, **fields):
    said = {"hold_id": f"hold-{subject}", "subject": subject, "reason": "appeal", "placed_by": "ann", "placed_at": AT}
    return said | fields


ENTRIES = [face("e1", "a"), face("e2", "b"), face("e3", "b", authorisation_id="auth-2")]
SEEN = [
    seen("c1", "e1", "a", "1"),
    seen("c2", "e2", "b", "2", evidence=True),
    seen("c3", "e3", "b", "3", authorisation_id="auth-2"),
]


def planned(subject, holds=(), **fields):
    return plan(subject, ENTRIES, SEEN, holds, now=AT, authorisations=("auth-1", "auth-2"), **fields)


def test_of_an_authorisation_go_its_entries_candidates_and_the_pictures_that_nobody_else_needs():
    found = planned("auth-1")
    assert (found.kind, found.entries, found.candidates) == ("AUTHORISATION", ("e1", "e2"), ("c1", "c2"))
    assert found.pictures == {uri("a"), uri("1"), uri("2")}
    assert found.shared == {uri("b")}, "the entry of another authorisation refers to it"


def test_what_two_people_confirmed_is_spared_where_an_authorisation_merely_ended():
    found = planned("auth-1", spare_evidence=True)
    assert (found.candidates, found.pictures) == (("c1",), {uri("a"), uri("1")})


@pytest.mark.parametrize(
    ("subject", "kind", "entries", "candidates"),
    [
        ("e1", "ENTRY", ("e1",), ("c1",)),
        ("c1", "CANDIDATE", (), ("c1",)),
        (uri("b"), "PICTURE", ("e2", "e3"), ("c2", "c3")),
        ("nobody", "CANDIDATE", (), ()),
    ],
)
def test_an_entry_a_candidate_and_whoever_a_picture_shows_can_be_erased(subject, kind, entries, candidates):
    found = planned(subject)
    assert (found.kind, found.entries, found.candidates) == (kind, entries, candidates)
    assert found.empty is (subject == "nobody")


@pytest.mark.parametrize("subject", ["auth-1", "e1", "c1", uri("a"), uri("1")])
def test_a_legal_hold_goes_before_the_erasure_of_all_that_it_names(subject):
    found = planned("auth-1", [hold(subject)])
    assert "c1" not in found.candidates
    assert {uri("1"), uri("a")}.isdisjoint(found.pictures)
    assert found.holds == (f"hold-{subject}",)
    assert ("e1" in found.entries) is (subject in ("c1", uri("1"))), "a held sighting does not keep its entry listed"


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        ({}, True),
        ({"until": AT + 1}, True),
        ({"until": AT}, False),
        ({"released_at": AT - 1}, False),
        ({"placed_at": AT + 1}, False),
        ({"state": NOT_AUTHENTIC}, False),
    ],
)
def test_a_hold_stands_from_its_time_until_it_ends_or_is_released(fields, stands):
    assert holds_now(hold("e1", **fields), AT) is stands
    assert (planned("e1", [hold("e1", **fields)]).holds == ()) is not stands


@pytest.mark.parametrize(
    ("fields", "how"),
    [
        ({}, None),
        ({"state": "REQUESTED"}, None),
        ({"state": "REJECTED"}, "REJECTED"),
        ({"state": "REVOKED"}, "REVOKED"),
        ({"valid_until": AT}, "EXPIRED"),
        ({"state": "REQUESTED", "valid_until": AT}, "EXPIRED"),
        ({"valid_until": AT + 1}, None),
        ({"state": NOT_AUTHENTIC}, None),  # what nobody signed makes nobody destroy anything
        ({"state": NOT_AUTHENTIC, "valid_until": AT}, None),
    ],
)
def test_an_authorisation_ends_by_its_state_or_its_time(fields, how):
    assert ended(authorisation(**fields), AT) == how


def old(*ids, holds=()):
    """Return what goes of candidates that are older than their authorisation lets them become."""
    return outlived("auth-1", [one for one in SEEN if one.candidate_id in ids], ENTRIES, SEEN, holds, now=AT)


def test_of_what_is_too_old_go_the_pictures_that_nobody_else_needs():
    found = old("c1", "c2")
    assert (found.subject, found.kind, found.authorisation_id) == ("auth-1", "AUTHORISATION", "auth-1")
    assert (found.entries, found.candidates) == ((), ("c1", "c2")), "its entries stay listed"
    assert (found.pictures, found.shared) == ({uri("1"), uri("2")}, {uri("a"), uri("b")})
    assert old().empty


@pytest.mark.parametrize("subject", ["c1", "e1", "auth-1", uri("1"), uri("a")])
def test_what_is_too_old_stays_where_a_hold_names_it(subject):
    found = old("c1", holds=[hold(subject)])
    assert (found.candidates, found.pictures, found.holds) == ((), frozenset(), (f"hold-{subject}",))
    over = old("c1", holds=[hold(subject, released_at=AT - 1)])
    assert (over.candidates, over.holds) == (("c1",), ())


def test_what_a_hold_keeps_is_named():
    assert planned("auth-1", [hold("e1")]).held == {"e1", "c1"}
    assert planned("auth-1").held == frozenset()


def given(subject="auth-1", done=None, holds=()):
    told = done or Done(media=3, told=True)
    return receipt(planned(subject, holds), told, reason="request", ordered_by="ann", at=AT, hours=HOURS)


def test_a_receipt_names_every_store_and_says_when_what_is_left_will_be_gone():
    made = given()
    assert_valid(made)
    stores = {one["store"]: one for one in made["stores"]}
    named = {f"topic:{name}" for name in (*FOLLOWING, *TYPED, *NAMELESS, "watchlist-entries", "authorisations")}
    beside = {"media", "data-keys", "raw", "read-model", "galleries", "history", "backups", "audit", "state"}
    assert stores.keys() == named | beside | {"dead-letters"}
    assert stores["dead-letters"]["until"] == AT + HOURS["alerts-dlq"] * HOUR
    assert (stores["media"]["outcome"], stores["media"]["objects"]) == ("DELETED", 3)
    assert stores["topic:candidates"]["until"] == AT + HOURS["candidates"] * HOUR
    assert "1 stay" in stores["media"]["detail"]


def outcomes(subject, done):
    return {one["store"]: (one["outcome"], one["objects"]) for one in given(subject, done)["stores"]}


def test_a_receipt_says_of_each_store_whether_it_was_emptied_was_told_or_empties_itself():
    done = Done(media=3, read_model=2, sealed=True, told=True)
    assert {name: said for name, said in outcomes("auth-1", done).items() if not name.startswith("topic:")} == {
        "state": ("ORDERED", 2),
        "dead-letters": ("EXPIRES", 0),
        "media": ("DELETED", 3),
        "data-keys": ("DELETED", 3),
        "raw": ("EXPIRES", 0),
        "read-model": ("DELETED", 2),
        "galleries": ("ORDERED", 2),
        "history": ("NONE", 0),
        "backups": ("KEPT", 0),
        "audit": ("KEPT", 0),
    }
    topics_said = {name: said for name, said in outcomes("auth-1", done).items() if name.startswith("topic:")}
    expires = {f"topic:{name}": ("EXPIRES", 0) for name in (*FOLLOWING, *TYPED, *NAMELESS)}
    assert topics_said == {
        "topic:watchlist-entries": ("DELETED", 2),
        "topic:authorisations": ("KEPT", 0),
        **expires,
    }


def test_a_receipt_says_of_what_stays_or_goes_later_why_and_how():
    done = Done(media=3, read_model=2, sealed=True, told=True)
    assert {one["store"] for one in given(done=done)["stores"] if not one["detail"]} == {"read-model"}
    state = {told: given(done=Done(told=told))["stores"] for told in (True, False)}
    said = {told: next(one["detail"] for one in stores if one["store"] == "state") for told, stores in state.items()}
    others = "group an alert that was erased, notify what it still has to tell of one, when it is told"
    assert said == {
        True: f"verify, retain and project forget the candidates; {others}",
        False: f"verify forgets at its own time; {others}",
    }


def test_where_nothing_was_found_no_store_is_said_to_have_been_emptied():
    said = outcomes("nobody", Done())
    assert {name for name, (outcome, _) in said.items() if outcome in ("DELETED", "ORDERED")} == set()
    assert {said["dead-letters"], *(said[f"topic:{name}"] for name in FOLLOWING)} == {("NONE", 0)}
    assert {said[f"topic:{name}"] for name in NAMELESS} == {("EXPIRES", 0)}, "a camera's own records go by age alone"


def test_a_receipt_says_until_when_what_is_left_in_topics_is_there():
    until = {one["store"]: one["until"] for one in given()["stores"] if one["until"]}
    assert until == {f"topic:{name}": AT + HOURS[name] * HOUR for name in (*FOLLOWING, *TYPED, *NAMELESS)} | {
        "raw": AT + HOURS["raw-events"] * HOUR,
        "dead-letters": AT + HOURS["alerts-dlq"] * HOUR,
    }


def test_the_console_is_said_to_be_emptied_by_whom_it_is_emptied():
    by_project = Done(read_model=2, shown_by_project=True)
    assert outcomes("auth-1", by_project)["read-model"] == ("ORDERED", 2)
    assert outcomes("nobody", by_project)["read-model"] == ("DELETED", 2)
    details = {one["store"]: one["detail"] for one in given(done=by_project)["stores"]}
    assert details["read-model"] == "project forgets them by their tombstones"


def test_a_receipt_names_what_went_whose_it_was_and_who_wanted_it():
    made = given(done=Done(told=True, alerts=("alert-1",)))
    said = ("subject", "kind", "authorisation_id", "reason", "ordered_by", "at", "entries", "candidates", "alerts")
    assert [made[name] for name in said] == [
        "auth-1", "AUTHORISATION", "auth-1", "request", "ann", AT, ["e1", "e2"], ["c1", "c2"], ["alert-1"],
    ]  # fmt: skip
    assert (made["pictures_only"], given(done=Done())["pictures_only"]) == (False, True)
    assert made["receipt_id"] != given("e1")["receipt_id"]


def test_no_topic_is_forgotten_in_a_receipt():
    plain = {name for name, topic in topics().items() if topic.record != "DeadLetter"}
    of_topics = (*FOLLOWING, *TYPED, *NAMELESS, *NOBODY, *LOG, "watchlist-entries", "authorisations")
    assert sorted(of_topics) == sorted(plain), "say of a new topic what it holds of whom cameras or lists show"
    assert topics().keys() - plain == {name + LETTERS for name in plain if topics()[name].dead_letters}


def test_a_store_that_does_not_answer_is_named_as_such():
    stores = {one["store"]: one["outcome"] for one in given(done=Done(media=None, read_model=None))["stores"]}
    assert (stores["media"], stores["read-model"]) == ("UNREACHABLE", "UNREACHABLE")


def test_the_audit_tells_an_erasure_from_one_that_a_hold_stopped():
    done, held = audited(given()), audited(given("e1", Done(told=True), [hold("e1")]))
    assert (done["action"], held["action"]) == ("erasure.done", "erasure.held")
    assert done["details"]["media"] == "DELETED 3"
    assert held["details"]["holds"] == "hold-e1"
    assert_valid(done)


@pytest.mark.parametrize(
    ("gone", "action"),
    [
        ({"entries": ["e1"]}, "erasure.done"),
        ({"candidates": ["c1"]}, "erasure.done"),
        ({"stores": [{"store": "media", "outcome": "DELETED", "objects": 1}]}, "erasure.done"),
        ({"stores": [{"store": "media", "outcome": "DELETED", "objects": 0}]}, "erasure.held"),
        ({"stores": [{"store": "media", "outcome": "KEPT", "objects": 1}]}, "erasure.held"),
        ({}, "erasure.held"),
    ],
)
def test_an_erasure_of_anything_at_all_is_audited_as_done_under_an_id_that_stays(gone, action):
    made = {**given(), "entries": [], "candidates": [], "stores": [], **gone}
    told = audited(made)
    assert told["action"] == action
    assert told["audit_id"] == stable_id("audit", action, made["receipt_id"]), "who tells it again tells the same"


def test_a_signed_receipt_that_was_changed_is_found_out():
    signed = sign_receipt(given(), ADMIN)
    assert receipt_signed(signed, ADMIN.public)
    assert not receipt_signed({**signed, "reason": "another"}, ADMIN.public)
    assert not receipt_signed(signed, PrivateKey.generate().public)
    assert sign_receipt(given(), None)["signature"] == ""


def test_only_receipts_of_records_say_what_is_shown_no_more():
    receipts = MemoryReference()
    erased = Erased(receipts)
    assert erased.subjects() == frozenset()
    receipts.put("r1", given(done=Done(told=True, alerts=("alert-1",))))
    receipts.put("r2", {**given("c3"), "pictures_only": True})
    assert erased.subjects() == {"c1", "c2", "alert-1"}
    assert Erased(None).subjects() == frozenset()
