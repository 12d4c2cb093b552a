"""The life of an incident: what it takes in of another one, when it is over, and how much it remembers."""

import pytest

from fairwatch.domain.ids import stable_id
from fairwatch.policy.incidents.choosing import chosen
from fairwatch.policy.incidents.deeds import make, objection
from fairwatch.policy.incidents.incident import DEEDS, HUB, MERGED_FROM, Incident
from fairwatch.policy.incidents.roles import role_of
from fairwatch.policy.incidents.rows import Row
from fairwatch.policy.incidents.spans import distance, joined, spans_of
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


def test_stretches_of_time_end_where_a_pause_is_longer_than_the_limit():
    assert spans_of([20, 1, 11, 5], 9) == [[1, 20]]
    assert spans_of([20, 1, 11, 5], 8) == [[1, 11], [20, 20]]
    assert joined([[1, 30], [50, 60]], [[2, 3], [39, 41]], 9) == [[1, 60]]
    assert joined([[1, 30], [50, 60]], [[2, 3], [39, 41]], 8) == [[1, 30], [39, 41], [50, 60]]
    assert [distance([[10, 20], [40, 50]], at) for at in (5, 10, 15, 27, 35, 52)] == [5, 0, 0, 7, 5, 2]


def entry(name, first, last, *, parted=False):
    return {"id": name, "spans": [[first, last]], "parted": parted}


def test_an_event_shows_those_to_be_one_that_it_is_near_and_the_earliest_takes_the_others_in():
    entries = [entry("late", 20, 30), entry("early", 1, 10), entry("far", 90, 95)]
    assert chosen(entries, 15, 5, ()) == ["early", "late"]
    assert chosen(entries, 15, 4, ()) == []
    assert chosen([entry("b", 1, 10), entry("a", 1, 9)], 9, 5, ()) == ["a", "b"]


def test_what_a_person_split_takes_an_event_of_its_own_alerts_and_others_only_where_nothing_else_does():
    split, nearer, whole = (
        entry("split", 1, 10, parted=True),
        entry("nearer", 1, 12, parted=True),
        entry("whole", 1, 9),
    )
    assert chosen([split, nearer, whole], 14, 5, {"split"}) == ["split"]
    assert chosen([split, nearer, whole], 14, 5, {"split", "nearer"}) == ["nearer"]
    assert chosen([split, nearer, whole], 14, 5, {"whole"}) == ["whole"]
    assert chosen([split, nearer], 14, 5, ()) == ["nearer"]


MINE = {"incident_id": "i", "place": "yard|harbour", "site_id": "harbour", "merged_into": None}
ITS = {**MINE, "incident_id": "j"}


def deed(action="MERGE", **more):
    return make(MINE, action, "ann", "operator", AT, **({"into": "j"} if action == "MERGE" else {}), **more)


@pytest.mark.parametrize(
    ("done", "incident", "into", "reason"),
    [
        (deed(), MINE, ITS, None),
        (deed(sites=["harbour"]), MINE, ITS, None),
        (deed(), None, ITS, "unknown"),
        (deed(), {**MINE, "place": "another"}, ITS, "unknown"),
        (deed(sites=["airport"]), MINE, ITS, "other_site"),
        (deed(sites=["harbour"]), MINE, {**ITS, "site_id": "airport"}, "other_site"),
        (deed(), {**MINE, "merged_into": "k"}, ITS, "merged"),
        (deed(), MINE, {**ITS, "merged_into": "k"}, "no_other"),
        (deed(), MINE, {**ITS, "place": "another"}, "no_other"),
        (deed(), MINE, None, "no_other"),
        ({**deed(), "into": "i"}, MINE, MINE, "no_other"),
        (deed("SPLIT", alerts=["a"]), MINE, None, None),
        (deed("SPLIT", alerts=["a", "x"]), MINE, None, "not_in_it"),
        (deed("SPLIT", alerts=["a", "b"]), MINE, None, "nothing_left"),
        (deed("SPLIT"), MINE, None, "nothing_left"),
    ],
)
def test_what_people_may_not_do_to_an_incident_has_a_name(done, incident, into, reason):
    assert objection(done, incident, into, ["a", "b"]) == reason


def test_a_split_parts_rows_and_time_and_both_know_of_each_other():
    mine = opened(due=70, keep=5)
    mine.rows = [row_at(1, "a"), row_at(4, "b"), row_at(50, "a")]
    new = mine.split(["a"], {"action_id": "deed-1", "actor": "ann", "at": 33}, 5)
    assert (new.id, new.alerts, mine.alerts) == (stable_id("incident", "split", "deed-1"), ["a"], ["b"])
    assert (new.value["spans"], mine.value["spans"]) == ([[1, 1], [50, 50]], [[4, 4]])
    assert (new.value["parted"], mine.value["parted"], new.value["split_from"]) == (True, True, "mine")
    assert [new.value[name] for name in ("state", "due", "keep", "site_id")] == ["OPEN", 70, 5, "harbour"]
    assert [(one.value["deeds"][-1]["other"], one.value["deeds"][-1]["text"]) for one in (mine, new)] == [
        (new.id, ""), ("mine", ""),
    ]  # fmt: skip


def row_at(at, alert):
    return Row(
        at, f"event-{at}", alert, "door", "", "", "FIRING", None, "OTHER", "io.input", "cam-1", "doors", "LIKELY"
    )


@pytest.mark.parametrize(
    ("own", "event_type", "role"),
    [
        ({"line.c*": "ACCESS"}, "line.crossed", "ACCESS"),
        ({"line.c*": "ACCESS"}, "line.x", None),
        ({"line.crossed": "ACCESS"}, "line.crossed.twice", None),
        ({"line.*": "ACCESS", "line.crossed": "HAZARD"}, "line.crossed", "HAZARD"),
    ],
)
def test_the_role_of_an_event_is_that_of_the_longest_name_that_fits(own, event_type, role):
    assert role_of("rule", event_type, own) == (role or role_of("rule", event_type, {}))
