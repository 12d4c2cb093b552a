"""What waits for one receiver: in order, shortened to how things stand, and known by its content."""

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.sinks.heard import shown, stood_in
from fairwatch.sinks.ledger import QUEUE_LIMIT, Ledger, delivery_id, due_at, fingerprint, told
from tests.support.records import trigger


def ledger(*alerts):
    found = Ledger(Ledger.empty(), "patrol")
    for alert in alerts:
        found.append(alert, "patrol", 7, 1_000, "trace")
    return found


def revision(number, alert_id="one", **fields):
    return trigger(alert_id=alert_id, revision=number, **fields)


def test_what_is_queued_remembers_where_it_came_from_and_since_when():
    found = ledger(revision(0))
    assert {**found.head, "alert": None} == {
        "alert": None,
        "delivery_id": delivery_id(revision(0), "patrol"),
        "attempt": 0,
        "offset": 7,
        "trace": "trace",
        "since": 1_000,
    }
    found.append(revision(0), "patrol", 7, 1_000, "", instead_of="control-room")
    assert found.value["queue"][1]["instead_of"] == "control-room"


def test_an_item_of_an_earlier_release_is_given_its_id():
    value = {"queue": [{"alert": revision(0), "attempt": 1}], "next_at": 9}
    assert Ledger(value, "patrol").head["delivery_id"] == delivery_id(revision(0), "patrol")


def test_a_newer_revision_stands_for_older_ones_however_often_they_are_left_out():
    found = ledger(revision(0), revision(1), revision(0, "other"))
    found.head["attempt"] = 3
    [(reason, older)] = found.shorten()
    assert (reason, older["alert"]["revision"]) == ("superseded", 0)
    found.append(revision(2), "patrol", 8, 2_000, "")
    found.shorten()
    newest = found.head
    assert [(item["alert"]["revision"], item.get("skipped")) for item in found.value["queue"]] == [(2, 2), (0, None)]
    assert newest["attempt"] == 3, "the receiver has failed so often"
    assert told(newest)["parameters"]["skipped_revisions"] == "2"


def test_what_an_alert_says_itself_is_told_beside_what_was_left_out():
    item = {"alert": revision(1, parameters={"gate": "north"}), "skipped": 4}
    assert told(item)["parameters"] == {"gate": "north", "skipped_revisions": "4"}
    assert told({**item, "skipped": 0}) is item["alert"]


def test_too_many_alerts_leave_the_oldest_behind_the_head_out():
    found = ledger(*(revision(0, f"a{number}") for number in range(QUEUE_LIMIT + 3)))
    gone = found.shorten()
    assert [(reason, item["alert"]["alert_id"]) for reason, item in gone] == [
        ("overflow", "a1"),
        ("overflow", "a2"),
        ("overflow", "a3"),
    ]
    assert (len(found.value["queue"]), found.head["alert"]["alert_id"]) == (QUEUE_LIMIT, "a0")


def test_what_was_put_off_is_due_later_and_what_follows_it_at_once():
    found = ledger(revision(0), revision(1))
    found.postpone(5_000)
    assert (found.next_at, due_at(found.value), found.count_attempt()) == (5_000, 5_000, 1)
    assert found.finish()["alert"]["revision"] == 0
    assert (found.next_at, found.waiting) == (0, True)


@pytest.mark.parametrize("changed", [{"title": "another"}, {"parameters": {"gate": "south"}}])
def test_content_tells_revisions_apart_and_neither_order_nor_time_of_issue_does(changed):
    said = revision(1, parameters={"gate": "north", "lane": "2"}, issued_at=1)
    same = dict(reversed({**said, "issued_at": 2}.items()))
    same["parameters"] = dict(reversed(said["parameters"].items()))
    assert fingerprint(said) == fingerprint({**said, "follows": [{"topic": "sightings", "partition": 0, "offset": 7}]})
    assert fingerprint(said) == fingerprint(same)
    assert fingerprint(said) != fingerprint({**said, **changed})
    assert delivery_id(said, "patrol") != delivery_id(said, "control-room")


def test_each_revision_is_known_by_its_own_content_whichever_was_asked_for_last():
    first, second = revision(0, title="one"), revision(0, title="two")
    known = fingerprint(first), fingerprint(second)
    assert known[0] != known[1]
    assert (fingerprint(first), fingerprint(dict(second)), fingerprint(dict(first))) == (known[0], known[1], known[0])


def test_what_an_earlier_release_remembers_of_who_heard_what_is_remembered():
    one = revision(0)
    assert shown(one, "patrol") == stable_id("shown", "one", "patrol")
    assert stood_in(one, "patrol") == stable_id("stood in", "one", "patrol")
