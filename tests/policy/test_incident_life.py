"""The life of an incident: what it takes in of another one, when it is over, and how much it remembers."""

import pytest

from fairwatch.policy.incidents.incident import DEEDS, HUB, MERGED_FROM, Incident
from tests.support.incidents import MINUTE, SECOND, Place
from tests.support.records import AT

DOOR = {"rule": "doors", "event_type": "access.denied", "device": "door-1"}


def opened(name="mine", **said):
    made = Incident.opened(name, "yard|harbour", "yard", "harbour", "Harbour Station")
    made.value.update(said)
    return made


def test_a_new_incident_is_open_has_no_event_and_was_told_to_nobody():
    made = opened()
    assert (made.id, made.alerts, made.is_merged) == ("mine", [], False)
    assert made.kept() == {
        "id": "mine", "rule": "yard", "place": "yard|harbour", "site_id": "harbour", "site_name": "Harbour Station",
        "state": "OPEN", "revision": -1, "rows": [], "more": 0, "spans": [], "parted": False, "merged_into": None,
        "merged_from": [], "split_from": None, "deeds": [], "closed_at": None, "due": None, "keep": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "due", "now", "becomes"),
    [
        ("OPEN", None, AT, "nothing"),
        ("OPEN", AT, AT - 1, "nothing"),
        ("OPEN", AT, AT, "closed"),
        ("CLOSED", AT, AT - 1, "nothing"),
        ("CLOSED", AT, AT, "forgotten"),
        ("MERGED", AT, AT, "forgotten"),
    ],
)
def test_an_incident_is_closed_when_it_is_due_and_forgotten_when_it_is_due_again(state, due, now, becomes):
    one = opened(state=state, due=due, keep=7)
    assert one.pass_time(now) == becomes
    if becomes == "closed":
        assert [one.value[name] for name in ("state", "closed_at", "due")] == ["CLOSED", now, now + 7]


def test_the_latest_deeds_are_kept():
    one = opened()
    assert (DEEDS, MERGED_FROM) == (20, 50), "as the schema of incidents says"
    for number in range(DEEDS + 3):
        one.note("SPLIT", "ann", number, "other", f"note {number}")
    assert [line["at"] for line in one.value["deeds"]] == list(range(3, DEEDS + 3))
    assert one.value["deeds"][-1] == {
        "action": "SPLIT", "actor": "ann", "at": DEEDS + 2, "other": "other", "text": f"note {DEEDS + 2}",
    }  # fmt: skip


def test_what_goes_into_another_one_leaves_its_time_there_and_says_where_it_went():
    mine = opened(spans=[[0, 10]], more=3, parted=True, due=100)
    other = opened("other", spans=[[14, 20], [90, 95]], more=2, due=70, keep=5)
    mine.absorb(other, 5, 33, "ann", "the same guard")
    value = mine.value
    assert (value["spans"], value["more"], value["parted"]) == ([[0, 20], [90, 95]], 5, False)
    assert (value["merged_from"], value["state"], value["due"]) == (["other"], "OPEN", 100)
    assert (other.is_merged, other.value["merged_into"], other.value["state"]) == (True, "mine", "MERGED")
    assert (other.value["spans"], other.value["more"]) == ([], 0)
    assert (other.value["closed_at"], other.value["due"]) == (33, 33 + 5)
    lines = [one.value["deeds"][-1] for one in (mine, other)]
    assert [(line["action"], line["actor"], line["at"], line["other"], line["text"]) for line in lines] == [
        ("MERGE", "ann", 33, "other", "the same guard"),
        ("MERGE", "ann", 33, "mine", "the same guard"),
    ]


def test_the_hub_merges_by_itself_and_without_a_word():
    mine = opened()
    mine.absorb(opened("other"), 5, 33)
    assert (mine.value["deeds"][-1]["actor"], mine.value["deeds"][-1]["text"]) == (HUB, "")


@pytest.mark.parametrize(
    ("mine", "its", "after"),
    [
        (("CLOSED", 50), ("OPEN", 70), ("OPEN", 70)),
        (("OPEN", 50), ("OPEN", 70), ("OPEN", 70)),
        (("OPEN", 90), ("OPEN", 70), ("OPEN", 90)),
        (("OPEN", 50), ("CLOSED", 70), ("OPEN", 50)),
        (("CLOSED", 50), ("CLOSED", 70), ("CLOSED", 50)),
        (("CLOSED", 90), ("OPEN", 70), ("OPEN", 70)),
    ],
)
def test_of_two_the_one_that_is_open_longer_says_how_long_both_are(mine, its, after):
    one, other = (opened(name, state=state, due=due) for name, (state, due) in (("mine", mine), ("other", its)))
    one.absorb(other, 5, 33)
    assert (one.value["state"], one.value["due"]) == after


def test_the_latest_of_those_that_went_into_it_are_named():
    mine = opened()
    for number in range(MERGED_FROM + 2):
        mine.absorb(opened(f"other-{number}"), 5, 33)
    assert mine.value["merged_from"] == [f"other-{number}" for number in range(2, MERGED_FROM + 2)]


@pytest.mark.parametrize(("at", "together"), [(120, True), (120.000001, False), (-120, True), (-120.000001, False)])
async def test_what_lies_no_further_apart_than_the_rule_says_belongs_together(at, together):
    place = Place()
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=at, **DOOR)
    assert (len(place.groups()) == 1) is together


async def test_an_incident_is_over_when_nothing_can_come_any_more_that_belongs_to_its_last_event():
    place = Place()
    await place.sees(1, at=0, **DOOR)
    await place.sees(2, at=100, **DOOR)
    await place.waits((100 * SECOND + 7 * MINUTE - 1) / SECOND)
    assert place.one["state"] == "OPEN"
    await place.waits(1 / SECOND)
    assert (place.one["state"], place.one["closed_at"]) == ("CLOSED", AT + 100 * SECOND + 7 * MINUTE)
